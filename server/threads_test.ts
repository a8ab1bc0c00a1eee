import { assertEquals } from "@std/assert";
import { fakeThreads } from "../actors/threads/testing/fake.ts";
import { threadsFor } from "./threads.ts";

const coresFor = (machine: number, others: number | null) => threadsFor(fakeThreads(machine).threads, others).cores;

Deno.test("by default a guardian uses all cores of a machine with four or more, and one of others", () => {
  assertEquals([1, 2, 3, 4, 16].map((cores) => coresFor(cores, null)), [1, 1, 1, 4, 16]);
});

Deno.test("an operator has the word on threads, whatever the machine has", () => {
  assertEquals([0, 1, 4].map((others) => [coresFor(2, others), coresFor(16, others)]), [[1, 1], [2, 2], [5, 5]]);
});
