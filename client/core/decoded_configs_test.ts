import { assert, assertEquals } from "@std/assert";
import type { Codec } from "../../core/encoding/mod.ts";
import { encode, u64 } from "../../core/encoding/mod.ts";
import { decodedConfig } from "./decoded_configs.ts";

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
  for (let time = 0; time < 2; time++) assert(!decodedConfig(codec, new Uint8Array(0)).ok);
  assertEquals(reads(), 2);
  for (let value = 0n; value < 100n; value++) decodedConfig(codec, encode(u64, value));
  decodedConfig(codec, encode(u64, 99n));
  assertEquals(reads(), 102);
  decodedConfig(codec, encode(u64, 0n));
  assertEquals(reads(), 103, "the oldest is forgotten");
});
