/** What the tests of this folder share. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../bytes.ts";
import { ChaChaRng } from "../chacha_rng.ts";
import { CryptoError } from "../error.ts";

/** Expects a `CryptoError` with this code. */
export function assertCode(code: CryptoError["code"], body: () => unknown): void {
  assertEquals(assertThrows(body, CryptoError).code, code);
}

/** Repeatable bytes for a test: the same seed gives the same sequence. */
export function seededBytes(seed: number): (size: number) => Bytes {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, seed);
  const rng = new ChaChaRng(key);
  return (size) => rng.bytes(Math.ceil(size / 4) * 4).slice(0, size);
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Bytes {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
