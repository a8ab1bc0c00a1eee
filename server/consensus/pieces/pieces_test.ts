/**
 * A guardian that fell behind in a session that no answer holds: how it gets it all the same, from whom, and what evil
 * ones can't do.
 */
import { assert, assertEquals } from "@std/assert";
import { testStore } from "../../../modules/contract/testing/mod.ts";
import { finishedSessions } from "../store/db.ts";
import { itemsIn, putItems, sessionIn } from "../testing/db.ts";
import { itemsOf, SESSION, unitOf } from "../testing/outcome.ts";
import type { Behaviour } from "../testing/pieces.ts";
import { isHonest, silence, storedSession, withFetching } from "../testing/pieces.ts";
import { all, expectTaken, ITEMS, NUMBERS, PIECE, positions } from "../testing/expected_pieces.ts";

Deno.test("a guardian without anything takes a session in pieces, each item once and each piece once, the last one first", async () => {
  const their = await storedSession(SESSION, ITEMS);
  await withFetching({ their, others: all(isHonest) }, async (test) => {
    await expectTaken(test);
    const asked = positions(test.calls);
    assertEquals(asked[0], ITEMS.length - 1);
    assert(asked.length > 5);
    assertEquals(asked.slice(1), [...asked.slice(1)].sort((a, b) => a - b));
    assertEquals(new Set(asked).size, asked.length);
    assertEquals(asked[1], 0);
  });
});

Deno.test("a guardian that has some items takes the others, from the first that it lacks", async () => {
  const their = await storedSession(SESSION, ITEMS);
  for (const had of [1, 17, 59]) {
    const own = await testStore();
    await withFetching({ own, their, others: all(silence) }, async ({ system, clock, outcome }) => {
      await clock.advance(0);
      const life = await system.ask(outcome, "life", null);
      system.tell(outcome, "ordered", { life, units: [unitOf(0, ...NUMBERS.slice(0, had))] });
      await clock.advance(1_000);
    });
    assertEquals((await own.read((tx) => itemsIn(tx, SESSION))).length, had);
    await withFetching({ own, their, others: all(isHonest) }, async (test) => {
      await expectTaken(test);
      const asked = positions(test.calls);
      if (had < 55) assertEquals(asked[1], had);
      else assertEquals(asked, [59]);
    });
  }
});

Deno.test("who crashed after the last item, before the session's end, needs but its signatures", async () => {
  const their = await storedSession(SESSION, ITEMS), own = await testStore();
  await own.transact((tx) => putItems(tx, SESSION, ITEMS));
  await withFetching({ own, their, others: all(isHonest) }, async (test) => {
    await expectTaken(test);
    assertEquals(positions(test.calls).slice(1), []);
  });
});

Deno.test("a guardian that is stopped again and again in between gets on, and asks for no piece of which it has all", async () => {
  const their = await storedSession(SESSION, ITEMS), own = await testStore();
  const later: Behaviour = async (method, params, honest) => {
    if (method === PIECE) waits.push(Promise.withResolvers<void>());
    await waits.at(-1)?.promise;
    return await honest(params);
  };
  const waits: PromiseWithResolvers<void>[] = [];
  let lives = 0, before = 0;
  while (await own.read((tx) => finishedSessions(tx)) === SESSION) {
    assert(++lives < 60);
    await withFetching({ own, their, others: all(later) }, async ({ clock, calls, store }) => {
      // the end, the last piece, and some more
      for (let piece = 0; piece < 2 + lives % 2; piece++) {
        await clock.advance(0);
        for (const wait of waits.splice(0)) wait.resolve();
        await clock.advance(0);
      }
      const wanted = positions(calls).filter((position) => position !== ITEMS.length - 1);
      assert(wanted.every((position) => position >= before), `${wanted}, though ${before} were there`);
      before = (await store.read((tx) => itemsIn(tx, SESSION))).length;
    });
  }
  assert(lives > 3);
  assertEquals((await own.read((tx) => sessionIn(tx, SESSION)))?.sessionOutcome.items, ITEMS);
});

Deno.test("a guardian that lost its database takes one large session after the other", async () => {
  const their = await testStore(), sessions = 4;
  const of = (session: number) => itemsOf(...Array.from({ length: 20 }, (_, i) => BigInt(session * 20 + i)));
  for (let session = 0; session < sessions; session++) await storedSession(session, of(session), their);
  await withFetching({ their, others: all(isHonest) }, async ({ store, clock }) => {
    await clock.advance(60_000);
    for (let session = 0; session < sessions; session++) {
      assertEquals((await store.read((tx) => sessionIn(tx, session)))?.sessionOutcome.items, of(session));
    }
    assertEquals(await store.read((tx) => finishedSessions(tx)), sessions);
  });
});
