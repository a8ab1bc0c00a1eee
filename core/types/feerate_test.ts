import { assertEquals } from "@std/assert";
import { checkedFee, vbytesOf, wrappingFee } from "./feerate.ts";

Deno.test("a fee is for whole virtual bytes, rounded down to a satoshi", () => {
  assertEquals([0n, 1n, 4n, 5n].map(vbytesOf), [0n, 1n, 1n, 2n]);
  assertEquals(checkedFee({ satsPerKvb: 1_999n }, 4n), 1n);
});

Deno.test("a fee that can't exist is none, and wraps where the past is replayed", () => {
  const all = { satsPerKvb: 2_100_000_000_000_000n };
  assertEquals(checkedFee(all, 4_000n), 2_100_000_000_000_000n);
  assertEquals(checkedFee(all, 4_004n), null);
  const overflowing = { satsPerKvb: 1n << 63n };
  assertEquals(checkedFee(overflowing, 8n), null);
  assertEquals(wrappingFee(overflowing, 8n), 0n);
  assertEquals(wrappingFee(overflowing, 12n), (1n << 63n) / 1000n);
});
