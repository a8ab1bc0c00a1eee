/**
 * Points of G2 from a deterministic generator, as the `bls12_381` crate's `random` draws them.
 * docs/protocol/06-lightning-meta.md §B. BigInt arithmetic of
 * @noble/curves: a few milliseconds a point, needed once a Lightning contract.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import { assert } from "../../assert.ts";
import type { ChaChaRng } from "../chacha_rng.ts";
import type { Bls } from "./bls.ts";
import { BLOCK_BYTES, wideBlock } from "./random_point.ts";
import type { G2 } from "./types.ts";

const { Fp, Fp2 } = bls12_381.fields;
type Fp2 = typeof Fp2.ONE;

/** y² = x³ + 4(1 + u) */
const CURVE_B = Fp2.create({ c0: 4n, c1: 4n });
const MINUS_ONE = Fp2.neg(Fp2.ONE);

function randomFp(rng: ChaChaRng): bigint {
  return Fp.create(bytesToNumberBE(wideBlock(rng.bytes(BLOCK_BYTES))));
}

/**
 * Algorithm 9 of https://eprint.iacr.org/2012/685. Which of the two roots comes out is part of the definition: others
 * may give the other.
 * @returns null when there is none
 */
function squareRoot(value: Fp2): Fp2 | null {
  const a1 = Fp2.pow(value, (Fp.ORDER - 3n) / 4n);
  const alpha = Fp2.mul(Fp2.sqr(a1), value);
  const x0 = Fp2.mul(a1, value);
  const root = Fp2.eql(alpha, MINUS_ONE)
    ? Fp2.create({ c0: Fp.neg(x0.c1), c1: x0.c0 })
    : Fp2.mul(Fp2.pow(Fp2.add(Fp2.ONE, alpha), (Fp.ORDER - 1n) / 2n), x0);
  return Fp2.eql(Fp2.sqr(root), value) ? root : null;
}

/** The next point of G2, never infinity. A try takes 196 bytes. Source: `G2Projective::random`. */
export function randomG2(bls: Bls, rng: ChaChaRng): G2 {
  for (;;) {
    const x = Fp2.create({ c0: randomFp(rng), c1: randomFp(rng) });
    // the word is used up by a try that fails, too
    const flip = (rng.u32() & 1) === 1;
    const y = squareRoot(Fp2.add(Fp2.mul(Fp2.sqr(x), x), CURVE_B));
    if (y === null) continue;
    const point = bls12_381.G2.Point.fromAffine({ x, y: flip ? Fp2.neg(y) : y }).clearCofactor();
    if (point.is0()) continue;
    const bytes = point.toBytes(true);
    assert(bytes.length === bls.g2.size, "a compressed point of G2 has 96 bytes");
    return bls.g2.decode(bytes);
  }
}
