import { assertEquals } from "@std/assert";
import { tellBlsBackend } from "./bls_log.ts";
import type { LogRecord } from "./logger.ts";
import { loggerFor } from "./logger.ts";

Deno.test("a log says when mcl computes: as news where V8's flag is missing, as trouble where our own code failed", () => {
  const records: LogRecord[] = [], log = loggerFor("root", (record) => void records.push(record));
  tellBlsBackend(log, null);
  assertEquals(records, []);
  tellBlsBackend(log, "no_wide_arithmetic");
  tellBlsBackend(log, { fault: "a product in G1" });
  assertEquals(records.map(({ level, facts }) => ({ level, facts })), [
    { level: "info", facts: { flagOfV8: "--experimental-wasm-wide-arithmetic" } },
    { level: "warn", facts: { fault: "a product in G1" } },
  ]);
});
