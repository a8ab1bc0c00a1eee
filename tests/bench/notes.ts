/**
 * Notes verified a second on one core, from the bytes as they come in a transaction: decoding with the check of the
 * group, hashing to the curve, pairings. The reference, compiled from Rust, verifies 290 a second on the machine where
 * the aim of four times that was set.
 */
import process from "node:process";
import type { Bls, G2, Scalar } from "../../core/crypto/bls/mod.ts";
import { hasWideArithmetic, loadBls, scalarFromWide, WIDE_FLAG } from "../../core/crypto/bls/mod.ts";
import { ChaChaRng } from "../../core/crypto/chacha_rng.ts";
import type { Bytes } from "../../core/bytes.ts";
import { messageSeed, messageToPoint, publicKeyShareOf, signShare, verifyNote } from "../../core/crypto/tbs.ts";
import { verifySignatures } from "../../core/crypto/tbs_batch.ts";

type Line = { name: string; value: string; ratio?: number };
type Note = { readonly nonce: Bytes; readonly publicKey: G2; readonly signature: Bytes };

const RUST_NOTES_PER_SECOND = 290;
const BATCH = 128;
/** Best of so many: the first ones still compile. */
const ROUNDS = 5;

/** Ratios are against the reference's figure. */
export async function benchNotes(): Promise<Line[]> {
  const noble = await loadBls("noble"), mcl = await loadBls("mcl");
  const wide = hasWideArithmetic() ? await loadBls("wide") : null;
  if (wide === null) console.log(`Without ${WIDE_FLAG}, our own backend isn't measured.`);
  const one = makeNotes(BATCH, 1), many = makeNotes(BATCH, 16);
  const fast = (name: string, bls: Bls): [string, number][] => [
    [`${name}, batches of ${BATCH}, one denomination`, best(ROUNDS, BATCH, () => verifyBatch(one, bls))],
    [`${name}, batches of ${BATCH}, 16 denominations`, best(ROUNDS, BATCH, () => verifyBatch(many, bls))],
    [`${name}, one by one`, best(ROUNDS, 16, () => verifyEach(one.slice(0, 16), bls))],
  ];
  const lines: [string, number][] = [
    ...wide === null ? [] : fast("ours", wide),
    ...fast("mcl", mcl),
    [`noble, batches of ${BATCH}, one denomination`, best(3, BATCH, () => verifyBatch(one, noble))],
    ["noble, one by one", best(3, 8, () => verifyEach(one.slice(0, 8), noble))],
  ];
  return lines.map(([name, perSecond]) => ({
    name: `notes verified: ${name}`,
    value: `${perSecond.toFixed(0)}/s`,
    ratio: perSecond / RUST_NOTES_PER_SECOND,
  }));
}

function makeNotes(count: number, denominations: number): Note[] {
  const rng = new ChaChaRng(new Uint8Array(32).fill(denominations));
  const keys = Array.from({ length: denominations }, (): { secret: Scalar; publicKey: G2 } => {
    const secret = scalarFromWide(rng.bytes(64));
    return { secret, publicKey: publicKeyShareOf(secret) };
  });
  return Array.from({ length: count }, (_, i) => {
    const { secret, publicKey } = keys[i % denominations]!, nonce = rng.bytes(36).slice(0, 33);
    // a copy: the signature's bytes come from outside, nothing of it is known yet
    return { nonce, publicKey, signature: Uint8Array.from(signShare(messageToPoint(nonce), secret)) };
  });
}

function verifyBatch(notes: readonly Note[], bls: Bls): void {
  const checks = notes.map(({ nonce, publicKey, signature }) => ({ seed: messageSeed(nonce), publicKey, signature }));
  const invalid = verifySignatures(checks, (size) => crypto.getRandomValues(new Uint8Array(size)), bls);
  if (invalid.length > 0) throw new Error("Valid notes were refused");
}

function verifyEach(notes: readonly Note[], bls: Bls): void {
  for (const { nonce, publicKey, signature } of notes) {
    const holds = verifyNote(messageToPoint(nonce, bls), bls.g1.decode(signature), publicKey, bls);
    if (!holds) throw new Error("A valid note was refused");
  }
}

/** Notes a second of processor time in the best round: what else the machine does meanwhile doesn't count. */
function best(rounds: number, notes: number, run: () => void): number {
  let bestUs = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    bestUs = Math.min(bestUs, user + system);
  }
  return notes / bestUs * 1_000_000;
}

if (import.meta.main) {
  for (const { name, value, ratio } of await benchNotes()) console.log(name, value, ratio?.toFixed(1));
}
