/**
 * Dice of a simulated world: xoshiro128** (Blackman and Vigna 2018), whose 128 bits of state come from SHA-256 of the world's
 * seed and a label. So every process, incarnation and link has dice of its own, and adding one changes no other's.
 */
import { createHash } from "node:crypto";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Dice } from "../platform.ts";

export type Seed = string | number;

export class SimulatedDice implements Dice {
  readonly #state: Uint32Array;

  constructor(seed: Seed, label: string) {
    const digest = createHash("sha256").update(`${seed}/${label}`).digest();
    this.#state = new Uint32Array(4);
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    for (let i = 0; i < 4; i++) this.#state[i] = view.getUint32(4 * i, true);
    this.#state[0]! |= 1; // a state of zeroes would stay one
  }

  bytes(size: number): Bytes {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      let word = this.#next();
      for (let i = 0; i < 4 && at < size; i++, word >>>= 8) bytes[at++] = word & 0xff;
    }
    return bytes;
  }

  fraction(): number {
    // 53 bits: as many as a number holds.
    return ((this.#next() >>> 5) * 0x4000000 + (this.#next() >>> 6)) / 0x20000000000000;
  }

  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound > 0, "a bound of dice is a positive integer");
    return Math.floor(this.fraction() * bound);
  }

  between(from: number, to: number): number {
    return from + (to - from) * this.fraction();
  }

  #next(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }
}

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}
