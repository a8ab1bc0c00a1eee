/** The agenda against a plain sorted list. */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../../../core/assert.ts";
import { Agenda, type Planned } from "./agenda.ts";

Deno.test("events happen by time, then in the order planned, without those cancelled", () => {
  const operation = fc.record({ atMs: fc.integer({ min: 0, max: 20 }), cancel: fc.option(fc.nat()) });
  fc.assert(fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
    const agenda = new Agenda();
    const planned: Planned[] = [];
    const happened: number[] = [];
    operations.forEach(({ atMs, cancel }, i) => {
      planned.push(agenda.plan(atMs, () => happened.push(i)));
      if (cancel !== null) planned[cancel % planned.length]!.cancel();
    });
    const expected = planned.map((event, i) => ({ event, i })).filter(({ event }) => !event.cancelled);
    expected.sort((a, b) => a.event.atMs - b.event.atMs || a.i - b.i);
    const order = expected.map(({ i }) => i);
    while (agenda.nextMs() !== undefined) agenda.step();
    assertEquals(happened, order);
  }));
});

Deno.test("many cancelled events are swept out and leave the order as it was", () => {
  const agenda = new Agenda();
  const happened: number[] = [];
  const planned = Array.from({ length: 10_000 }, (_, i) => agenda.plan(10_000 - i, () => happened.push(i)));
  planned.forEach((event, i) => i % 10 === 0 || event.cancel());
  while (agenda.nextMs() !== undefined) agenda.step();
  assertEquals(happened, Array.from({ length: 1_000 }, (_, i) => 9_990 - 10 * i));
});

Deno.test("events plan events, and cancelling what happened does nothing", () => {
  const agenda = new Agenda();
  const happened: string[] = [];
  const first = agenda.plan(5, () => {
    happened.push("first");
    agenda.plan(agenda.nowMs, () => happened.push("at once"));
    agenda.plan(7, () => happened.push("later"));
  });
  agenda.plan(5, () => happened.push("second"));
  while (agenda.nextMs() !== undefined) {
    agenda.step();
    first.cancel();
  }
  assertEquals(happened, ["first", "second", "at once", "later"]);
});

Deno.test("nothing is planned in the past or at no time, and nothing happens when nothing is planned", () => {
  const agenda = new Agenda();
  agenda.nowMs = 5;
  for (const atMs of [4, NaN, Infinity]) assertThrows(() => agenda.plan(atMs, () => undefined), InvariantError);
  assertThrows(() => agenda.step(), InvariantError);
});
