/**
 * BIP340 signatures verified, as of a transaction with ten inputs, of many transactions, and one alone as of a unit:
 * CPU time, each in turn with libsecp256k1 in WebAssembly.
 */
import process from "node:process";
import type { SchnorrCheck, SchnorrVerifier } from "../../core/crypto/secp/backend.ts";
import { tinySecp } from "../../core/crypto/secp/tiny.ts";
import { verifierOf } from "../../core/crypto/secp/verifier.ts";
import { hasWideArithmetic, WIDE_FLAG } from "../../core/crypto/wasm/probe.ts";
import { seededBytes } from "../../core/crypto/testing/mod.ts";

type Line = { name: string; value: string; ratio?: number };

const SIZES = [1, 10, 128];
/** Of each round; best of so many: the first ones still compile. */
const SIGNATURES = 256, ROUNDS = 9;

/** Ratios are of libsecp256k1's time to ours. */
export async function benchSchnorr(): Promise<Line[]> {
  if (!hasWideArithmetic()) return [{ name: `our own verifier needs ${WIDE_FLAG}`, value: "not measured" }];
  const { loadSchnorr } = await import("../../core/crypto/secp/wide/schnorr.ts");
  const start = micros(), own = loadSchnorr(), loaded = micros() - start;
  const tiny = verifierOf(tinySecp), checks = signed(SIGNATURES);
  const best = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const size of SIZES) {
      for (const verifier of [own, tiny]) {
        const key = `${verifier.name} ${size}`, took = verifyAll(verifier, checks, size) / SIGNATURES;
        best.set(key, Math.min(best.get(key) ?? Infinity, took));
      }
    }
  }
  const tabled = byTable(own);
  const line = (name: string, size: number): Line => {
    const took = best.get(`${name} ${size}`)!;
    const who = name === "wide" ? "ours" : "libsecp256k1", how = size === 1 ? "one by one" : `batches of ${size}`;
    return { name: `${who}, ${how}`, value: `${took.toFixed(1)} µs`, ratio: best.get(`tiny ${size}`)! / took };
  };
  return [
    ...SIZES.flatMap((size) => [line("wide", size), line("tiny", size)]),
    {
      name: "ours, one by one, by a table of the key",
      value: `${tabled.toFixed(1)} µs`,
      ratio: best.get("tiny 1")! / tabled,
    },
    { name: "ours, assembled at the first signature", value: `${(loaded / 1000).toFixed(1)} ms` },
  ];
}

/** CPU time of this process so far. */
function micros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function verifyAll(verifier: SchnorrVerifier, checks: readonly SchnorrCheck[], size: number): number {
  const start = micros();
  for (let from = 0; from < checks.length; from += size) {
    if (!verifier.allHold(checks.slice(from, from + size))) throw refused();
  }
  return micros() - start;
}

/** As a guardian verifies those of another one's units: µs of each. */
function byTable(own: SchnorrVerifier): number {
  const checks = signed(SIGNATURES, seededBytes(2)(32)), holds = own.keyVerifier(checks[0]!.xOnly)!;
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = micros();
    for (const { signature, digest } of checks) if (!holds(signature, digest)) throw refused();
    best = Math.min(best, (micros() - start) / SIGNATURES);
  }
  return best;
}

function refused(): Error {
  return new Error("a signature that holds was refused");
}

/** @param key whose they are all; default: each has another one */
function signed(count: number, key?: Uint8Array): SchnorrCheck[] {
  const random = seededBytes(1);
  return Array.from({ length: count }, () => {
    const secret = key ?? random(32), digest = random(32);
    const signature = tinySecp.schnorrSign(digest, secret, random(32));
    return { signature, digest, xOnly: tinySecp.publicKeyOf(secret).slice(1) };
  });
}
