import { assert, assertEquals, assertThrows } from "@std/assert";
import { Budget } from "./requests/budget.ts";
import { fedimintDelays } from "./delays.ts";
import { SeededDice } from "./dice.ts";
import { Dissemination } from "./requests/disseminate.ts";
import {
  ANSWER_BYTES_BURST,
  ANSWER_BYTES_MIN,
  ANSWER_BYTES_PER_SECOND,
  BUDGET_WINDOW_MS,
  SAME_ANSWERS_MAX,
} from "./limits.ts";
import { fastKeychains, makeUnit, seedOf } from "./testing/network.ts";

Deno.test("the same seed gives the same dice, and they are fair", () => {
  const [a, b] = [new SeededDice(seedOf(5)), new SeededDice(seedOf(5))];
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7_000; i++) {
    const value = a.below(7);
    assertEquals(value, b.below(7));
    counts[value]!++;
  }
  assert(counts.every((count) => count > 850 && count < 1_150), counts.join());
  assertEquals(new Set(a.choose([1, 2, 3, 4, 5], 3)).size, 3);
  assertEquals(a.choose([1, 2], 3).sort(), [1, 2]);
  assert(new SeededDice(seedOf(2)).fraction() !== new SeededDice(seedOf(1)).fraction());
  assert(new SeededDice(new Uint8Array(16)).fraction() > 0, "a seed of zeros is no dead end");
  assertThrows(() => new SeededDice(new Uint8Array(15)), RangeError);
});

Deno.test("delays are the reference's", () => {
  const delays = fedimintDelays({ roundDelayMs: 50, roundsPerSession: 3_600, testEnvironment: false });
  assertEquals([0, 1, 3_600, 3_601, 3_700].map((round) => delays.creationMs(round, 0.9)), [0, 50, 50, 51, 362]);
  assertEquals([0, 1, 2, 3, 4, 5].map(delays.coordRequestMs), [0, 50, 1_000, 3_000, 6_000, 9_000]);
  assertEquals([0, 2, 3, 9].map(delays.coordRequestRecipients), [3, 3, 1, 1]);
  assertEquals([delays.rebroadcastMs(0), delays.rebroadcastMs(0.99999)], [15_000, 19_999]);
  assertEquals([0, 1, 2, 3].map(delays.multicastMs), [500, 1_000, 2_000, 4_000]);
  assert(Number.isFinite(delays.multicastMs(2_000)));
  const years = Array.from({ length: 1_000 }, (_, i) => delays.creationMs(3_600 + i, 0)).reduce((a, b) => a + b) /
    3.2e10;
  assert(years > 10, `all rounds after a session take ${years} years`);
  const test = fedimintDelays({ roundDelayMs: 50, roundsPerSession: 200, testEnvironment: true });
  assertEquals([test.creationMs(1, 0), test.creationMs(1, 0.5)], [25, 50]);
});

Deno.test("the first useless message of a guardian in a window is worth a line in the log", () => {
  const budget = new Budget(2);
  budget.tick(0);
  assert(budget.useless(1) && budget.useless(0));
  for (let i = 0; i < 1_000; i++) assert(!budget.useless(1));
  budget.tick(BUDGET_WINDOW_MS - 1);
  assert(!budget.useless(1));
  budget.tick(BUDGET_WINDOW_MS);
  assert(budget.useless(1));
});

Deno.test("answers to one guardian are bounded by their bytes, which come back with time", () => {
  const budget = new Budget(2);
  budget.tick(0);
  assert(budget.answers(1, "a", ANSWER_BYTES_BURST));
  assert(!budget.answers(1, "b", 1) && budget.answers(0, "b", 1));
  budget.tick(500);
  assert(!budget.answers(1, "b", ANSWER_BYTES_PER_SECOND / 2 + 1));
  assert(budget.answers(1, "b", ANSWER_BYTES_PER_SECOND / 2));
  budget.tick(1_000_000);
  assert(!budget.answers(1, "b", ANSWER_BYTES_BURST + 1) && budget.answers(1, "b", ANSWER_BYTES_BURST));
});

Deno.test("small answers count, too, so that what is remembered of them is bounded", () => {
  const budget = new Budget(2);
  budget.tick(0);
  let count = 0;
  while (budget.answers(1, `${count}`, 1)) count++;
  assertEquals(count, Math.floor(ANSWER_BYTES_BURST / ANSWER_BYTES_MIN));
});

Deno.test("the same answer goes to the same guardian a few times in a window, and again in the next", () => {
  const budget = new Budget(3);
  for (const nowMs of [0, BUDGET_WINDOW_MS]) {
    budget.tick(nowMs);
    for (let i = 0; i < SAME_ANSWERS_MAX; i++) assert(budget.answers(1, "unit", 100));
    assert(budget.isRepeated(1, "unit") && !budget.answers(1, "unit", 100));
    assert(budget.answers(1, "another", 100) && budget.answers(2, "unit", 100));
  }
});

Deno.test("a guardian's newest unit is sent again while it is the newest, by one task", () => {
  const keychains = fastKeychains(4);
  const [first, second] = [0, 1].map((round) => makeUnit({ keychains, round, creator: 2 }));
  const dissemination = new Dissemination();
  assert(dissemination.discover(first!, 100));
  assert(!dissemination.discover(second!, 150));
  assert(!dissemination.discover(first!, 160), "an older one is no news");
  assertEquals(dissemination.due(2, 100, 900), { unit: null, againMs: 150 });
  assertEquals(dissemination.due(2, 150, 950), { unit: second!, againMs: 950 });
});
