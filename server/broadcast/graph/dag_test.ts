import { assertEquals } from "@std/assert";
import type { DagOutput } from "./dag.ts";
import { Dag } from "./dag.ts";
import { batchOf, fastKeychains, makeUnit } from "../testing/network.ts";
import type { SignedUnit } from "./unit.ts";

const keychains = fastKeychains(4);
const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator }));
const second = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 1, creator, parents: first }));
const third = makeUnit({ keychains, round: 2, creator: 0, parents: second.slice(0, 3) });
/** Another unit of guardian 3 in round 0, and a unit that stands on it. */
const variant = makeUnit({ keychains, round: 0, creator: 3, data: batchOf("other") });
const onVariant = makeUnit({ keychains, round: 1, creator: 1, parents: [...first.slice(0, 3), variant] });

function text({ added, missing, wrongParents }: DagOutput): string {
  const place = ({ round, creator }: { round: number; creator: number }): string => `${round}.${creator}`;
  return [
    added.map(({ unit }) => place(unit)).join(" "),
    missing.map(place).join(" "),
    wrongParents.map(place).join(" "),
  ].join(" / ");
}

const keys = (units: readonly SignedUnit[]): string[] => units.map(({ key }) => key);

Deno.test("units in order enter the graph at once, with their parents by creator", () => {
  const dag = new Dag(4);
  for (const unit of [...first, ...second]) assertEquals(text(dag.add(unit)), `${unit.round}.${unit.creator} /  / `);
  const { added } = dag.add(third);
  assertEquals(added[0]!.parents.map(({ unit }) => unit.key), keys(second.slice(0, 3)));
  assertEquals(dag.size, { units: 9, waiting: 0 });
});

Deno.test("a child waits for its parents, asks for those that are unknown, and follows them first in, first out", () => {
  const dag = new Dag(4);
  assertEquals(text(dag.add(third)), " / 1.0 1.1 1.2 / ");
  assertEquals(text(dag.add(second[1]!)), " / 0.0 0.1 0.2 0.3 / ");
  assertEquals(text(dag.add(second[0]!)), " / 0.0 0.1 0.2 0.3 / ");
  assertEquals(text(dag.add(second[2]!)), " / 0.0 0.1 0.2 0.3 / ");
  for (const unit of first.slice(0, 3)) assertEquals(text(dag.add(unit)), `0.${unit.creator} /  / `);
  assertEquals(text(dag.add(first[3]!)), "0.3 1.1 1.0 1.2 2.0 /  / ");
  assertEquals(dag.size, { units: 8, waiting: 0 });
});

Deno.test("the first variant is guessed; a unit on another one needs an explicit list", () => {
  const dag = new Dag(4);
  for (const unit of first) dag.add(unit);
  assertEquals(text(dag.add(onVariant)), " /  / 1.1");
  assertEquals(text(dag.add(variant)), "0.3 /  / ", "the variant alone doesn't complete it");
  assertEquals(text(dag.addParents(onVariant, keys([...first.slice(0, 3), variant]))), "1.1 /  / ");
  assertEquals(text(dag.addParents(onVariant, keys([...first.slice(0, 3), variant]))), " /  / ", "once is enough");
});

Deno.test("an explicit list may come before the variant, and before guessing is over", () => {
  const dag = new Dag(4);
  for (const unit of first.slice(0, 2)) dag.add(unit);
  assertEquals(text(dag.add(onVariant)), " / 0.2 0.3 / ");
  assertEquals(text(dag.addParents(onVariant, keys([...first.slice(0, 3), variant]))), " /  / ");
  assertEquals(text(dag.add(first[2]!)), "0.2 /  / ");
  assertEquals(text(dag.add(variant)), "0.3 1.1 /  / ");
});

Deno.test("a unit that is added twice while it waits changes nothing", () => {
  const dag = new Dag(4);
  dag.add(third);
  assertEquals(text(dag.add(third)), " /  / ");
  assertEquals(dag.size, { units: 0, waiting: 1 });
});
