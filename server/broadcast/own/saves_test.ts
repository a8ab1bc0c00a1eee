import { assert, assertEquals } from "@std/assert";
import { decode } from "../../../core/encoding/codec.ts";
import { SAVE_BYTES_MAX, SAVE_RECORDS_MAX, SAVE_WITHIN_MS } from "../limits.ts";
import type { BroadcastEffect } from "../state.ts";
import type { SignedUnit } from "../graph/unit.ts";
import { Alone, talk } from "../testing/alone.ts";
import { batchOf, fastKeychains, makeUnit, Simulation } from "../testing/network.ts";
import { backupRecord } from "./backup.ts";
import { Saves } from "./saves.ts";

const keychains = fastKeychains(4);
const first = [0, 1, 2, 3].map((creator) => makeUnit({ keychains, round: 0, creator }));

/** One text a save: `round.creator` of its units. */
function saved(effects: readonly BroadcastEffect[]): string[] {
  return effects.flatMap((effect) => {
    if (effect.type !== "save") return [];
    const records = effect.records.map((bytes) => decode(backupRecord, bytes));
    return [
      records.map((record) => record.tag === "unit" ? `${record.value.round}.${record.value.creator}` : "alert").join(
        " ",
      ),
    ];
  });
}

Deno.test("others' units are saved with our next one, in their order, and it is told when all are on disk", () => {
  const alone = new Alone({ creates: true });
  for (const unit of first.slice(1)) alone.unit(unit.creator, unit);
  assertEquals(saved(alone.effects), []);
  alone.wait(1);
  const own = alone.data(null);
  assertEquals(saved(own), ["0.1 0.2 0.3 0.0"]);
  assertEquals(talk(own), []);
  assertEquals(talk(alone.save()).filter((text) => text.includes("newUnit")), ["all: newUnit 0.0"]);
});

Deno.test("others' units that nothing of ours follows are saved after a while", () => {
  const alone = new Alone();
  alone.unit(1, first[1]!);
  alone.wait(SAVE_WITHIN_MS / 2);
  alone.unit(2, first[2]!);
  assertEquals(saved(alone.wait(SAVE_WITHIN_MS / 2 - 1)), []);
  assertEquals(saved(alone.wait(1)), ["0.1 0.2"]);
  assertEquals(saved(alone.wait(5 * SAVE_WITHIN_MS)), []);
  alone.unit(3, first[3]!);
  assertEquals(saved(alone.wait(SAVE_WITHIN_MS)), ["0.3"]);
});

Deno.test("an accusation is saved at once, with what came before it", () => {
  const alone = new Alone();
  alone.unit(1, first[1]!);
  alone.unit(2, first[2]!);
  alone.unit(1, makeUnit({ keychains, round: 0, creator: 1, data: batchOf("other") }));
  assertEquals(saved(alone.effects), ["0.1 0.2 alert"]);
});

Deno.test("what carries data is saved before it is ordered, and what doesn't waits", () => {
  const orders = (data: string | null): BroadcastEffect[] => {
    const alone = new Alone();
    const unitsOn = (round: number, parents: readonly SignedUnit[]): SignedUnit[] =>
      [1, 2, 3].map((creator) =>
        makeUnit({ keychains, round, creator, parents, data: data === null ? null : batchOf(data) })
      );
    let units = unitsOn(0, []);
    for (let round = 1; round <= 6; round++) {
      for (const unit of units) alone.unit(unit.creator, unit);
      units = unitsOn(round, units);
    }
    return alone.effects;
  };
  const order = (effects: readonly BroadcastEffect[]): string =>
    effects.filter(({ type }) => type === "save" || type === "ordered").map(({ type }) => type).join(" ");
  assert(order(orders("item")).startsWith("save ordered"));
  assert(order(orders(null)).startsWith("ordered"));
});

Deno.test("as many records as a guardian gets that catches up go in bounded pieces, and wait no longer for their number", () => {
  const saves = new Saves();
  const record = new Uint8Array(10);
  for (let i = 1; i < SAVE_RECORDS_MAX; i++) {
    assertEquals(saves.add(record, false, 0), i === 1, "one task looks after all");
    assertEquals(saves.take().length, 0);
  }
  saves.add(record, false, 0);
  assertEquals(saves.take().length, SAVE_RECORDS_MAX);
  saves.add(new Uint8Array(SAVE_BYTES_MAX), false, 0);
  assertEquals(saves.take().length, 1);
});

Deno.test("a round of a calm session is one save of each guardian, and its units are all in the backups", () => {
  const simulation = new Simulation({ keychains, seed: 1, roundMax: 1_000 });
  simulation.startAll();
  simulation.run(6_000);
  for (const { saves, disk } of simulation.guardians) {
    const rounds = disk.length / 4;
    assert(rounds > 60, `${rounds} rounds`);
    assert(saves <= rounds * 1.05, `${saves} saves in ${rounds} rounds`);
  }
});
