/**
 * Secret polynomials and their public images. The value at x = peer id + 1 is a guardian's share (0 would be the key
 * itself); coefficients stand constant term first. Source: fedimint-server-core `config.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { equalBytes } from "../bytes.ts";
import { assert } from "../assert.ts";
import { Writer } from "../encoding/io.ts";
import type { G1, G2, Group, Scalar } from "./bls/mod.ts";
import { ORDER, scalarFromBigInt, scalarFromWide } from "./bls/mod.ts";
import { fromLittleEndian } from "./bls/scalar.ts";

/** Uniform coefficients from 64 random bytes each. @param count threshold of the key. @returns Secret. */
export function randomPolynomial(count: number, randomBytes: (size: number) => Bytes): Scalar[] {
  assert(Number.isInteger(count) && count >= 1, "a polynomial has a constant term");
  return Array.from({ length: count }, () => scalarFromWide(randomBytes(64)));
}

/** Σ a_k·x^k at x = peer + 1: that guardian's share. Source: `eval_poly_scalar`. */
export function evaluateScalars(coefficients: readonly Scalar[], peer: number): Scalar {
  const x = BigInt(peer) + 1n;
  return scalarFromBigInt(coefficients.reduceRight((sum, a) => (sum * x + fromLittleEndian(a)) % ORDER, 0n));
}

/** Σ x^k·A_k at x = peer + 1: that guardian's public key share. Source: `eval_poly_g1`, `eval_poly_g2`. */
export function evaluatePoints<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  coefficients: readonly P[],
  peer: number,
): P {
  const x = BigInt(peer) + 1n;
  let power = 1n;
  const powers = coefficients.map(() => {
    const scalar = scalarFromBigInt(power);
    power = (power * x) % ORDER;
    return scalar;
  });
  return group.sumOfProducts(coefficients, powers);
}

/** a_k·g for each coefficient: the public polynomial. */
export function commitmentOf<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  coefficients: readonly Scalar[],
): P[] {
  return coefficients.map((coefficient) => group.multiply(group.generator, coefficient));
}

/** sha256(BS(count) ‖ points): what is sent before a commitment is opened. 32 bytes. */
export function commitmentHash(commitment: readonly Uint8Array[]): Bytes {
  const writer = new Writer();
  writer.bigSize(commitment.length);
  for (const point of commitment) writer.raw(point);
  return sha256(writer.finish()) as Bytes;
}

/** Whether share·g is the public polynomial at `peer`. */
export function shareFits<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  commitment: readonly P[],
  share: Scalar,
  peer: number,
): boolean {
  return equalBytes(group.multiply(group.generator, share), evaluatePoints(group, commitment, peer));
}

/** Coefficient by coefficient; all have one length. */
export function sumOfCommitments<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  commitments: readonly (readonly P[])[],
): P[] {
  const length = commitments[0]?.length ?? 0;
  assert(commitments.every((commitment) => commitment.length === length), "commitments of one key have one length");
  return Array.from({ length }, (_, k) => group.add(...commitments.map((commitment) => commitment[k]!)));
}
