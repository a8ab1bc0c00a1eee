import { assertEquals } from "@std/assert";
import { Cache } from "./cache.ts";

Deno.test("the cache forgets what was not read for longest, and never holds more than its bound", () => {
  const cache = new Cache(16 * 400);
  for (let i = 0; i < 10; i++) cache.set(`${i}`, new Uint8Array(129)); // 400 bytes each with overhead
  assertEquals(cache.bytes, 4_000);
  for (let i = 10; i < 16; i++) cache.set(`${i}`, null); // 272 bytes each
  cache.get("0");
  for (let i = 16; i < 22; i++) cache.set(`${i}`, new Uint8Array(128));
  assertEquals(cache.bytes <= 6_400, true);
  assertEquals(cache.get("0")?.length, 129);
  assertEquals(cache.get("1"), undefined);
  assertEquals(cache.get("10"), null);
  assertEquals(cache.get("21")?.length, 128);
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
