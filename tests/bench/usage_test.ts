import { assert, assertEquals, assertThrows } from "@std/assert";
import { testsNeeding } from "../../core/testing/permissions.ts";
import { cpuOfStat, cpuSecondsBetween, reapedCpuSeconds, threadSecondsOf, usageOf } from "./usage.ts";

const onMachine = testsNeeding("read", "run");

const usage = (cpuSeconds: number) => ({ cpuSeconds, residentBytes: 0, ownBytes: 0 });

Deno.test("CPU between two looks is the sum over the same processes", () => {
  assertEquals(cpuSecondsBetween([usage(1), usage(5)], [usage(1.5), usage(7)]), 2.5);
  assertEquals(cpuSecondsBetween([], []), 0);
  assertThrows(() => cpuSecondsBetween([usage(1)], []), RangeError);
});

Deno.test("a stat is read whatever the name in it", () => {
  const fields = ["S", ...Array.from({ length: 10 }, () => "0"), "150", "50", "7", "3", "0"].join(" ");
  for (const name of ["deno", "a b", "x) y (z", ")"]) {
    assertEquals(cpuOfStat(`17 (${name}) ${fields}`), { own: 2, reaped: 0.1 });
  }
});

onMachine({
  name: "a process that works uses CPU and memory, of its threads together",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const before = await usageOf(Deno.pid);
    while ((await usageOf(Deno.pid)).cpuSeconds === before.cpuSeconds) crypto.getRandomValues(new Uint8Array(65_536));
    const after = await usageOf(Deno.pid), threads = await threadSecondsOf(Deno.pid);
    assert(after.ownBytes > 0 && after.residentBytes >= after.ownBytes);
    assert([...threads.values()].reduce((sum, seconds) => sum + seconds, 0) > 0);
  },
});

onMachine({
  name: "what a process took counts when it has ended",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const before = await reapedCpuSeconds();
    const spin = "const end = performance.now() + 200; while (performance.now() < end);";
    await new Deno.Command(Deno.execPath(), { args: ["eval", spin] }).output();
    assert(await reapedCpuSeconds() > before);
  },
});
