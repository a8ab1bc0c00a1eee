import { assertEquals } from "@std/assert";
import { limitedLogger } from "./limited_log.ts";
import { LOG_LINE_MS, LOG_LINES_BURST } from "./limits.ts";
import type { LogRecord } from "./logger.ts";
import { loggerFor } from "./logger.ts";

Deno.test("a line that comes without end is logged at a rate, and each time says how many were left out", () => {
  const records: LogRecord[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => 0, monotonicMs: () => nowMs, setTimer: () => ({ cancel: () => {} }) };
  const log = limitedLogger(loggerFor("api", (record) => records.push(record)), clock);
  for (let i = 0; i < 1_000; i++) log.warn("A stranger did it", { i });
  assertEquals(records.map(({ facts }) => facts), Array.from({ length: LOG_LINES_BURST }, (_, i) => ({ i })));
  log.info("A stranger did it");
  log.warn("Another thing");
  assertEquals(records.splice(LOG_LINES_BURST), [
    { level: "info", path: "api", message: "A stranger did it", facts: {} },
    { level: "warn", path: "api", message: "Another thing", facts: {} },
  ]);
  nowMs += LOG_LINE_MS;
  for (let i = 0; i < 1_000; i++) log.warn("A stranger did it", { i });
  assertEquals(records.slice(LOG_LINES_BURST), [
    { level: "warn", path: "api", message: "A stranger did it", facts: { i: 0, leftOut: 1_000 - LOG_LINES_BURST } },
  ]);
});
