/**
 * Public scalars: numbers modulo the group's order, and their halves. φ(x, y) = (β·x, y) multiplies each point by λ, so
 * that k·P = k1·P + k2·φ(P) with halves of 128 bits (Gallant, Lambert, Vanstone 2001; the basis of short vectors is
 * that of Guide to Elliptic Curve Cryptography, algorithm 3.74).
 */
import { assert } from "../../../assert.ts";
import { ORDER } from "./limbs.ts";

export const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;
export const BETA = 0x7ae96a2b657c07106e64479eac3434e99cf0497512f58995c1396c28719501een;
/** (A1, −B1) and (A2, A1) are short vectors of the lattice of those (a, b) with a + b·λ = 0. */
const A1 = 0x3086d221a7d46bcde86c90e49284eb15n, B1 = 0xe4437ed6010e88286f547fa90abfe4c3n;
const A2 = 0x114ca50f7a8e2f3f657c1108d9d44cfd8n;
const HALF_ORDER = ORDER >> 1n;

/** Half of a scalar: its magnitude, 17 bytes little-endian, and its sign. */
export type Half = { readonly bytes: Uint8Array; readonly sign: 1 | -1 };

/** Bytes of a half's magnitude, of 129 bits at most. */
const HALF_BYTES = 17;

/** Little-endian. */
export function halfOf(value: bigint): Half {
  const sign = value < 0n ? -1 : 1, magnitude = value < 0n ? -value : value;
  const bytes = new Uint8Array(HALF_BYTES), view = new DataView(bytes.buffer);
  view.setBigUint64(0, magnitude & 0xffffffffffffffffn, true);
  view.setBigUint64(8, (magnitude >> 64n) & 0xffffffffffffffffn, true);
  const highest = magnitude >> 128n;
  assert(highest <= 1n, "a half has 129 bits at most");
  bytes[16] = Number(highest);
  return { bytes, sign };
}

/** @param k from 0 to the order − 1 */
export function splitScalar(k: bigint): [Half, Half] {
  const c1 = (A1 * k + HALF_ORDER) / ORDER, c2 = (B1 * k + HALF_ORDER) / ORDER;
  return [halfOf(k - c1 * A1 - c2 * A2), halfOf(c1 * B1 - c2 * A1)];
}

/** Of 32 bytes, big-endian. */
export function bigFrom(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32);
  return view.getBigUint64(0) << 192n | view.getBigUint64(8) << 128n | view.getBigUint64(16) << 64n |
    view.getBigUint64(24);
}
