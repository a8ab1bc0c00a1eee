/** A guardian has other items than the federation has signed. */
import { assert, assertEquals } from "@std/assert";
import type { RpcError } from "../../../actors/rpc/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { moduleEncoding } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { headerOf, signedSessionOutcome } from "../../../core/types/session.ts";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { itemsIn, putItems, treeOf } from "../testing/db.ts";
import { itemsOf, keychains, ROUNDS, SESSION, signed, unitOf } from "../testing/outcome.ts";
import type { Behaviour } from "../testing/pieces.ts";
import { isHonest, silence, storedSession, withFetching } from "../testing/pieces.ts";
import { restartsOf } from "../testing/processing.ts";
import {
  all,
  END,
  expectTaken,
  ITEMS,
  luring,
  NUMBERS,
  PIECE,
  positions,
  toldEnd,
} from "../testing/expected_pieces.ts";

Deno.test("a guardian whose order brings others than were signed learns that it disagrees", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const pieces of [1, 3]) {
    const others = new Map<PeerId, Behaviour>([[1, luring(pieces)], [2, silence], [3, silence]]);
    await withFetching({ their, others }, async (test) => {
      const { clock, system, outcome, disagreed } = test;
      await clock.advance(1_000);
      const life = await system.ask(outcome, "life", null);
      const end = { ...unitOf(ROUNDS), creator: 2 };
      const units = [unitOf(0, ...NUMBERS.slice(0, 30), 99n, ...NUMBERS.slice(30)), end];
      system.tell(outcome, "ordered", { life, units });
      await clock.advance(1_000);
      const reason = "it accepted 60 items, this guardian 61, and they differ";
      assertEquals([disagreed, restartsOf(test)], [[{ session: SESSION, reason }], 0]);
    });
  }
});

const DIFFERENT: readonly (readonly [what: string, own: readonly bigint[], reason: string])[] = [
  ["other items", [0n, 1n, 3n], "the 3 items that this guardian has are not the first of those that were signed"],
  ["as many items, but others", [...NUMBERS.slice(1), 0n], "it accepted 60 items, this guardian 60, and they differ"],
  ["more items", [...NUMBERS, 60n], "it accepted 60 items, this guardian 61, and they differ"],
];

for (const [what, numbers, reason] of DIFFERENT) {
  Deno.test(`a guardian that has accepted ${what} learns that it disagrees, once, and processes nothing more`, async () => {
    const their = await storedSession(SESSION, ITEMS), own = await testStore();
    const items: AcceptedItem[] = itemsOf(...numbers);
    await own.transact((tx) => putItems(tx, SESSION, items));
    await withFetching({ own, their, others: all(isHonest) }, async (test) => {
      await test.clock.advance(30_000);
      assertEquals(test.disagreed, [{ session: SESSION, reason }]);
      assertEquals(await test.store.read((tx) => itemsIn(tx, SESSION)), items);
      assertEquals(restartsOf(test), 0);
    });
  });
}

Deno.test("an item that is refused here, though it was signed, is a disagreement", async () => {
  const items = itemsOf(1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n, 1n, 14n);
  const their = await storedSession(SESSION, items);
  await withFetching({ their, others: all(isHonest) }, async ({ clock, disagreed }) => {
    await clock.advance(30_000);
    const reason = "of its 14 items this guardian refused one after 12: voted before";
    assertEquals(disagreed, [{ session: SESSION, reason }]);
  });
});

Deno.test("who waits for signatures takes them alone, and disagrees when others were signed", async () => {
  for (const [numbers, disagreements] of [[NUMBERS, 0], [NUMBERS.slice(1), 1]] as const) {
    const their = await storedSession(SESSION, ITEMS), tellNow = Promise.withResolvers<void>();
    const others = all(async (_method, params, honest) => {
      await tellNow.promise;
      return await honest(params);
    });
    await withFetching({ their, others }, async (test) => {
      const { clock, system, outcome, disagreed, calls } = test;
      await clock.advance(0);
      const life = await system.ask(outcome, "life", null);
      const end = { round: ROUNDS, creator: 2, data: null };
      system.tell(outcome, "ordered", { life, units: [unitOf(0, ...numbers), end] });
      await clock.advance(1_000);
      tellNow.resolve();
      await clock.advance(10_000);
      assertEquals(disagreed.length, disagreements);
      if (disagreements === 0) await expectTaken(test);
      else assertEquals(disagreed[0]!.reason, "it accepted 60 items, this guardian 59, and they differ");
      assertEquals(positions(calls).slice(1), []);
    });
  }
});

Deno.test("a whole outcome that comes while pieces are fetched ends it", async () => {
  const their = await storedSession(SESSION, ITEMS);
  let pieces = 0;
  const stuck: Behaviour = (method, params, honest) => method === PIECE && ++pieces > 4 ? silence() : honest(params);
  const whole = Promise.withResolvers<Result<Json, RpcError>>();
  const others = new Map([[1, stuck], [2, stuck], [3, () => whole.promise]]);
  await withFetching({ their, others }, async (test) => {
    await test.clock.advance(3_000);
    const had = (await test.store.read((tx) => itemsIn(tx, SESSION))).length;
    assert(had > 5 && had < 55);
    whole.resolve(ok(moduleEncoding(signedSessionOutcome).toJson(signed(ITEMS))));
    await expectTaken(test);
    assertEquals(restartsOf(test), 0);
  });
});

Deno.test("of two outcomes that a threshold has signed the second is told of, and not taken", async () => {
  const their = await storedSession(SESSION, ITEMS);
  const root = treeOf(itemsOf(1n)).root();
  const signatures = new Map([0, 1, 2].map((peer) => [peer, keychains[peer]!.sign(headerOf(SESSION, root))]));
  const others = new Map<PeerId, Behaviour>([
    [1, isHonest],
    [2, isHonest],
    [3, async (method, params, honest) => {
      if (method === END) await honest(params);
      return method === END ? toldEnd(1, root, signatures) : await honest(params);
    }],
  ]);
  await withFetching({ their, others }, async (test) => {
    await expectTaken(test);
    assertEquals(test.log.filter(({ level }) => level === "warn").map(({ facts }) => facts!.peer), [3]);
  });
});
