/**
 * The search for tweaks, fast: SHA-256 of tweak (16 bytes) ‖ filter (32 bytes) is a single block, of whose result only
 * the first 16 bits matter. Written out for that one case it is several times as fast as a general hash, and a payment
 * may need dozens of tweaks, each 65,536 hashes. FIPS 180-4.
 */
import type { Bytes } from "../../../core/bytes.ts";

// deno-fmt-ignore
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);
const TWEAK_WORDS = 4, FILTER_WORDS = 8, BLOCK_WORDS = 16;
const MESSAGE_BITS = (TWEAK_WORDS + FILTER_WORDS) * 32;

/** First word of the hash of the block in `w[0..15]`; the rest of `w` is scratch. */
function firstWord(w: Int32Array): number {
  for (let i = BLOCK_WORDS; i < 64; i++) {
    const x = w[i - 15]!, y = w[i - 2]!;
    const s0 = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const s1 = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1 | 0;
  }
  let a = 0x6a09e667, b = 0xbb67ae85 | 0, c = 0x3c6ef372, d = 0xa54ff53a | 0;
  let e = 0x510e527f, f = 0x9b05688c | 0, g = 0x1f83d9ab, h = 0x5be0cd19;
  for (let i = 0; i < 64; i++) {
    const s1 = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
    const t1 = h + s1 + (e & f ^ ~e & g) + K[i]! + w[i]! | 0;
    const s0 = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
    const t2 = s0 + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + t1 | 0;
    d = c;
    c = b;
    b = a;
    a = t1 + t2 | 0;
  }
  return a + 0x6a09e667 | 0;
}

/** Block with the filter (32 bytes) in its place; the tweak's words are to be filled in. */
function blockOf(filter: Bytes): Int32Array {
  const w = new Int32Array(64);
  const view = new DataView(filter.buffer, filter.byteOffset, 32);
  for (let i = 0; i < FILTER_WORDS; i++) w[TWEAK_WORDS + i] = view.getInt32(4 * i);
  w[TWEAK_WORDS + FILTER_WORDS] = 0x80000000 | 0;
  w[BLOCK_WORDS - 1] = MESSAGE_BITS;
  return w;
}

/** Tells tweaks that pass a filter, as `passesFilter` does: for many of them. */
export class TweakTest {
  readonly #w: Int32Array;

  /** @param filter 32 bytes */
  constructor(filter: Bytes) {
    this.#w = blockOf(filter);
  }

  /** @param bytes hold the tweak of 16 bytes at `at` */
  passes(bytes: Uint8Array, at: number): boolean {
    const w = this.#w;
    for (let i = 0; i < TWEAK_WORDS; i++, at += 4) {
      w[i] = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
    }
    return firstWord(w) >>> 16 === 0;
  }
}

/**
 * Tries `tries` tweaks that differ from `start` in their last 32 bits.
 * @param filter 32 bytes
 * @param start 16 random bytes: fresh ones for each search, so that tweaks of one wallet have nothing in common
 * @returns a tweak whose hash with the filter begins with 16 zero bits, or null
 */
export function searchTweak(filter: Bytes, start: Bytes, tries: number): Bytes | null {
  const w = blockOf(filter);
  const tweak = start.slice();
  const tweakView = new DataView(tweak.buffer);
  for (let i = 0; i < TWEAK_WORDS; i++) w[i] = tweakView.getInt32(4 * i);
  const last = TWEAK_WORDS - 1;
  for (let i = 0; i < tries; i++) {
    if (firstWord(w) >>> 16 === 0) {
      tweakView.setInt32(4 * last, w[last]!);
      return tweak;
    }
    w[last] = w[last]! + 1 | 0;
  }
  return null;
}
