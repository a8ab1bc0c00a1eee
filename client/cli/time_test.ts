import { assertEquals } from "@std/assert";
import { isoTime } from "./time.ts";

Deno.test("times have nanoseconds and no zone, as fedimint-cli prints them", () => {
  assertEquals(isoTime(0), "1970-01-01T00:00:00.000000000");
  assertEquals(isoTime(1_735_787_045_123_456), "2025-01-02T03:04:05.123456000");
  assertEquals(isoTime(1_735_787_045_000_001), "2025-01-02T03:04:05.000001000");
});
