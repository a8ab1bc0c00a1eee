/**
 * Tweaks are searched, and own ones told from others, fast: SHA-256 of tweak (16 bytes) ‖ filter (32 bytes) is a single
 * block, of whose result only the first 16 bits matter. Written out for that one case, and four at once, it is many
 * times as fast as a general hash: a payment may need dozens of tweaks, each 65,536 hashes, and a log that is recovered
 * has a million. FIPS 180-4.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { SHA256_CONSTANTS, SHA256_INITIAL } from "../../../core/crypto/wasm/sha256_code.ts";
import type { Search, Test } from "./tweak_wasm.ts";
import { BLOCK_AT, CONSTANTS_AT, GROUP_BYTES, GROUPS_MAX, INITIAL_AT, searchModule, TWEAKS_AT } from "./tweak_wasm.ts";

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

/** Compiled when it is first needed: most commands never do. */
function searcher(): Searcher {
  if (made === undefined) {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(searchModule()));
    const words = new Int32Array((exports.memory as WebAssembly.Memory).buffer);
    words.set(SHA256_CONSTANTS, CONSTANTS_AT / 4);
    words.set(SHA256_INITIAL, INITIAL_AT / 4);
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
