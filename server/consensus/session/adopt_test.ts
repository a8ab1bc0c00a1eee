/** Outcomes that come from a peer: what is taken over, and what an evil guardian can't add. */
import { assert, assertEquals } from "@std/assert";
import { DecodeError } from "../../../core/encoding/mod.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import {
  fetched,
  itemsOf,
  outcomeRef,
  ROUNDS,
  sealedWith,
  SESSION,
  signed,
  unitOf,
  withSession,
} from "../testing/outcome.ts";
import { itemsIn, sessionHeader } from "../testing/db.ts";
import { refs, restartsOf, stored } from "../testing/processing.ts";

/** What the module accepts as often as it comes, as the reference's meta module does with votes. */
const AGAIN = 200n, AGAIN_TOO = 201n;

function copiedLast(items: readonly AcceptedItem[], count: number): AcceptedItem[] {
  const copied = [...items, ...items.slice(-count)];
  assertEquals(
    sessionHeader(SESSION, { items: copied }),
    sessionHeader(SESSION, { items: [...items] }),
    "a real danger",
  );
  return copied;
}

const HONEST: readonly (readonly [what: string, items: AcceptedItem[], last: number])[] = [
  ["items that are accepted once", itemsOf(1n, 2n, 3n), 1],
  ["an item that is accepted again", itemsOf(1n, 2n, AGAIN), 1],
  ["items that are all accepted again", itemsOf(1n, 2n, 3n, 4n, AGAIN, AGAIN_TOO), 2],
  ["items of which some are accepted again", itemsOf(1n, 2n, 3n, 4n, AGAIN, 5n), 2],
];

for (const [what, honest, last] of HONEST) {
  Deno.test(`copies of the last items are dropped when an outcome is taken from a peer: ${what}`, async () => {
    await withSession(async ({ system, store, clock, lines }, completed) => {
      const { signatures } = signed(honest);
      const sessionOutcome = { items: copiedLast(honest, last) };
      system.tell(outcomeRef, "recovered", { outcome: fetched({ sessionOutcome, signatures }) });
      await clock.advance(1_000);
      assertEquals(completed, [{ sealed: sealedWith(honest), signatures }]);
      assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), honest);
      const again = await stored(store, Uint8Array.of(Number(AGAIN)));
      assert(again === undefined || again[0] === 1, "no copy was processed");
      assertEquals(lines().filter((line) => !line.startsWith("info")), []);
    });
  });
}

Deno.test("who has some items takes the others from a peer, each once", async () => {
  const honest = itemsOf(1n, AGAIN, 3n, 4n, 5n);
  await withSession(async ({ system, clock, store }, completed) => {
    const life = await system.ask(outcomeRef, "life", null);
    system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, 1n, AGAIN)] });
    system.tell(outcomeRef, "recovered", { outcome: fetched(signed(honest)) });
    await clock.advance(1_000);
    assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(honest)]);
    assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), honest);
    assertEquals(await stored(store, Uint8Array.of(Number(AGAIN))), Uint8Array.of(1));
  });
});

Deno.test("who has all items but not the last unit keeps their own, the last twice if it came twice", async () => {
  for (const own of [itemsOf(1n, 2n, AGAIN), itemsOf(1n, 2n, AGAIN, AGAIN)]) {
    for (const said of [itemsOf(1n, 2n, AGAIN), itemsOf(1n, 2n, AGAIN, AGAIN)]) {
      await withSession(async ({ system, store, clock }, completed) => {
        const life = await system.ask(outcomeRef, "life", null);
        const numbers = own.length === 4 ? [1n, 2n, AGAIN, AGAIN] : [1n, 2n, AGAIN];
        system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, ...numbers)] });
        system.tell(outcomeRef, "recovered", { outcome: fetched(signed(said)) });
        await clock.advance(1_000);
        assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(own)]);
        assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), own);
      });
    }
  }
});

Deno.test("items that came again in the midst of a session's last ones are taken, also when ours go beyond the first time", async () => {
  const numbers = [1n, 2n, 3n, 4n, AGAIN, AGAIN_TOO, AGAIN, AGAIN_TOO];
  await withSession(async ({ system, clock }, completed) => {
    const life = await system.ask(outcomeRef, "life", null);
    system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, ...numbers.slice(0, -1))] });
    system.tell(outcomeRef, "recovered", { outcome: fetched(signed(itemsOf(...numbers))) });
    await clock.advance(1_000);
    assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(itemsOf(...numbers))]);
  });
});

Deno.test("who waits for signatures keeps their own items, and takes the signatures alone from a peer", async () => {
  const honest = itemsOf(1n, 2n, 3n);
  await withSession(async ({ system, clock }, completed) => {
    const life = await system.ask(outcomeRef, "life", null);
    const end = { round: ROUNDS, creator: 2, data: null };
    system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, 1n, 2n, 3n), end] });
    await clock.advance(1_000);
    assertEquals(completed, []);
    const { signatures } = signed(honest);
    system.tell(outcomeRef, "recovered", {
      outcome: fetched({ sessionOutcome: { items: copiedLast(honest, 1) }, signatures }),
    });
    await clock.advance(1_000);
    assertEquals(completed, [{ sealed: sealedWith(honest), signatures }]);
  });
});

const DISAGREEMENTS: readonly (readonly [what: string, own: bigint[], said: bigint[], why: string])[] = [
  [
    "has an item that is refused here",
    [],
    [1n, 2n, 1n],
    "of its 3 items this guardian refused one after 2: voted before",
  ],
  [
    "has another item where we have one",
    [1n, 2n],
    [1n, 3n, 4n],
    "of its 3 items this guardian refused one after 1: item was rejected before",
  ],
  ["has fewer items than we accepted", [1n, 2n, 3n], [1n, 2n], "it accepted 2 items, this guardian 3"],
];

for (const [what, own, said, reason] of DISAGREEMENTS) {
  Deno.test(`a signed outcome that ${what} is a disagreement that is told once, no crash`, async () => {
    await withSession(async (test, completed, disagreed) => {
      const { system, clock } = test;
      const life = await system.ask(outcomeRef, "life", null);
      system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, ...own)] });
      system.tell(outcomeRef, "recovered", { outcome: fetched(signed(itemsOf(...said))) });
      await clock.advance(1_000);
      assertEquals([completed, disagreed, restartsOf(test)], [[], [{ session: SESSION, reason }], 0]);
    });
  });
}

Deno.test("a signed outcome that isn't the one that we have signed is a disagreement", async () => {
  await withSession(async (test, completed, disagreed) => {
    const { system, clock } = test;
    const life = await system.ask(outcomeRef, "life", null);
    const end = { round: ROUNDS, creator: 2, data: null };
    system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, 1n, 2n), end] });
    system.tell(outcomeRef, "recovered", { outcome: fetched(signed(itemsOf(1n, 3n))) });
    await clock.advance(1_000);
    const reason = "it accepted 2 items, this guardian 2, and they differ";
    assertEquals([completed, disagreed, restartsOf(test)], [[], [{ session: SESSION, reason }], 0]);
  });
});

Deno.test("who has items in the store that did not come again signs nothing, and learns what is right from a peer", async () => {
  for (const [said, reason] of [[itemsOf(1n, 2n), null], [itemsOf(2n, 1n), "refused one after 0"]] as const) {
    await withSession(async (test, completed, disagreed) => {
      const { system, store, clock, log } = test;
      await system.ask(refs.engine, "process", { session: SESSION, position: 0, items: itemsOf(1n, 2n) });
      const life = await system.ask(outcomeRef, "life", null);
      const end = { round: ROUNDS, creator: 2, data: null };
      system.tell(outcomeRef, "ordered", { life, units: [unitOf(0, 1n), end, end] });
      await clock.advance(1_000);
      const signing = await system.ask(refs.mempool, "nextUnitData", { session: SESSION, measured: false });
      const errors = log.filter(({ level }) => level === "error").map(({ message }) => message);
      assertEquals([signing, errors], [null, ["The store has items that did not come again: nothing is signed"]]);
      system.tell(outcomeRef, "recovered", { outcome: fetched(signed(said)) });
      await clock.advance(1_000);
      assertEquals([completed.length, disagreed.length, restartsOf(test)], reason ? [0, 1, 0] : [1, 0, 0]);
      if (reason) assert(disagreed[0]!.reason.includes(reason));
      assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), itemsOf(1n, 2n));
    });
  }
});

Deno.test("an outcome that can't be decoded here is told, and neither a disagreement nor the end: a later version may take it", async () => {
  const honest = itemsOf(1n, 2n, 3n, 4n);
  await withSession(async (test, completed, disagreed) => {
    const { system, clock, store, log } = test, outcome = fetched(signed(honest));
    const unreadable: typeof outcome.items = async function* (count) {
      for await (const items of outcome.items(count - 2)) yield items;
      throw new DecodeError("invalid", "No such curve point");
    };
    system.tell(outcomeRef, "recovered", { outcome: { ...outcome, items: unreadable } });
    await clock.advance(1_000);
    assertEquals([completed, disagreed, restartsOf(test)], [[], [], 0]);
    assertEquals(await store.read((tx) => itemsIn(tx, SESSION)), honest.slice(0, 2));
    const errors = log.filter(({ level }) => level === "error").map(({ facts }) => facts);
    assertEquals(errors, [{ session: SESSION, error: "No such curve point" }]);
    // with one that can
    system.tell(outcomeRef, "recovered", { outcome });
    await clock.advance(1_000);
    assertEquals(completed.map(({ sealed }) => sealed), [sealedWith(honest)]);
  });
});
