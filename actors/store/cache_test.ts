import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Cache } from "./cache.ts";
import { CACHED_OVERHEAD_BYTES } from "./limits.ts";

/** What an entry takes beside its value. */
const absent = (key: string): number => key.length + CACHED_OVERHEAD_BYTES;
/** What one takes whose key is a character. */
const ENTRY_BYTES = 400;
const VALUE_BYTES = ENTRY_BYTES - absent("a") - 4;

Deno.test("the cache forgets what was not read for longest, and never holds more than its bound", () => {
  const cache = new Cache(16 * ENTRY_BYTES), keys = [..."abcdefghijklmnopqrstuv"];
  for (const key of keys.slice(0, 10)) cache.set(key, new Uint8Array(VALUE_BYTES));
  assertEquals(cache.bytes, 10 * ENTRY_BYTES);
  for (const key of keys.slice(10, 16)) cache.set(key, null);
  assertEquals(cache.bytes, 10 * ENTRY_BYTES + 6 * absent("a"));
  cache.get("a");
  for (const key of keys.slice(16)) cache.set(key, new Uint8Array(VALUE_BYTES));
  assertEquals(cache.bytes <= 16 * ENTRY_BYTES, true);
  assertEquals(cache.get("a")?.length, VALUE_BYTES);
  assertEquals(cache.get("b"), undefined);
  assertEquals(cache.get("k"), null);
  assertEquals(cache.get("v")?.length, VALUE_BYTES);
});

Deno.test("one large value doesn't empty the cache, and takes the old value of its key away", () => {
  const cache = new Cache(6_400);
  cache.set("a", new Uint8Array(10));
  cache.set("b", new Uint8Array(10));
  cache.set("a", new Uint8Array(1_000));
  assertEquals(cache.get("a"), undefined);
  assertEquals(cache.get("b")?.length, 10);
});

Deno.test("what is read again and again stays, however much goes through a full cache", () => {
  const cache = new Cache(16 * 400);
  cache.set("kept", new Uint8Array(126));
  for (let i = 0; i < 5_000; i++) {
    cache.set(`${i}`.padStart(4, "0"), new Uint8Array(126));
    if (i % 5 === 0) assertEquals(cache.get("kept")?.length, 126);
    assertEquals(cache.bytes <= 6_400, true);
  }
  assertEquals(cache.get("0000"), undefined);
});

Deno.test("a cache has what was last written to each key, whatever the sizes", () => {
  const sizes = [0, 1, 59, 60, 61, 8_187, 8_188, 8_189, 65_535, 65_536, 65_537, 200_000];
  const write = fc.record({ key: fc.integer({ min: 0, max: 40 }), size: fc.option(fc.constantFrom(...sizes)) });
  fc.assert(fc.property(fc.array(write, { maxLength: 300 }), (writes) => {
    const cache = new Cache(8 * 2 ** 20), wanted = new Map<string, Uint8Array | null>();
    for (const [i, { key, size }] of writes.entries()) {
      const value = size === null ? null : new Uint8Array(size).fill(i);
      cache.set(`${key}`, value);
      wanted.set(`${key}`, value);
      const read = `${(key * 7) % 40}`, cached = cache.get(read);
      if (cached !== undefined) assertEquals(cached, wanted.get(read));
    }
    for (const key of [...wanted.keys()].slice(-3)) {
      const cached = cache.get(key);
      if (cached !== undefined) assertEquals(cached, wanted.get(key));
    }
    assertEquals(cache.bytes <= 8 * 2 ** 20, true);
  }));
});

Deno.test("a value that somebody still reads stays as it was when its key is written again and again", () => {
  const cache = new Cache(2 ** 20);
  cache.set("a", Uint8Array.of(1, 2, 3));
  const read = cache.get("a")!;
  for (let i = 0; i < 1_000; i++) cache.set("a", new Uint8Array(1_000).fill(9));
  assertEquals(read, Uint8Array.of(1, 2, 3));
});

Deno.test("small values of the cache share their buffers", () => {
  const cache = new Cache(2 ** 20), keys = Array.from({ length: 1_000 }, (_, i) => `${i}`);
  for (const key of keys) cache.set(key, new Uint8Array(30));
  const buffers = new Set(keys.map((key) => cache.get(key)!.buffer));
  assertEquals(buffers.size, 1);
});
