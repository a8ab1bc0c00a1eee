import { sha256 } from "@noble/hashes/sha2.js";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Codec } from "../../core/encoding/mod.ts";
import { encode, struct, u64 } from "../../core/encoding/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex } from "../../core/bytes.ts";
import { CryptoError } from "../../core/crypto/error.ts";
import { bls } from "../../core/crypto/bls/mod.ts";
import type { Result } from "../../core/result.ts";
import { g1Point } from "../../core/types/bls.ts";
import { decodedConfig as decodedWith, glancedConfig } from "./decoded_configs.ts";

/** As a wallet that has taken none so far. */
function decodedConfig<T>(codec: Codec<T>, body: Uint8Array): unknown {
  const config = decodedWith(codec, body, undefined);
  return config.ok ? { ok: true, value: config.value.value } : config;
}

function counted(): { readonly codec: Codec<bigint>; readonly reads: () => number } {
  let count = 0;
  return { codec: { ...u64, read: (reader) => (count++, u64.read(reader)) }, reads: () => count };
}

Deno.test("a config is decoded once, whatever the copy; another, or another codec's, by itself", () => {
  const { codec, reads } = counted();
  for (let time = 0; time < 5; time++) assertEquals(decodedConfig(codec, encode(u64, 7n)), { ok: true, value: 7n });
  assertEquals(reads(), 1);
  assertEquals(decodedConfig(codec, encode(u64, 8n)), { ok: true, value: 8n });
  const other = counted();
  assertEquals(decodedConfig(other.codec, encode(u64, 7n)), { ok: true, value: 7n });
  assertEquals([reads(), other.reads()], [2, 1]);
});

Deno.test("what is refused is refused again, and what is remembered has an end", () => {
  const { codec, reads } = counted();
  for (let time = 0; time < 2; time++) assert(!decodedWith(codec, new Uint8Array(0), undefined).ok);
  assertEquals(reads(), 2);
  for (let value = 0n; value < 100n; value++) decodedConfig(codec, encode(u64, value));
  decodedConfig(codec, encode(u64, 99n));
  assertEquals(reads(), 102);
  decodedConfig(codec, encode(u64, 0n));
  assertEquals(reads(), 103, "the oldest is forgotten");
});

Deno.test("a config that was taken before has its points checked when they are used, any other at once", () => {
  const config = struct("Config", { key: g1Point, other: g1Point });
  const fresh = (): Codec<{ key: Bytes; other: Bytes }> => ({ ...config });
  // of the curve, not of the group
  const outside = fromHex(`8${"0".repeat(94)}4`), body = concat(bls.g1.generator, outside);
  const refused = decodedWith(fresh(), body, undefined);
  assert(!refused.ok);
  const { hash } = unwrapped(decodedWith(fresh(), concat(bls.g1.generator, bls.g1.generator), undefined));
  assert(!decodedWith(fresh(), body, hash).ok, "the hash of another config says nothing");
  const ownHash = sha256(body) as Bytes;
  const { value } = unwrapped(decodedWith(fresh(), body, ownHash));
  assertEquals(value.key, bls.g1.generator);
  assertThrows(() => bls.g1.isInfinity(value.other as typeof bls.g1.generator), CryptoError);
  assert(!decodedWith(fresh(), body.subarray(1), sha256(body.subarray(1)) as Bytes).ok, "its form is read as ever");
});

Deno.test("a glance at a config checks no point, and leaves the check to who uses it", () => {
  const codec: Codec<{ key: Bytes }> = struct("Config", { key: g1Point });
  const outside = fromHex(`8${"0".repeat(94)}4`);
  assertEquals(unwrapped(glancedConfig(codec, outside, undefined)).value, { key: outside });
  assert(!glancedConfig(codec, outside.subarray(1), undefined).ok, "its form is read as ever");
  assert(!decodedWith(codec, outside, undefined).ok, "what was glanced at isn't remembered as decoded");
});

function unwrapped<T>(result: Result<T, unknown>): T {
  assert(result.ok);
  return result.value;
}
