/** Log lines: their form, their filter, and that no text breaks out of its line. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../logger.ts";
import { consoleSink, levelFrom } from "./console_sink.ts";
import { SimulatedWorld } from "./simulated/mod.ts";

function linesAt(level: Parameters<typeof consoleSink>[1]) {
  const lines: string[] = [];
  const { clock } = new SimulatedWorld(1).process("a").platform;
  return { lines, log: loggerFor("guardian/api", consoleSink(clock, level, (line) => lines.push(line))) };
}

Deno.test("a record is one line: time, level, path, message, facts", () => {
  const { lines, log } = linesAt("debug");
  log.info("session ended", {
    session: 7n,
    items: 3,
    late: false,
    by: null,
    name: "a",
    text: "two words",
    none: undefined,
  });
  log.debug("x");
  assertEquals(lines, [
    '2026-01-01T00:00:00.000Z  INFO guardian/api: session ended session=7 items=3 late=false by=null name=a text="two words"\n',
    "2026-01-01T00:00:00.000Z DEBUG guardian/api: x\n",
  ]);
});

Deno.test("levels below the chosen one are not shown", () => {
  for (const [level, shown] of [["debug", 4], ["info", 3], ["warn", 2], ["error", 1], ["off", 0]] as const) {
    const { lines, log } = linesAt(level);
    for (const at of ["debug", "info", "warn", "error"] as const) log[at]("x");
    assertEquals(lines.length, shown, level);
  }
});

Deno.test("the level comes from directives made for the reference, and unknown ones are ignored", () => {
  const cases: [string | undefined, string][] = [
    [undefined, "info"],
    ["", "info"],
    ["debug", "debug"],
    ["WARN", "warn"],
    ["trace", "debug"],
    ["off", "off"],
    ["fm=debug", "debug"],
    ["fedimint=error", "error"],
    ["info,fm=debug,jsonrpsee=off", "debug"],
    ["fm::consensus=trace,hyper=warn", "info"],
    ["nonsense", "info"],
    ["=debug", "info"],
    ["fm=debug=x", "info"],
    ["constructor", "info"],
  ];
  for (const [directives, level] of cases) assertEquals(levelFrom(directives), level, directives);
  assertEquals(levelFrom("nonsense", "warn"), "warn");
});

Deno.test("text from outside stays on its line and sends the terminal no commands", () => {
  const { lines, log } = linesAt("debug");
  log.warn("bad\nERROR forged \x1b[2J", { text: "a\n\x1b[31m", name: "a=b" });
  assertEquals(lines, [
    '2026-01-01T00:00:00.000Z  WARN guardian/api: bad\\u000aERROR forged \\u001b[2J text="a\\n\\u001b[31m" name="a=b"\n',
  ]);
});
