import { assert, assertEquals } from "@std/assert";
import type { DagUnit } from "../graph/dag.ts";
import { SeededDice } from "../dice.ts";
import { commonVote } from "./election.ts";
import { Extender } from "./extender.ts";
import { fastKeychains, makeUnit, seedOf } from "../testing/network.ts";

const keychains = fastKeychains(4);

/** `omitted[r − 1][c]`: whom the unit of round r and creator c doesn't have as a parent. */
function graph(rounds: number, omitted: readonly string[]): DagUnit[][] {
  const all: DagUnit[][] = [];
  for (let round = 0; round < rounds; round++) {
    const units = [0, 1, 2, 3].map((creator) => {
      const without = Number(omitted[round - 1]?.[creator] ?? "-");
      const parents = round === 0 ? [] : all[round - 1]!.filter(({ unit }) => unit.creator !== without);
      return { unit: makeUnit({ keychains, round, creator, parents: parents.map(({ unit }) => unit) }), parents };
    });
    all.push(units);
  }
  return all;
}

/** Any order with parents first. */
function shuffled(units: readonly DagUnit[], dice: SeededDice): DagUnit[] {
  const left = new Set(units);
  const order: DagUnit[] = [];
  while (left.size > 0) {
    const ready = [...left].filter(({ parents }) => parents.every((parent) => !left.has(parent)));
    const chosen = ready[dice.below(ready.length)]!;
    left.delete(chosen);
    order.push(chosen);
  }
  return order;
}

function batchesOf(units: readonly DagUnit[]): string {
  const extender = new Extender(3);
  const batches = units.flatMap((unit) => extender.add(unit));
  for (const { head, units } of batches) assertEquals(units.at(-1), head, "a head is the last of its batch");
  return batches.map(({ units }) => units.map(({ unit }) => `${unit.round}.${unit.creator}`).join(" ")).join(" | ");
}

Deno.test("common votes are true, false, true, true, then alternate from false", () => {
  assertEquals([2, 3, 4, 5, 6, 7, 8, 9].map(commonVote), [true, false, true, true, false, true, false, true]);
});

Deno.test("order vector of the sheet comes out whatever the order of arrival", () => {
  const omitted = "221- 3332 -032 -231 1011 1302 1-3- 3032 1212 3210 33-1".split(" ");
  const units = graph(12, omitted).flat();
  assertEquals(units.at(-4)!.unit.key, "a897d331ed5379c88b6e892c66564b8ee7ce24282d442b1d1e0e6b94e22d9883");
  assertEquals(units.at(-1)!.unit.key, "4f1dfe7ca2aebb82fb9666391a10f2d30f16797655e3e053a811ce063e6cc084");
  const expected = "0.3 | 0.2 0.0 1.2 | 0.1 1.1 1.0 2.0 | 2.2 2.1 3.2 | 1.3 2.3 3.1 3.0 4.2 | 3.3 4.3 4.0 5.3 | " +
    "5.2 5.0 6.0 | 4.1 5.1 6.2 6.1 7.2";
  assertEquals(batchesOf(units), expected);
  const dice = new SeededDice(seedOf(1));
  for (let run = 0; run < 40; run++) assertEquals(batchesOf(shuffled(units, dice)), expected);
});

Deno.test("when everybody includes everybody, heads are the lowest hashes and batches hold four units", () => {
  const rounds = graph(12, []);
  const extender = new Extender(3);
  const batches = rounds.flat().flatMap((unit) => extender.add(unit));
  assertEquals(batches.length, 11 - 3);
  assertEquals(batches.map(({ units }) => units.length), [1, ...new Array(7).fill(4)]);
  for (const [round, { head }] of batches.entries()) {
    assertEquals(head.unit.key, rounds[round]!.map(({ unit }) => unit.key).sort()[0]);
  }
  assertEquals([batches[0]!.head.unit.round, batches[0]!.head.unit.creator], [0, 3]);
});

Deno.test("no head before a unit four rounds later, and random graphs agree in any order of arrival", () => {
  assertEquals(batchesOf(graph(4, []).flat()), "");
  for (let seed = 0; seed < 20; seed++) {
    const dice = new SeededDice(seedOf(seed));
    const omitted = Array.from({ length: 30 }, () =>
      [0, 1, 2, 3].map((own) => {
        const other = dice.below(4);
        return other === own ? "-" : String(other);
      }).join(""));
    const units = graph(30, omitted).flat();
    const expected = batchesOf(units);
    assert(expected.length > 0);
    for (let run = 0; run < 3; run++) assertEquals(batchesOf(shuffled(units, dice)), expected, `seed ${seed}`);
  }
});
