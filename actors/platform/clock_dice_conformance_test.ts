/** What `Clock` and `Dice` promise, the machine's and simulated ones. */
import { assert, assertEquals } from "@std/assert";
import { equalBytes } from "../../core/bytes.ts";
import { sleep } from "./platform.ts";
import { onBoth } from "./testing/stages.ts";

onBoth("the dice fill any size, and stay within their bounds", async ({ server: { dice } }) => {
  await Promise.resolve();
  assertEquals([0, 1, 5, 70_000].map((size) => dice.bytes(size).length), [0, 1, 5, 70_000]);
  assert(!equalBytes(dice.bytes(32), dice.bytes(32)));
  const seen = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    const fraction = dice.fraction();
    assert(fraction >= 0 && fraction < 1);
    seen.add(dice.below(7));
  }
  assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
});

onBoth("a timer fires once and not before its time, unless it is cancelled", async ({ server: { clock } }) => {
  const fired: string[] = [];
  const fromMs = clock.monotonicMs();
  clock.setTimer(20, () => fired.push("20"));
  clock.setTimer(10, () => fired.push("10"));
  const cancelled = clock.setTimer(5, () => fired.push("5"));
  clock.setTimer(3_000_000_000, () => fired.push("a month")).cancel();
  cancelled.cancel();
  await sleep(clock, 40);
  assert(clock.monotonicMs() - fromMs >= 39);
  assert(Number.isInteger(clock.nowMs()) && clock.nowMs() > 1_700_000_000_000);
  assertEquals(fired, ["10", "20"]);
});
