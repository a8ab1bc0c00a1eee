/** What a unit costs: one transaction and one audit for all that is accepted, next to nothing for junk. */
import { assert, assertEquals } from "@std/assert";
import type { Store } from "../../actors/store/mod.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { DecodeError, encode, list, u64 } from "../../core/encoding/mod.ts";
import type { AcceptedItem, ConsensusItem } from "../../core/types/session.ts";
import { consensusItem } from "../../core/types/session.ts";
import { testStore } from "../../modules/contract/testing/mod.ts";
import { decodeBatch } from "./session/batch.ts";
import { itemsIn } from "./testing/db.ts";
import { codecs, counting, endSession, REFUSED } from "./testing/engine.ts";
import { codecsWith, refs, vote, withConsensus } from "./testing/processing.ts";
import type { Modules } from "./engine/transaction.ts";

const UNKNOWN: ConsensusItem = { tag: "Default", value: { variant: 9n, bytes: new Uint8Array(0) } };

/** Most of two bytes that a batch holds. */
const JUNK_MAX = 24_990;

type Work = { transactions: number; audits: number; asked: number };

Deno.test("of a unit full of items that their module refuses each is decoded once, and one line of the log tells of all", async () => {
  let decoded = 0;
  const counted: Codec<bigint> = {
    ...u64,
    read: (reader) => {
      decoded++;
      return u64.read(reader);
    },
  };
  const module = counting();
  let modules: Modules | undefined;
  await withConsensus(module, codecsWith({ consensusItem: counted }), async ({ system, log }) => {
    const count = 5_000;
    const batch = decodeBatch(
      modules!,
      encode(list(consensusItem), Array.from({ length: count }, () => vote(REFUSED))),
    );
    assert(!(batch instanceof DecodeError));
    const before = log.length;
    assertEquals(
      await system.ask(refs.engine, "process", {
        session: 0,
        position: 0,
        items: batch.items.map((item) => ({ item, peer: 1 })),
      }),
      { accepted: 0, refused: "voted before" },
    );
    assertEquals([decoded, module.processed, log.length - before], [count, count, 1]);
  }, (made) => {
    modules = made;
    return [];
  });
});

async function withWork(
  body: (test: {
    /** As a unit of guardian 1. */
    readonly order: (position: number, ...items: ConsensusItem[]) => Promise<unknown>;
    readonly end: (position: number) => Promise<void>;
    readonly items: () => Promise<AcceptedItem[]>;
    /** Done since the last call. */
    readonly work: () => Work;
    readonly logged: () => number;
  }) => Promise<void>,
): Promise<void> {
  const store = await testStore();
  let transactions = 0, audits = 0;
  const counted = new Proxy<Store>(store, {
    get: (target, name) => {
      if (name === "transact") transactions++;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const module = counting();
  const { audit } = module;
  module.audit = (tx) => {
    audits++;
    return audit!(tx);
  };
  await withConsensus(
    module,
    codecs,
    async (test) => {
      await test.clock.advance(0);
      transactions = 0;
      await body({
        order: (position, ...items) =>
          test.system.ask(refs.engine, "process", {
            session: 0,
            position,
            items: items.map((item) => ({ item, peer: 1 })),
          }),
        end: (position) => endSession(test, 0, position),
        items: () => store.read((tx) => itemsIn(tx, 0)),
        work: () => {
          const done = { transactions, audits, asked: module.processed };
          transactions = audits = module.processed = 0;
          return done;
        },
        logged: () => test.log.length,
      });
    },
    () => [],
    counted,
  );
}

Deno.test("a unit full of items of an unknown kind asks no module and takes no transaction, audit or log line an item", async () => {
  await withWork(async ({ order, items, work, logged }) => {
    const before = logged();
    const processed = await order(0, ...Array.from({ length: JUNK_MAX }, () => UNKNOWN));
    assertEquals(processed, { accepted: 0, refused: "unknown kind of item 9" });
    assertEquals([work(), await items(), logged() - before], [{ transactions: 0, audits: 0, asked: 0 }, [], 0]);
  });
});

Deno.test("a unit's items are one transaction and one audit, and those that are refused leave nothing behind", async () => {
  await withWork(async ({ order, items, end, work }) => {
    const votes = Array.from({ length: 50 }, (_, i) => vote(BigInt(i)));
    const mixed = votes.flatMap((one) => [one, vote(REFUSED), one, UNKNOWN]);
    assertEquals(await order(0, ...mixed), { accepted: 50, refused: "voted before" });
    assertEquals(work(), { transactions: 1, audits: 1, asked: 150 });
    assertEquals(await items(), votes.map((item) => ({ item, peer: 1 })));
    // all of them refused: nothing is audited
    assertEquals(await order(50, ...votes), { accepted: 0, refused: "voted before" });
    assertEquals(work(), { transactions: 1, audits: 0, asked: 50 });
    // at the end once more, in full: what it is found in takes a transaction to wait for what is not on disk, and one
    // for the record
    await end(50);
    assertEquals(work().audits, 1);
  });
});
