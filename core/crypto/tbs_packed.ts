/**
 * `verifyGroups` for another thread: what it needs as a few flat buffers, which take a hundredth of a millisecond to
 * send, where objects take a whole one. Points that were checked here aren't checked there again.
 */
import type { Bytes } from "../bytes.ts";
import type { Bls, G1, G2 } from "./bls/mod.ts";
import { bls as defaultBls } from "./bls/mod.ts";
import type { GroupVerdict, SignatureCheck } from "./tbs_batch.ts";
import { FACTOR_BYTES, verifyGroups } from "./tbs_batch.ts";
import { InvariantError } from "../assert.ts";

/** A signature whose bytes are a point of the group. */
export type PointCheck = { readonly publicKey: G2; readonly signature: G1; readonly seed: Uint8Array };

export type PackedGroups = {
  /** The points' form is this backend's. */
  readonly backend: string;
  /** Signatures of each group. */
  readonly sizes: Uint16Array;
  /** Public keys, each once, and of each signature which one it is under. */
  readonly keys: Uint8Array;
  readonly keyOf: Uint16Array;
  readonly signatures: Uint8Array;
  /** 32 bytes each. */
  readonly seeds: Uint8Array;
  /** 16 bytes each: the factors. */
  readonly random: Uint8Array;
};

const SEED_BYTES = 32;
const VERDICTS: readonly GroupVerdict[] = ["fails", "holds", "unknown"];

/** @param randomBytes as in `verifySignatures` */
export function packGroups(
  groups: readonly (readonly PointCheck[])[],
  randomBytes: (size: number) => Bytes,
  bls: Bls = defaultBls,
): PackedGroups {
  const checks = groups.flat(), keys = new Map<G2, number>();
  const keyOf = new Uint16Array(checks.length), seeds = new Uint8Array(checks.length * SEED_BYTES);
  checks.forEach(({ publicKey, seed }, i) => {
    const key = keys.get(publicKey) ?? keys.size;
    keys.set(publicKey, key);
    keyOf[i] = key;
    seeds.set(seed, i * SEED_BYTES);
  });
  return {
    backend: bls.backend.name,
    sizes: Uint16Array.from(groups, ({ length }) => length),
    keys: bls.g2.pack([...keys.keys()]),
    keyOf,
    signatures: bls.g1.pack(checks.map(({ signature }) => signature)),
    seeds,
    random: randomBytes(checks.length * FACTOR_BYTES),
  };
}

/**
 * As `verifyGroups`.
 * @returns a byte for each group, for `readVerdicts`
 * @throws {InvariantError} packed over another backend
 */
export function verifyPacked(packed: PackedGroups, bls: Bls = defaultBls): Uint8Array {
  if (packed.backend !== bls.backend.name) throw new InvariantError("Points were packed over another backend");
  const keys = bls.g2.unpack(packed.keys), signatures = bls.g1.unpack(packed.signatures);
  const checks = signatures.map((signature, i): SignatureCheck => ({
    publicKey: keys[packed.keyOf[i]!]!,
    signature,
    seed: packed.seeds.subarray(i * SEED_BYTES, (i + 1) * SEED_BYTES),
  }));
  let at = 0;
  const groups = Array.from(packed.sizes, (size) => checks.slice(at, at += size));
  const verdicts = verifyGroups(groups, () => packed.random as Bytes, bls);
  return Uint8Array.from(verdicts, (verdict) => VERDICTS.indexOf(verdict));
}

/** @returns null when it can't be `verifyPacked`'s answer for so many groups */
export function readVerdicts(answer: unknown, groups: number): GroupVerdict[] | null {
  if (!(answer instanceof Uint8Array) || answer.length !== groups) return null;
  const verdicts: GroupVerdict[] = [];
  for (const code of answer) {
    const verdict = VERDICTS[code];
    if (verdict === undefined) return null;
    verdicts.push(verdict);
  }
  return verdicts;
}
