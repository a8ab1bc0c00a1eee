import { assertEquals } from "@std/assert";
import { turnsOf } from "./turns.ts";

Deno.test("a file of turns has the second and the most CPU of a turn in it, line by line", () => {
  assertEquals(turnsOf("1796000000 3.5\n1796000001 12.0\n"), [
    { atMs: 1_796_000_000_000, cpuMs: 3.5 },
    { atMs: 1_796_000_001_000, cpuMs: 12 },
  ]);
});
