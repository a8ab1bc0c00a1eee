import { assert, assertEquals } from "@std/assert";
import { Turns } from "./turns.ts";

const TERMS = {
  all: { burst: 2, tokens: 10, ms: 1_000 },
  trusted: { burst: 1, tokens: 5, ms: 1_000 },
  trustedMax: 2,
};

/** Who has its turn until `endMs`, with the time. */
function run(turns: Turns, startMs: number, endMs: number): [source: string, atMs: number][] {
  const order: [string, number][] = [];
  for (let nowMs = startMs; nowMs <= endMs; nowMs++) {
    for (let next = turns.next(nowMs); next; next = turns.next(nowMs)) order.push([next.source, nowMs]);
  }
  return order;
}

const enter = (turns: Turns, source: string | null, count = 1) =>
  Array.from({ length: count }, () => turns.enter(source, () => {}));

Deno.test("a burst has its turns at once, then so many in a time", () => {
  const turns = new Turns(TERMS, 0);
  enter(turns, "a", 5);
  assertEquals(run(turns, 0, 0).length, 2);
  assertEquals(turns.waitMs(0), 100);
  assertEquals(run(turns, 1, 1_000).map(([, atMs]) => atMs), [100, 200, 300]);
  assertEquals([turns.waitMs(1_000), turns.next(1_000)], [null, null]);
});

Deno.test("one of each source in turn: who comes with one waits for as many turns as there are sources", () => {
  const turns = new Turns(TERMS, 0);
  enter(turns, "crowd", 500);
  run(turns, 0, 0);
  enter(turns, "one");
  enter(turns, null, 20);
  assertEquals(run(turns, 1, 400).map(([source]) => source), ["crowd", "one", "", "crowd"]);
});

for (const guardian of ["guardian", null]) {
  Deno.test(`who is trusted has turns of its own, and of those no more than there are, at ${guardian}`, () => {
    const turns = new Turns(TERMS, 0);
    turns.trust(guardian);
    for (let i = 0; i < 300; i++) enter(turns, `stranger ${i}`);
    run(turns, 0, 0);
    enter(turns, guardian, 100);
    const order = run(turns, 1, 1_000);
    const name = guardian ?? "";
    assertEquals(order[0], [name, 1]);
    const guardians = order.filter(([source]) => source === name).length;
    assert(guardians >= 5 && guardians <= 7, `${guardians}`);
    assert(order.length - guardians >= 9, "strangers have theirs");
  });
}

Deno.test("trust is for a bounded number of sources: the oldest loses it", () => {
  const turns = new Turns(TERMS, 0);
  for (const source of ["a", "b", "a", "c"]) turns.trust(source);
  enter(turns, "x", 3);
  run(turns, 0, 0);
  for (const source of ["b", "a", "c"]) enter(turns, source);
  // x holds the turn; of a and c one has the turn of its own
  assertEquals(run(turns, 1, 1).map(([source]) => source), ["a"]);
});

Deno.test("who leaves has no turn", () => {
  const turns = new Turns(TERMS, 0);
  const [first] = enter(turns, "a", 2);
  turns.leave(first!);
  turns.leave(first!);
  assertEquals(run(turns, 0, 1_000).length, 1);
});
