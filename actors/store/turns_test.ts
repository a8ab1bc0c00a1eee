import { assertEquals } from "@std/assert";
import { isSettled, ManualClock } from "./testing/mod.ts";
import { Turns } from "./turns.ts";

Deno.test("turns go one at a time in the order they were asked for", async () => {
  const turns = new Turns(new ManualClock(), 50);
  const order: string[] = [];
  const take = async (name: string): Promise<() => void> => {
    const end = await turns.take();
    order.push(name);
    return end;
  };
  const [a, b, c] = [take("a"), take("b"), take("c")];
  const endA = await a;
  assertEquals(await isSettled(b), false);
  endA();
  endA(); // a second time must not end another's turn
  const endB = await b;
  assertEquals(await isSettled(c), false);
  endB();
  (await c)();
  (await take("d"))();
  assertEquals(order, ["a", "b", "c", "d"]);
});

Deno.test("a turn that takes too long passes on, so that nobody waits for ever", async () => {
  const clock = new ManualClock();
  const turns = new Turns(clock, 50);
  const endFirst = await turns.take();
  const second = turns.take();
  await clock.advance(49);
  assertEquals(await isSettled(second), false);
  await clock.advance(1);
  const endSecond = await second;
  endFirst(); // late: it was over already
  const third = turns.take();
  assertEquals(await isSettled(third), false);
  endSecond();
  (await third)();
  assertEquals(clock.pending, 0);
});
