/** How crashes that come again and again are told. */
import { assert, assertEquals } from "@std/assert";
import { CRASH_KINDS_MAX, LOG_LINE_MS, LOG_LINES_BURST } from "../limits.ts";
import { loggerFor, type LogRecord } from "../logger.ts";
import { manualClock } from "../testing/platform.ts";
import { CrashLog } from "./crash_log.ts";

function subject() {
  const clock = manualClock();
  const records: LogRecord[] = [];
  const crashes = new CrashLog(clock.platform.clock);
  const log = loggerFor("root/subject", (record) => records.push(record));
  const tell = (reason: string, who = "subject") =>
    crashes.tell(who, log, { message: "crashed", reason, stack: "at x" });
  return { clock, records, tell };
}

Deno.test("the first crash of a kind has its stack, the same again its count, each time that has doubled", () => {
  const { records, tell } = subject();
  for (let time = 0; time < 100; time++) tell("boom");
  assertEquals(records.map(({ message, facts }) => [message, facts.times ?? facts.stack]), [
    ["crashed", "at x"],
    ...[2, 4, 8, 16, 32, 64].map((times) => ["crashed: the same again", times]),
  ]);
  tell("another");
  assertEquals(records.at(-1)!.facts, { reason: "another", stack: "at x" });
});

Deno.test("crashes whose texts are never the same are told at a rate, and counted in a table that has an end", async () => {
  const { clock, records, tell } = subject();
  for (let number = 0; number < 10 * CRASH_KINDS_MAX; number++) tell(`bug ${number}`);
  assertEquals(records.length, LOG_LINES_BURST);
  await clock.advance(LOG_LINE_MS);
  tell("bug 0"); // forgotten meanwhile
  assertEquals(records.at(-1)!.facts.leftOut, 10 * CRASH_KINDS_MAX - LOG_LINES_BURST);
  assert(records.at(-1)!.facts.stack !== undefined);
  tell("boom", "somebody else");
  assertEquals(records.at(-1)!.facts.reason, "boom");
});
