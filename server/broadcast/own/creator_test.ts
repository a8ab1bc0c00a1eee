import { assert, assertEquals } from "@std/assert";
import { Creator } from "./creator.ts";
import type { DagUnit } from "../graph/dag.ts";
import { fastKeychains, makeUnit } from "../testing/network.ts";

const keychains = fastKeychains(4);

function unitAt(round: number, creator: number, text = ""): DagUnit {
  const unit = makeUnit({ keychains, round, creator, data: { kind: "batch", bytes: new TextEncoder().encode(text) } });
  return { unit, parents: [] };
}

function started(round = 0): Creator {
  const creator = new Creator({ peers: 4, threshold: 3, identity: 1, endRound: 5 });
  creator.start(round);
  return creator;
}

function parentsOf(creator: Creator): string | null {
  const preUnit = creator.create();
  return preUnit && `${preUnit.round}: ${preUnit.parents.map(({ unit }) => unit.creator).join()}`;
}

Deno.test("round 0 has no parents, the next waits for its delay, a threshold and the own unit", () => {
  const creator = started();
  assert(creator.needsDelay());
  assertEquals(parentsOf(creator), null);
  creator.delayOver(0);
  assertEquals(parentsOf(creator), "0: ");
  assert(creator.needsDelay());
  creator.delayOver(0);
  assertEquals(parentsOf(creator), null, "the delay of another round is nothing");
  creator.delayOver(1);
  for (const peer of [0, 2, 3]) creator.absorb(unitAt(0, peer));
  assertEquals(parentsOf(creator), null, "a threshold without the own unit isn't enough");
  assertEquals(creator.lacking, [1]);
  creator.absorb(unitAt(0, 1));
  assertEquals(parentsOf(creator), "1: 0,1,2,3");
  assertEquals(creator.lacking, []);
});

Deno.test("two units are too few parents, and units that come during the delay all become parents", () => {
  const creator = started(1);
  assert(creator.needsDelay());
  for (const peer of [1, 2]) creator.absorb(unitAt(0, peer));
  creator.delayOver(1);
  assertEquals(parentsOf(creator), null);
  assertEquals(creator.lacking, [0, 3]);
  creator.absorb(unitAt(0, 3));
  assertEquals(parentsOf(creator), "1: 1,2,3");
});

Deno.test("of a forker the first unit that came is the parent", () => {
  const creator = started(1);
  creator.needsDelay();
  creator.delayOver(1);
  const [a, b] = [unitAt(0, 0, "a"), unitAt(0, 0, "b")];
  for (const unit of [a, b, unitAt(0, 1), unitAt(0, 2)]) creator.absorb(unit);
  assertEquals(creator.create()!.parents[0], a);
});

Deno.test("there is no delay when somebody is beyond the round, and none is skipped", () => {
  const creator = started(1);
  for (const round of [0, 1, 2]) for (const peer of [0, 1, 2]) creator.absorb(unitAt(round, peer));
  assert(!creator.needsDelay());
  assertEquals(parentsOf(creator), "1: 0,1,2");
  assert(creator.needsDelay(), "at round 2 nobody is beyond");
});

Deno.test("creation ends one below the maximum, and when it is told to", () => {
  const creator = started(5);
  assert(creator.ended && !creator.needsDelay());
  const other = started(0);
  other.end();
  assert(!other.needsDelay());
  assertEquals(other.create(), null);
});
