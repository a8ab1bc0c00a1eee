/** What transactions cost a guardian from their submission to their acceptance: each thing once, and together. */
import { assert, assertEquals } from "@std/assert";
import { child } from "../../actors/mod.ts";
import { encode, list } from "../../core/encoding/mod.ts";
import { ok } from "../../core/result.ts";
import type { ConsensusItem } from "../../core/types/session.ts";
import { consensusItem } from "../../core/types/session.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transactionIdOf } from "../../core/types/transaction.ts";
import { RECHECK_INTERVAL_MS, TOGETHER_BYTES_PER_MS, TOGETHER_MS_MAX } from "./limits.ts";
import type { NextUnitData } from "./waiting/mempool.ts";
import type { SubmissionAnswer } from "./waiting/submissions.ts";
import type { OrderedUnit } from "./session/outcome.ts";
import { outcome } from "./session/outcome.ts";
import { processOne } from "./testing/engine.ts";
import { MintLoad, withBadSignature, workOf } from "./testing/mint_load.ts";
import { keychains, outcomeRef, SETTINGS } from "./testing/outcome.ts";
import type { ConsensusTest } from "./testing/processing.ts";
import { refs } from "./testing/processing.ts";

const load = await MintLoad.deal();

/** Notes of a transaction in most of these tests: alone it costs a Miller loop for each, and one more. */
const NOTES = 3;

async function exchanges(count: number): Promise<Transaction[]> {
  const all: Transaction[] = [];
  for (let i = 0; i < count; i++) all.push(load.exchange(await load.notes(NOTES)));
  return all;
}

async function badExchange(): Promise<Transaction> {
  const [first, ...others] = await load.notes(NOTES);
  return load.exchange([...others, withBadSignature(first!)]);
}

function submit({ system }: ConsensusTest, transaction: Transaction, source = "honest"): Promise<SubmissionAnswer> {
  const args = { transaction, waitMs: 600_000, source };
  const answer = system.ask(refs.submissions, "submit", args, { deadlineMs: Infinity });
  answer.catch(() => undefined); // who waits for no answer may be gone before it comes
  return answer;
}

/** How long one waits for others after several that came together. */
function togetherMs(transaction: Transaction): number {
  return transaction.inputs.reduce((sum, { body }) => sum + body.length, 0) / TOGETHER_BYTES_PER_MS;
}

/** What our next unit carries. */
function nextUnit({ system }: ConsensusTest): Promise<NextUnitData> {
  return system.ask(refs.mempool, "nextUnitData", { session: 0, measured: false });
}

async function unitBytes(test: ConsensusTest): Promise<Uint8Array> {
  const data = await nextUnit(test);
  assert(data?.kind === "batch");
  return data.bytes;
}

function itemOf(value: Transaction): ConsensusItem {
  return { tag: "Transaction", value };
}

function unitOf(creator: number, ...transactions: Transaction[]): OrderedUnit {
  const bytes = encode(list(consensusItem), transactions.map(itemOf));
  return { round: 1, creator, data: { kind: "batch", bytes } };
}

Deno.test("ten notes for ten are verified and signed once each, however often the transaction is checked before it is ordered", async () => {
  await load.withConsensus(async (test) => {
    const { system, clock } = test;
    const [other, value] = [load.exchange(await load.notes(1)), load.exchange(await load.notes(10))];
    const work = await workOf(async () => {
      const answer = submit(test, value);
      await clock.advance(0);
      assertEquals(await system.ask(refs.mempool, "take", null), itemOf(value));
      // something else is accepted: what waits is checked again
      const first = processOne(test, { session: 0, position: 0, item: itemOf(other), peer: 1 });
      await clock.advance(RECHECK_INTERVAL_MS);
      assertEquals(await first, ok(null));
      const again = submit(test, value);
      await clock.advance(RECHECK_INTERVAL_MS);
      const second = processOne(test, { session: 0, position: 1, item: itemOf(value), peer: 1 });
      await clock.advance(0);
      const accepted = ok(transactionIdOf(value));
      assertEquals([await second, await answer, await again], [ok(null), accepted, accepted]);
    });
    assertEquals([work.multiplied, work.verified], [1 + 10, 1 + 10]);
    // one of ten notes' keys and the generator, and the other's one note
    assertEquals([work.products, work.millerLoops], [2, 11 + 2]);
  });
});

Deno.test("submissions that come together are checked in one batch, and once they are ordered nothing is verified again", async () => {
  await load.withConsensus(async (test) => {
    const { system, clock } = test;
    const [late, later, last, ...all] = await exchanges(8);
    const submitted = await workOf(async () => {
      for (const transaction of all) submit(test, transaction);
      await clock.advance(TOGETHER_MS_MAX);
    });
    // the first one doesn't wait for others
    assertEquals([submitted.products, submitted.millerLoops], [2, 2 * (NOTES + 1)]);
    assertEquals([submitted.verified, submitted.multiplied], [5 * NOTES, 0]);
    assertEquals(await unitBytes(test), encode(list(consensusItem), all.map(itemOf)));

    const ordered = await workOf(async () => {
      const items = all.map((value) => ({ item: itemOf(value), peer: 0 }));
      const processed = await system.ask(refs.engine, "process", { session: 0, position: 0, items });
      assertEquals(processed, { accepted: 5, refused: null });
    });
    assertEquals([ordered.products, ordered.verified, ordered.multiplied], [0, 0, 5 * NOTES]);

    // where several came together, the first of the next ones waits for others, and once there are none no more
    await clock.advance(10 * TOGETHER_MS_MAX);
    const next = await workOf(async () => {
      submit(test, late!);
      await clock.advance(togetherMs(late!) / 2);
      submit(test, later!);
      await clock.advance(TOGETHER_MS_MAX);
    });
    assertEquals([next.products, next.verified], [1, 2 * NOTES]);
    const alone = await workOf(async () => {
      submit(test, last!);
      await clock.advance(TOGETHER_MS_MAX);
    });
    assertEquals([alone.products, alone.verified], [1, NOTES]);
  });
});

Deno.test("a transaction waits for others as long as checking it together saves: one of one note for a third of what one of three does", async () => {
  await load.withConsensus(async (test) => {
    const { clock } = test;
    for (const transaction of await exchanges(3)) submit(test, transaction);
    await clock.advance(TOGETHER_MS_MAX);
    for (const notes of [1, NOTES]) {
      // what came before came together
      for (const transaction of await exchanges(2)) submit(test, transaction);
      await clock.advance(10 * TOGETHER_MS_MAX);
      await unitBytes(test);
      const transaction = load.exchange(await load.notes(notes));
      submit(test, transaction);
      await clock.advance(togetherMs(transaction) - 2);
      assertEquals(await nextUnit(test), null);
      await clock.advance(3);
      assertEquals(await unitBytes(test), encode(list(consensusItem), [itemOf(transaction)]));
    }
  });
});

Deno.test("transactions of units that are ordered together are checked in one batch", async () => {
  await load.withConsensus(async ({ system, clock }) => {
    const all = await exchanges(4);
    const units = [unitOf(1, all[0]!, all[1]!), unitOf(2, all[1]!), unitOf(3, all[2]!), unitOf(0, all[3]!)];
    const work = await workOf(async () => {
      const life = await system.ask(outcomeRef, "life", null);
      system.tell(outcomeRef, "ordered", { life, units });
      await clock.advance(0);
      const { items } = await system.ask(refs.engine, "resume", null);
      assertEquals(items, 4);
    });
    assertEquals([work.products, work.millerLoops, work.verified], [1, NOTES + 1, 4 * NOTES]);
  }, (modules) => {
    const { engine, mempool, submissions } = refs;
    const args = { session: 0, settings: SETTINGS, keychain: keychains[0]!, modules, engine, mempool };
    return [child(outcome, { args: { ...args, sessions: submissions as never } })];
  });
});

Deno.test("a guardian that catches up checks a session's transactions in batches", async () => {
  await load.withConsensus(async ({ system }) => {
    const all = await exchanges(6);
    const items = all.map((value, i) => ({ item: itemOf(value), peer: i % 4 }));
    const work = await workOf(async () => {
      const args = { session: 0, position: 0, items, adopted: true } as const;
      assertEquals(await system.ask(refs.engine, "process", args), { accepted: 6, refused: null });
      // the same again, as after a restart: it is compared with what is stored
      assertEquals(await system.ask(refs.engine, "process", args), { accepted: 6, refused: null });
    });
    assertEquals([work.products, work.millerLoops], [1, NOTES + 1]);
  });
});

Deno.test("a bad transaction in a batch is refused for what it is, the others are taken, and its sender is checked alone from then on", async () => {
  await load.withConsensus(async (test) => {
    const { clock } = test;
    const [first, ...honest] = await exchanges(8);
    const bad = await badExchange(), worse = await badExchange();
    submit(test, first!);
    const answers = [...honest.slice(0, 3), bad].map((tx) => submit(test, tx, tx === bad ? "stranger" : "honest"));
    await clock.advance(TOGETHER_MS_MAX);
    const refused = await answers.at(-1)!;
    assert(refused !== null && refused !== "broken" && !refused.ok);
    assertEquals(refused.error.tag, "Input");
    const good = [first!, ...honest.slice(0, 3)];
    assertEquals(await unitBytes(test), encode(list(consensusItem), good.map(itemOf)));

    // the stranger's next one takes the honest ones' batch nothing
    const work = await workOf(async () => {
      await clock.advance(TOGETHER_MS_MAX);
      submit(test, honest[3]!);
      await clock.advance(0);
      const next = submit(test, worse, "stranger");
      submit(test, honest[4]!);
      submit(test, honest[5]!);
      await clock.advance(TOGETHER_MS_MAX);
      const answer = await next;
      assert(answer !== null && answer !== "broken" && !answer.ok);
    });
    // honest: three together; the stranger's: a batch that fails, and its notes up to the bad one
    const batch = NOTES + 1;
    assertEquals(work.millerLoops, batch + batch + NOTES * 2);
  });
});
