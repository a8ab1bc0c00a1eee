/**
 * The deterministic generator of tbs and tpe: the ChaCha20 key stream, in order. Original layout (64-bit block counter
 * from 0, 64-bit zero nonce). Source: `rand_chacha` 0.3 `ChaChaRng::from_seed`.
 */
import { chacha20orig } from "@noble/ciphers/chacha.js";
import type { Bytes } from "../bytes.ts";
import { assert } from "../assert.ts";
import { requireLength } from "./error.ts";

const NONCE = new Uint8Array(8);
const BLOCK_BYTES = 64;
/** Blocks made at a time: one random point of G1 takes 200 bytes on average. */
const BLOCKS = 4;

export class ChaChaRng {
  readonly #key: Bytes;
  #stream = new Uint8Array(0);
  #at = 0;
  #nextBlock = 0;

  /** @param seed 32 bytes. @throws {CryptoError} `bad_length` */
  constructor(seed: Uint8Array) {
    requireLength(seed, 32, "seed");
    this.#key = Uint8Array.from(seed);
  }

  /** The next `size` bytes of the stream; a multiple of 4, because the reference hands out whole 32-bit words. */
  bytes(size: number): Bytes {
    assert(size % 4 === 0, "the stream is read in words of 4 bytes");
    const out = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      if (this.#at === this.#stream.length) this.#refill();
      const part = this.#stream.subarray(this.#at, this.#at + size - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return out;
  }

  /** The next word, little-endian. */
  u32(): number {
    const word = this.bytes(4);
    return (word[0]! | (word[1]! << 8) | (word[2]! << 16) | (word[3]! << 24)) >>> 0;
  }

  #refill(): void {
    const zeros = new Uint8Array(BLOCKS * BLOCK_BYTES);
    this.#stream = chacha20orig(this.#key, NONCE, zeros, undefined, this.#nextBlock) as Bytes;
    this.#nextBlock += BLOCKS;
    this.#at = 0;
  }
}
