/**
 * xoshiro128** by Blackman and Vigna (2018): numbers that look random and are the same for the same state. For
 * simulation and for choices that need not be secret. Pure but for its state.
 */
import { assert } from "./assert.ts";

export class Xoshiro128 {
  readonly #state: Uint32Array;

  /** @param state 16 bytes, four words little-endian; not all zero, which would stay so for ever */
  constructor(state: Uint8Array) {
    assert(state.length === 16 && state.some((byte) => byte !== 0), "the state is 16 bytes that are not all zero");
    const view = new DataView(state.buffer, state.byteOffset, 16);
    this.#state = Uint32Array.from({ length: 4 }, (_, i) => view.getUint32(4 * i, true));
  }

  /** Uniform in 0 … 2^32 − 1. */
  word(): number {
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
