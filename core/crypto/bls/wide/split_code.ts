/**
 * Splits a scalar k < r into two of half the length: k = rest + quotient·x² with the curve's parameter x, as φ
 * multiplies points of G1 by −x² (Gallant, Lambert, Vanstone 2001). The quotient is estimated by Barrett's method and
 * up to three too small, which does no harm: the rest is below 4·x² then, 130 bits. No branches.
 */
import type { Assembly } from "../../wasm/assembly.ts";
import { ADD_128, get, load, long, MUL_WIDE_U, OP, set, store, SUB_128 } from "../../wasm/assembly.ts";

export const X_SQUARED = 0xd201000000010000n ** 2n;
/** Words of 64 bits of each part, and of both. */
const PART_WORDS = 3;
export const PART_BYTES = 8 * PART_WORDS, PART_BITS = 130;
const SHIFT = 127n;
const RECIPROCAL = (1n << (SHIFT + 128n)) / X_SQUARED;

const low = (value: bigint): bigint => BigInt.asUintN(64, value);

export function defineSplit(assembly: Assembly): void {
  // out: the rest, then the quotient; scalar: four words
  assembly.define("split", 2, (body) => {
    const k = body.longs(4),
      [h0, h1, q0, q1, a, b, c, d, e, f] = body.longs(10) as [
        ...[number, number, number, number, number],
        ...[number, number, number, number, number],
      ];
    const zero = long(0n);
    k.forEach((local, i) => body.emit(load(body.parameter(1), 8 * i), set(local)));
    const [k0, k1, k2, k3] = k as [number, number, number, number];
    const shifted = (lower: number, upper: number) => [
      ...[...get(lower), ...long(63n), OP.SHR_U, ...get(upper), ...long(1n), OP.SHL, OP.OR],
    ];
    body.emit(shifted(k1, k2), set(h0), shifted(k2, k3), set(h1));
    const [m0, m1] = [low(RECIPROCAL), RECIPROCAL >> 64n];
    // the upper half of h·m
    body.emit(get(h0), long(m0), MUL_WIDE_U, set(a), [0x1a]); // a: what h0·m0 carries
    body.emit(get(h0), long(m1), MUL_WIDE_U, set(c), set(b));
    body.emit(get(h1), long(m0), MUL_WIDE_U, set(e), set(d));
    body.emit(get(a), zero, get(b), zero, ADD_128, get(d), zero, ADD_128, set(f), [0x1a]);
    body.emit(get(h1), long(m1), MUL_WIDE_U, get(c), zero, ADD_128, get(e), zero, ADD_128, get(f), zero, ADD_128);
    body.emit(set(q1), set(q0));
    // the lowest three words of q·x²
    const [n0, n1] = [low(X_SQUARED), X_SQUARED >> 64n];
    body.emit(get(q0), long(n0), MUL_WIDE_U, set(b), set(a));
    body.emit(get(b), zero, get(q0), long(n1), MUL_WIDE_U, ADD_128, get(q1), long(n0), MUL_WIDE_U, ADD_128);
    body.emit(set(c), set(b));
    body.emit(get(c), get(q1), long(n1), [OP.MUL, OP.ADD], set(c));
    // taken from k; d is what is borrowed: 0 or −1
    body.emit(get(k0), zero, get(a), zero, SUB_128, set(d), set(a));
    body.emit(get(k1), zero, get(d), get(d), ADD_128, get(b), zero, SUB_128, set(d), set(b));
    body.emit(get(k2), get(d), [OP.ADD], get(c), [OP.SUB], set(c));
    const words = [get(a), get(b), get(c), get(q0), get(q1), zero];
    words.forEach((word, i) => body.emit(store(body.parameter(0), 8 * i, word)));
  });
}
