/** The schedule against a plain sorted list. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Schedule } from "./schedule.ts";

Deno.test("what is scheduled comes out by time, of one time in order, not before it is due, and without what was dropped", () => {
  const operations = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: -1, max: 21 }) }) },
      { weight: 1, arbitrary: fc.record({ keep: fc.integer({ min: 2, max: 5 }) }) },
    ),
    { maxLength: 300 },
  );
  fc.assert(fc.property(operations, (operations) => {
    const schedule = new Schedule<number>();
    let expected: { readonly dueMs: number; readonly order: number }[] = [];
    for (const [order, operation] of operations.entries()) {
      if ("add" in operation) {
        schedule.add(operation.add, order);
        expected.push({ dueMs: operation.add, order });
        expected.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      } else if ("take" in operation) {
        const isDue = expected.length > 0 && expected[0]!.dueMs <= operation.take;
        assertEquals(schedule.take(operation.take), isDue ? expected.shift()!.order : undefined);
      } else {
        schedule.keep((what) => what % operation.keep !== 0);
        expected = expected.filter((entry) => entry.order % operation.keep !== 0);
      }
      assertEquals(
        [schedule.size, schedule.nextMs, schedule.next],
        [expected.length, expected[0]?.dueMs, expected[0]?.order],
      );
    }
  }));
});

Deno.test("nothing scheduled is nothing to take", () => {
  const schedule = new Schedule<string>();
  assertEquals([schedule.take(Infinity), schedule.nextMs, schedule.next, schedule.size], [
    undefined,
    undefined,
    undefined,
    0,
  ]);
});
