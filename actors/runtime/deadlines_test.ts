import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorError } from "../error.ts";
import type { Clock } from "../platform/platform.ts";
import { Asks } from "./asks.ts";

/** A clock whose timers fire when the test says so, whatever the time. */
function wildClock() {
  let nowMs = 0;
  const timers: { delayMs: number; fire: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer: (delayMs, fire) => {
      const timer = { delayMs, fire };
      timers.push(timer);
      return { cancel: () => timers.splice(timers.indexOf(timer), 1) };
    },
  };
  return { clock, timers, set: (ms: number) => nowMs = ms };
}

Deno.test("a timer that fires a fraction too early is set again, for a whole millisecond", async () => {
  const { clock, timers, set } = wildClock();
  const asks = new Asks(clock);
  const ask = asks.open("a", "type", 100);
  asks.startDeadlines();
  assertEquals(timers.map(({ delayMs }) => delayMs), [100]);
  set(99.999);
  timers.shift()!.fire();
  assert(!ask.settled);
  assertEquals(timers.map(({ delayMs }) => delayMs), [1]);
  set(100.999);
  timers.shift()!.fire();
  assertEquals((await assertRejects(() => ask.promise, ActorError)).code, "deadline");
  assertEquals(timers.length, 0);
});

Deno.test("ten thousand requests of one deadline need one timer, and an answered one none of its own", () => {
  const { clock, timers, set } = wildClock();
  const asks = new Asks(clock);
  const open = Array.from({ length: 10_000 }, (_, i) => {
    set(i);
    const ask = asks.open("a", "type", 30_000);
    asks.startDeadlines();
    return ask;
  });
  assertEquals(timers.length, 1);
  for (const ask of open.slice(0, 9_999)) ask.answer(null);
  set(30_000);
  timers.shift()!.fire();
  assertEquals(timers.map(({ delayMs }) => delayMs), [9_999]);
  open[9_999]!.answer(null);
  set(39_999);
  timers.shift()!.fire();
  assertEquals(timers.length, 0);
});

Deno.test("a request answered before the pump ends never reads the clock", () => {
  const { clock } = wildClock();
  const asks = new Asks({
    ...clock,
    monotonicMs: () => {
      throw new Error("read");
    },
  });
  asks.open("a", "type", 30_000).answer(1);
  asks.startDeadlines();
});

Deno.test("closing cancels every timer", () => {
  const { clock, timers } = wildClock();
  const asks = new Asks(clock);
  for (const deadlineMs of [1, 2, 3]) asks.open("a", "type", deadlineMs);
  asks.startDeadlines();
  assertEquals(timers.length, 3);
  asks.close();
  assertEquals(timers.length, 0);
});
