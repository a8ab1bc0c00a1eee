/** Pieces come while the own broadcast orders the same items. */
import { assert, assertEquals } from "@std/assert";
import type { PeerId } from "../../../core/types/ids.ts";
import { seededDice, testStore } from "../../../modules/contract/testing/mod.ts";
import { finishedSessions } from "../store/db.ts";
import { sessionIn } from "../testing/db.ts";
import { itemsOf, ROUNDS, SESSION, unitOf } from "../testing/outcome.ts";
import type { Behaviour, Fetching } from "../testing/pieces.ts";
import { silence, storedSession, withFetching } from "../testing/pieces.ts";
import type { OrderedUnit } from "../session/outcome.ts";
import { restartsOf, stored } from "../testing/processing.ts";
import { all, expectTaken, ITEMS, NUMBERS, PIECE, positions } from "../testing/expected_pieces.ts";

/** Some items are refused in between, and some are accepted again. */
const BOTH_WAYS: readonly (readonly bigint[])[] = [
  [0n, 1n, 2n, 200n],
  [2n, 3n, 200n, 200n, 3n, 4n],
  [1n, 1n],
  [5n, 6n, 7n, 8n, 9n, 10n],
  [200n, 11n, 0n, 12n, 13n, 201n, 14n],
  [15n, 201n, 201n],
];
const BOTH_ITEMS = itemsOf(
  ...[0n, 1n, 2n, 200n, 3n, 200n, 200n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 200n, 11n, 12n, 13n, 201n, 14n, 15n, 201n, 201n],
);

/** In one life: some units come, some pieces, in an order of the dice, until it ends by itself or is killed. */
async function lifeOf(
  test: Fetching,
  { allow, dice, ofPieces, isLast }: {
    readonly allow: () => void;
    readonly dice: () => number;
    /** The part of all steps in which a piece comes. */
    readonly ofPieces: number;
    readonly isLast: boolean;
  },
): Promise<void> {
  const { system, clock, outcome, store } = test;
  await clock.advance(0);
  const life = await system.ask(outcome, "life", null);
  const units: OrderedUnit[] = [
    ...BOTH_WAYS.map((numbers, round) => unitOf(round, ...numbers)),
    { ...unitOf(ROUNDS), creator: 2 },
  ];
  while (await store.read((tx) => finishedSessions(tx)) === SESSION) {
    if (!isLast && dice() < 0.06) return;
    if (dice() < ofPieces) allow();
    else if (units.length > 0) system.tell(outcome, "ordered", { life, units: units.splice(0, 1 + 2 * dice()) });
    if (dice() < 0.6) await clock.advance(0);
    else await clock.advance(500);
  }
}

Deno.test("pieces and what is ordered may come in any order, with any crash in between: each item is accepted once, in its place", async () => {
  const their = await storedSession(SESSION, BOTH_ITEMS);
  let signedByOrder = 0, takenInPieces = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededDice(seed), dice = () => random.below(1_000) / 1_000;
    const own = await testStore();
    for (let life = 0; await own.read((tx) => finishedSessions(tx)) === SESSION; life++) {
      const waits: (() => void)[] = [];
      let taken = 0;
      const gated: Behaviour = async (method, params, honest) => {
        if (method === PIECE) await new Promise<void>((resolve) => waits.push(resolve));
        return await honest(params);
      };
      const others = new Map<PeerId, Behaviour>([[1, gated], [2, silence], [3, silence]]);
      await withFetching({ own, their, others, pieceBytesMax: 20 + 20 * (seed % 3) }, async (test) => {
        const allow = () => {
          taken += waits.length;
          for (const resolve of waits.splice(0)) resolve();
        };
        await lifeOf(test, { allow, dice, ofPieces: seed % 2 === 0 ? 0.2 : 0.5, isLast: life > 4 });
        assertEquals(test.disagreed, []);
        assertEquals(restartsOf(test), 0);
        assertEquals(test.log.filter(({ level }) => level === "error" || level === "warn"), []);
        if (taken < 2) return;
        if (test.log.some(({ message }) => message.endsWith("processed, signing"))) signedByOrder++;
        if (test.log.some(({ message }) => message.startsWith("Took the session's outcome"))) takenInPieces++;
      });
    }
    assertEquals((await own.read((tx) => sessionIn(tx, SESSION)))?.sessionOutcome.items, BOTH_ITEMS, `seed ${seed}`);
    for (const [number, count] of [[1, 1], [15, 1], [200, 4], [201, 3]] as const) {
      assertEquals(await stored(own, Uint8Array.of(number)), Uint8Array.of(count), `seed ${seed}: ${number}`);
    }
  }
  assert(
    signedByOrder >= 3 && takenInPieces >= 10,
    `${signedByOrder} ended by the order, ${takenInPieces} by pieces`,
  );
});

Deno.test("when the order has brought more than a piece, the next one is asked for behind it", async () => {
  const their = await storedSession(SESSION, ITEMS);
  let answered = 0;
  const wait = Promise.withResolvers<void>();
  const slow: Behaviour = async (method, params, honest) => {
    if (method === PIECE && ++answered > 3) await wait.promise;
    return await honest(params);
  };
  await withFetching({ their, others: all(slow) }, async (test) => {
    const { clock, system, outcome, calls } = test;
    await clock.advance(1_000);
    const life = await system.ask(outcome, "life", null);
    system.tell(outcome, "ordered", { life, units: [unitOf(0, ...NUMBERS.slice(0, 50))] });
    await clock.advance(1_000);
    const before = calls.length;
    wait.resolve();
    await expectTaken(test);
    assertEquals(positions(calls, before)[0], 50);
    assertEquals(restartsOf(test), 0);
  });
});
