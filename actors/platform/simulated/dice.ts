/**
 * Dice of a simulated world: their state comes from SHA-256 of the world's seed and a label. So every process,
 * incarnation and link has dice of its own, and adding one changes no other's.
 */
import { createHash } from "node:crypto";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { Xoshiro128 } from "../../../core/xoshiro.ts";
import type { Dice } from "../platform.ts";

export type Seed = string | number;

export class SimulatedDice implements Dice {
  readonly #words: Xoshiro128;

  constructor(seed: Seed, label: string) {
    const state = createHash("sha256").update(`${seed}/${label}`).digest().subarray(0, 16);
    state[0]! |= 1; // a state of zeroes would stay one
    this.#words = new Xoshiro128(state);
  }

  bytes(size: number): Bytes {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      let word = this.#words.word();
      for (let i = 0; i < 4 && at < size; i++, word >>>= 8) bytes[at++] = word & 0xff;
    }
    return bytes;
  }

  fraction(): number {
    // 53 bits: as many as a number holds.
    return ((this.#words.word() >>> 5) * 0x4000000 + (this.#words.word() >>> 6)) / 0x20000000000000;
  }

  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound > 0, "a bound of dice is a positive integer");
    return Math.floor(this.fraction() * bound);
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.fraction();
  }
}
