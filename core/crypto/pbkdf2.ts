/**
 * PBKDF2 with HMAC-SHA-512, RFC 8018 §5.2, for what begins each opening of a wallet: the seed of its words, 2,048
 * rounds. In JavaScript's 32-bit halves they cost more than half of that opening.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../assert.ts";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import type { Sha512Machine } from "./sha512_wasm.ts";
import {
  BLOCK_AT,
  BLOCK_WORDS,
  initialState,
  INNER_AT,
  OUTER_AT,
  sha512Machine,
  STATE_WORDS,
  SUM_AT,
} from "./sha512_wasm.ts";

const BLOCK_BYTES = 8 * BLOCK_WORDS, STATE_BYTES = 8 * STATE_WORDS;
const INNER_PAD = 0x36, OUTER_PAD = 0x5c;
const FIRST_BLOCK = Uint8Array.of(0, 0, 0, 1);
/** What follows a hash after a pad: a bit, zeros, and how many bits there were. */
const PADDING = BigUint64Array.of(1n << 63n, 0n, 0n, 0n, 0n, 0n, 0n, BigInt(8 * (BLOCK_BYTES + STATE_BYTES)));

let machine: Sha512Machine | undefined;

/**
 * The first 64 bytes of what a password derives. Secret.
 * @param password of any length. Secret @param rounds 1 at least
 */
export function pbkdf2Sha512(password: Uint8Array, salt: Uint8Array, rounds: number): Bytes {
  assert(Number.isInteger(rounds) && rounds >= 1, "there is a first round");
  const first = hmac(sha512, password, concat(salt, FIRST_BLOCK));
  if (rounds === 1) return first as Bytes;
  const { words, compress, repeat } = machine ??= sha512Machine();
  const key = new Uint8Array(BLOCK_BYTES);
  key.set(password.length > BLOCK_BYTES ? sha512(password) : password);
  for (const [at, pad] of [[INNER_AT, INNER_PAD], [OUTER_AT, OUTER_PAD]] as const) {
    words.set(initialState(), at);
    words.set(wordsOf(key.map((byte) => byte ^ pad)), BLOCK_AT);
    compress(8 * at, 8 * at);
  }
  const state = wordsOf(first);
  words.set(state, SUM_AT);
  words.set(state, BLOCK_AT);
  words.set(PADDING, BLOCK_AT + STATE_WORDS);
  repeat(rounds - 1);
  const derived = bytesOf(words.subarray(SUM_AT, SUM_AT + STATE_WORDS));
  words.fill(0n, BLOCK_AT, SUM_AT + STATE_WORDS);
  return derived;
}

/** Big-endian, as hashes have them. */
function wordsOf(bytes: Uint8Array): BigUint64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigUint64(8 * i));
}

function bytesOf(words: BigUint64Array): Bytes {
  const bytes = new Uint8Array(8 * words.length), view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(8 * i, word));
  return bytes;
}
