/**
 * Tweaks are searched, and own ones told from others, fast: SHA-256 of tweak (16 bytes) ‖ filter (32 bytes) is a single
 * block, of whose result only the first 16 bits matter. Written out for that one case, and four at once, it is many
 * times as fast as a general hash: a payment may need dozens of tweaks, each 65,536 hashes, and a log that is recovered
 * has a million. FIPS 180-4.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { Search, Test } from "./tweak_wasm.ts";
import { BLOCK_AT, CONSTANTS_AT, GROUP_BYTES, GROUPS_MAX, INITIAL_AT, searchModule, TWEAKS_AT } from "./tweak_wasm.ts";

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
const INITIAL = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
const TRIES_AT_ONCE = 4;
const TWEAK_WORDS = 4, FILTER_WORDS = 8, BLOCK_WORDS = 16;
const MESSAGE_BITS = (TWEAK_WORDS + FILTER_WORDS) * 32;

/** Block with the filter (32 bytes) in its place; the tweak's words are to be filled in. */
function blockOf(filter: Bytes): Int32Array {
  const w = new Int32Array(BLOCK_WORDS);
  const view = new DataView(filter.buffer, filter.byteOffset, 32);
  for (let i = 0; i < FILTER_WORDS; i++) w[TWEAK_WORDS + i] = view.getInt32(4 * i);
  w[TWEAK_WORDS + FILTER_WORDS] = 0x80000000 | 0;
  w[BLOCK_WORDS - 1] = MESSAGE_BITS;
  return w;
}

type Searcher = { readonly words: Int32Array; readonly search: Search; readonly test: Test };

let made: Searcher | undefined;

/** Compiled when a thread first needs it: most never do. */
function searcher(): Searcher {
  if (made === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(searchModule()));
    const words = new Int32Array((exports.memory as WebAssembly.Memory).buffer);
    words.set(K, CONSTANTS_AT / 4);
    words.set(INITIAL, INITIAL_AT / 4);
    made = { words, search: exports.search as Search, test: exports.test as Test };
  }
  return made;
}

/**
 * Tries `tries` tweaks that differ from `start` in their last 32 bits.
 * @param filter 32 bytes
 * @param start 16 random bytes: fresh ones for each search, so that tweaks of one wallet have nothing in common
 * @returns the first tweak whose hash with the filter begins with 16 zero bits, or null
 */
export function searchTweak(filter: Bytes, start: Bytes, tries: number): Bytes | null {
  const { words, search } = searcher();
  const block = blockOf(filter);
  const tweak = start.slice();
  const tweakView = new DataView(tweak.buffer);
  for (let i = 0; i < TWEAK_WORDS; i++) block[i] = tweakView.getInt32(4 * i);
  words.set(block, BLOCK_AT / 4);
  const last = TWEAK_WORDS - 1;
  const found = search(block[last]!, Math.ceil(tries / TRIES_AT_ONCE));
  // the filter is secret, and the memory stays
  words.fill(0, BLOCK_AT / 4, BLOCK_AT / 4 + BLOCK_WORDS);
  if (found < 0 || found >= tries) return null;
  tweakView.setInt32(4 * last, block[last]! + found);
  return tweak;
}

const TWEAK_BYTES = 4 * TWEAK_WORDS, GROUP_WORDS = GROUP_BYTES / 4;

/** Tells tweaks that pass a filter, as `passesFilter` does: for many of them. */
export class TweakTest {
  readonly #block: Int32Array;

  /** @param filter 32 bytes */
  constructor(filter: Bytes) {
    this.#block = blockOf(filter);
  }

  /**
   * Which of the tweaks pass, by their place among `ats`, ascending.
   * @param bytes hold tweaks of 16 bytes @param ats where each begins
   */
  passing(bytes: Uint8Array, ats: ArrayLike<number>): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length), found: number[] = [];
    const atOnce = TRIES_AT_ONCE * GROUPS_MAX;
    for (let from = 0; from < ats.length; from += atOnce) {
      this.#some(view, ats, from, Math.min(from + atOnce, ats.length), found);
    }
    return found;
  }

  #some(view: DataView, ats: ArrayLike<number>, from: number, end: number, found: number[]): void {
    const { words, test } = searcher(), count = end - from;
    for (let i = 0; i < count; i++) {
      const to = TWEAKS_AT / 4 + Math.floor(i / TRIES_AT_ONCE) * GROUP_WORDS + i % TRIES_AT_ONCE, at = ats[from + i]!;
      for (let byte = 0; byte < TWEAK_BYTES; byte += 4) words[to + byte] = view.getInt32(at + byte);
    }
    words.set(this.#block, BLOCK_AT / 4);
    const groups = Math.ceil(count / TRIES_AT_ONCE);
    for (let group = 0; group < groups; group++) {
      const result = test(group, groups);
      if (result < 0) break;
      group = result >> 4;
      for (let lane = 0; lane < TRIES_AT_ONCE; lane++) {
        const i = group * TRIES_AT_ONCE + lane;
        // behind the last tweak are others of before
        if ((result >> lane & 1) === 1 && i < count) found.push(from + i);
      }
    }
    // the filter is secret, and the memory stays
    words.fill(0, BLOCK_AT / 4, BLOCK_AT / 4 + BLOCK_WORDS);
  }
}
