import { assertEquals } from "@std/assert";
import { loggerFor } from "./logger.ts";
import { Reminder } from "./reminder.ts";
import { ManualClock } from "./store/testing/mod.ts";

function reminder() {
  const clock = new ManualClock(), lines: string[] = [];
  const log = loggerFor(
    "test",
    ({ level, message, facts }) => lines.push(`${level}: ${message} ${facts.reason ?? ""}`),
  );
  return { clock, lines, reminder: new Reminder(clock, log) };
}

Deno.test("a trouble is said at once, then less and less often, and its end once", async () => {
  const { clock, lines, reminder: node } = reminder();
  node.over("It is back");
  assertEquals(lines, []);
  for (let minute = 0; minute < 24 * 60; minute++) {
    node.say("It is away", "no connection");
    await clock.advance(60_000);
  }
  // after 0, 1, 3, 7, 15, 31 and 63 minutes, then every hour
  assertEquals(lines.length, 7 + 22);
  lines.length = 0;
  node.over("It is back");
  node.over("It is back");
  assertEquals(lines, ["info: It is back "]);
  node.say("It is away", "no connection");
  assertEquals(lines.length, 2);
});

Deno.test("another reason is said at once", async () => {
  const { clock, lines, reminder: node } = reminder();
  node.say("It is away", "no connection");
  await clock.advance(1_000);
  node.say("It is away", "no connection");
  node.say("It is away", "no answer in time");
  assertEquals(lines, ["warn: It is away no connection", "warn: It is away no answer in time"]);
});
