import { assert, assertEquals } from "@std/assert";
import { TokenBucket } from "./token_bucket.ts";

Deno.test("a bucket is full at first, refills with time up to its burst, and may be overdrawn", () => {
  const bucket = new TokenBucket({ burst: 10, tokens: 2, ms: 1_000 }, 5_000);
  assertEquals(bucket.left(5_000), 10);
  bucket.take(14, 5_000);
  assertEquals([bucket.left(5_000), bucket.waitMs(1, 5_000)], [-4, 2_500]);
  assertEquals([bucket.left(7_500), bucket.waitMs(1, 7_500)], [1, 0]);
  assertEquals(bucket.left(60_000), 10);
});

Deno.test("what is given back fills a bucket no further than its burst", () => {
  const bucket = new TokenBucket({ burst: 3, tokens: 1, ms: 10 }, 0);
  bucket.take(2, 0);
  bucket.give(1);
  assertEquals(bucket.left(0), 2);
  bucket.give(5);
  assertEquals(bucket.left(0), 3);
});

Deno.test("a clock that goes back neither fills nor empties a bucket", () => {
  const bucket = new TokenBucket({ burst: 10, tokens: 1, ms: 1 }, 100);
  bucket.take(5, 100);
  assertEquals(bucket.left(50), 5);
  assertEquals(bucket.left(102), 7);
});

Deno.test("what is taken from a bucket that was full for long is missing, whenever it was last looked at", () => {
  const bucket = new TokenBucket({ burst: 10, tokens: 1, ms: 1 }, 0);
  bucket.take(4, 1_000);
  assertEquals(bucket.left(1_001), 7);
});

Deno.test("who waits as long as a bucket says has waited enough, whatever the clock can tell apart", () => {
  for (let i = 0; i < 2_000; i++) {
    let nowMs = 50_199.029 + i / 7;
    const bucket = new TokenBucket({ burst: 5_000, tokens: 1_000, ms: 1_000 }, nowMs);
    bucket.take(5_000 + i / 3, nowMs);
    for (let waits = 0, waitMs = bucket.waitMs(1, nowMs); waitMs > 0; waitMs = bucket.waitMs(1, nowMs)) {
      assert(++waits <= 2, `at ${nowMs} ms another ${waitMs} ms are to be waited for`);
      nowMs += waitMs;
    }
  }
});

Deno.test("what is not there is not taken", () => {
  const bucket = new TokenBucket({ burst: 2, tokens: 1, ms: 10 }, 0);
  assertEquals([bucket.tryTake(2, 0), bucket.tryTake(1, 9), bucket.tryTake(1, 10), bucket.left(10)], [
    true,
    false,
    true,
    0,
  ]);
});
