import { assert, assertEquals, assertThrows } from "@std/assert";
import { cpuSecondsBetween, cpuSecondsOfStat, threadSecondsOf, usageOf } from "./usage.ts";

const usage = (cpuSeconds: number) => ({ cpuSeconds, residentBytes: 0, ownBytes: 0 });

Deno.test("CPU between two looks is the sum over the same processes", () => {
  assertEquals(cpuSecondsBetween([usage(1), usage(5)], [usage(1.5), usage(7)]), 2.5);
  assertEquals(cpuSecondsBetween([], []), 0);
  assertThrows(() => cpuSecondsBetween([usage(1)], []), RangeError);
});

Deno.test("a stat is read whatever the name in it", () => {
  const fields = ["S", ...Array.from({ length: 10 }, () => "0"), "150", "50", "0"].join(" ");
  for (const name of ["deno", "a b", "x) y (z", ")"]) assertEquals(cpuSecondsOfStat(`17 (${name}) ${fields}`), 2);
});

Deno.test({
  name: "a process that works uses CPU and memory, of its threads together",
  ignore: Deno.build.os !== "linux" ||
    (await Deno.permissions.query({ name: "read", path: "/proc" })).state !== "granted",
  fn: async () => {
    const before = await usageOf(Deno.pid);
    while ((await usageOf(Deno.pid)).cpuSeconds === before.cpuSeconds) crypto.getRandomValues(new Uint8Array(65_536));
    const after = await usageOf(Deno.pid), threads = await threadSecondsOf(Deno.pid);
    assert(after.ownBytes > 0 && after.residentBytes >= after.ownBytes);
    assert([...threads.values()].reduce((sum, seconds) => sum + seconds, 0) > 0);
  },
});
