/** The machine's randomness. */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Dice } from "../platform.ts";

/** `getRandomValues` refuses more at once. */
const RANDOM_BYTES_MAX = 65_536;

export const realDice: Dice = {
  bytes(size: number): Bytes {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += RANDOM_BYTES_MAX) {
      crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES_MAX));
    }
    return bytes;
  },
  fraction: () => Math.random(),
  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound > 0, "a bound of dice is a positive integer");
    return Math.floor(Math.random() * bound);
  },
};
