/**
 * Points and scalars from a deterministic generator, as the `bls12_381` crate's `random` draws them.
 * docs/protocol/04-mint.md §1.1.
 */
import type { ChaChaRng } from "../chacha_rng.ts";
import type { BlsBackend, CurvePoint } from "./backend.ts";
import type { Bls } from "./bls.ts";
import { BLOCK_BYTES } from "./random_point.ts";
import type { G1, Scalar } from "./types.ts";
import { scalarFromWide } from "./scalar.ts";

/** The next point of G1's curve whose x has a y: on average two tries of 100 bytes. It may lie outside the group. */
export function nextCurvePoint(backend: BlsBackend, rng: ChaChaRng): CurvePoint {
  for (;;) {
    const block = rng.bytes(BLOCK_BYTES);
    // the word is used up by a try that fails, too
    const point = backend.curvePoint(block, (rng.u32() & 1) === 1);
    if (point !== null) return point;
  }
}

/** The next point of G1, never infinity. Source: `G1Projective::random`. */
export function randomG1(bls: Bls, rng: ChaChaRng): G1 {
  for (;;) {
    const point = bls.backend.clearCofactor(nextCurvePoint(bls.backend, rng));
    if (!bls.backend.g1.isInfinity(point)) return bls.g1.close(point);
  }
}

/** The next scalar: 64 bytes modulo the order. Source: `Scalar::random`. */
export function randomScalar(rng: ChaChaRng): Scalar {
  return scalarFromWide(rng.bytes(64));
}
