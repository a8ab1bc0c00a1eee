/** What tests of our own code for secp256k1 share. */
import { hasWideArithmetic, WIDE_FLAG } from "../../wasm/probe.ts";
import { seededBytes } from "../../testing/mod.ts";
import type { Address } from "../../wasm/memory.ts";
import type { SchnorrCheck } from "../backend.ts";
import { nobleSecp } from "../noble.ts";
import { fromLimbs, P } from "../wide/limbs.ts";
import type { Machine } from "../wide/machine.ts";
import { loadSchnorr } from "../wide/schnorr.ts";

/** A test of our own code; where it can't run, its name says why. */
export function testWide(name: string, body: () => void): void {
  const can = hasWideArithmetic(), why = can ? "" : ` (needs DENO_V8_FLAGS=${WIDE_FLAG})`;
  Deno.test({ name: `${name}${why}`, ignore: !can, fn: body });
}

/** Signatures that hold, each by a key of its own. */
export function signedChecks(count: number, seed: number): SchnorrCheck[] {
  const random = seededBytes(seed);
  return Array.from({ length: count }, () => {
    const secret = random(32), digest = random(32);
    const signature = nobleSecp.schnorrSign(digest, secret, random(32));
    return { signature, digest, xOnly: nobleSecp.publicKeyOf(secret).slice(1) };
  });
}

/** Least non-negative remainder. */
export function modP(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

/** The number whose limbs lie there, as it is. */
export function rawNumber({ words }: Machine, at: Address): bigint {
  return fromLimbs(words.subarray(at / 8, at / 8 + 5));
}

/** The number that lies there modulo p, and that `normal` gives: they must be the same. */
export function readNumber(machine: Machine, at: Address, scratch: Address): { is: bigint; normal: bigint } {
  machine.run.normal(scratch, at);
  return { is: modP(rawNumber(machine, at)), normal: rawNumber(machine, scratch) };
}

/** Judges by a table of the check's key; a verifier of its own where there is no table for one more. */
export function judgeByTables(): (check: SchnorrCheck) => boolean {
  let verifier = loadSchnorr();
  return ({ signature, digest, xOnly }) => {
    let holds = verifier.keyVerifier(xOnly);
    if (holds === null) {
      verifier = loadSchnorr();
      holds = verifier.keyVerifier(xOnly);
    }
    // what is no key has no table
    return holds?.(signature, digest) ?? false;
  };
}
