/**
 * Which hashes may be in a set: a Bloom filter of one size, however many there are. A log of a million redeemed notes
 * is so gone through with a store read for hardly any but the own ones, in memory that doesn't grow with the wallet.
 */
import { NONCE_HASH_BYTES } from "./slice_layout.ts";

/** 2^23 bits, 1 MiB: of 100,000 notes one foreign hash in 200,000 passes, of a million one in 50. */
const BITS_LOG2 = 23;
/** Words of a hash that tell its bits: the hash is one of SHA-256 and RIPEMD-160, so they are as good as random. */
const WORDS = 4;

export class Marks {
  readonly #bits = new Uint8Array(1 << BITS_LOG2 - 3);

  /** @param bytes hold a hash of 20 bytes at `at` */
  add(bytes: Uint8Array, at = 0): void {
    for (let word = 0; word < WORDS; word++) {
      const bit = bitOf(bytes, at, word);
      this.#bits[bit >> 3]! |= 1 << (bit & 7);
    }
  }

  /** False: it was never added. True: it was, most probably. */
  mayHave(bytes: Uint8Array, at = 0): boolean {
    for (let word = 0; word < WORDS; word++) {
      const bit = bitOf(bytes, at, word);
      if ((this.#bits[bit >> 3]! & 1 << (bit & 7)) === 0) return false;
    }
    return true;
  }
}

function bitOf(bytes: Uint8Array, at: number, word: number): number {
  const from = at + word * (NONCE_HASH_BYTES / WORDS);
  return (bytes[from]! << 16 | bytes[from + 1]! << 8 | bytes[from + 2]!) >>> 24 - BITS_LOG2;
}
