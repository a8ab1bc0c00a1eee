import { assertEquals } from "@std/assert";
import { agoText, durationText, isoTime, minuteText } from "./time.ts";

Deno.test("times have nanoseconds and no zone, as fedimint-cli prints them", () => {
  assertEquals(isoTime(0), "1970-01-01T00:00:00.000000000");
  assertEquals(isoTime(1_735_787_045_123_456), "2025-01-02T03:04:05.123456000");
  assertEquals(isoTime(1_735_787_045_000_001), "2025-01-02T03:04:05.000001000");
});

Deno.test("how long ago something was is told in the largest unit that fits", () => {
  const table: [number, string][] = [
    [-5_000, "a moment ago"],
    [59_999, "a moment ago"],
    [60_000, "1 minute ago"],
    [119 * 60_000, "119 minutes ago"],
    [120 * 60_000, "2 hours ago"],
    [47 * 3_600_000, "47 hours ago"],
    [49 * 3_600_000, "2 days ago"],
  ];
  for (const [ms, text] of table) assertEquals(agoText(ms), text);
  assertEquals(minuteText(Date.UTC(2025, 0, 2, 3, 4, 59, 999)), "2025-01-02 03:04 UTC");
});

Deno.test("how long something takes is told in the largest unit that fits, never as nothing", () => {
  const table: [number, string][] = [
    [0, "1 second"],
    [1_000, "1 second"],
    [1_001, "2 seconds"],
    [119_000, "119 seconds"],
    [120_000, "2 minutes"],
    [150_001, "3 minutes"],
    [119 * 60_000, "119 minutes"],
    [120 * 60_000, "2 hours"],
    [49 * 3_600_000, "2 days"],
  ];
  for (const [ms, text] of table) assertEquals(durationText(ms), text);
});
