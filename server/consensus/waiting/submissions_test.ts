/** What a submission brings to light is told to whoever submitted it; in consensus the same thing is a crash. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../../actors/testing/manual_clock.ts";
import { ActorError } from "../../../actors/mod.ts";
import { InvariantError } from "../../../core/assert.ts";
import { u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { processOne } from "../testing/engine.ts";
import { CHECKS_MAX, TOGETHER_MS_MAX } from "../limits.ts";
import { codecsWith, refs, restartsOf, stored, withConsensus } from "../testing/processing.ts";

/** Items of the test's module, by what happens to them. */
const GOOD = 0n, BREAKS = 1n, BREAKS_LATE = 2n;
const KEY = Uint8Array.of(7);

const broken = (): never => {
  throw new InvariantError("Invariant broken: no more is spent than was issued");
};

/**
 * Inputs break while they are prepared (1) or verified (2); outputs while they are processed (1), after a write and as
 * a plain bug (2).
 */
const MODULE: Partial<AnyServerModule> = {
  prepareInputs: (transactions) =>
    transactions.flat().includes(BREAKS) ? broken() : Promise.resolve(transactions.map(() => true)),
  verifyInput: (input) => input === BREAKS_LATE ? broken() : ok(null),
  processInput: broken,
  processOutput: (tx, output) => {
    if (output === BREAKS) return broken();
    tx.set(KEY, Uint8Array.of(1));
    if (output === BREAKS_LATE) throw new TypeError("undefined is not a function");
    return Promise.resolve(ok({ amounts: new Map(), fees: new Map() }));
  },
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};

const codecs = codecsWith({ input: u64, output: u64 });

function transactionOf(parts: { readonly input?: bigint; readonly output?: bigint }, nonce = 0): Transaction {
  const items = (value: bigint | undefined) => value === undefined ? [] : [toDyn(0, u64, value)];
  return {
    inputs: items(parts.input),
    outputs: items(parts.output),
    nonce: new Uint8Array(8).fill(nonce),
    signatures: { tag: "NaiveMultisig", value: [] },
  };
}

Deno.test("a submission that breaks an invariant is answered and logged; nothing restarts and nothing is kept", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { system, store, log, clock } = test;
    const cases = [{ input: BREAKS }, { input: BREAKS_LATE }, { input: GOOD }, { output: BREAKS }, {
      output: BREAKS_LATE,
    }];
    for (const [i, parts] of cases.entries()) {
      const tx = transactionOf(parts);
      const answer = system.ask(refs.submissions, "submit", { transaction: tx, waitMs: 1_000 });
      await clock.advance(TOGETHER_MS_MAX);
      assertEquals(await answer, "broken");
      const warnings = log.filter(({ level }) => level === "warn");
      assertEquals(warnings.length, i + 1);
      assertEquals(warnings[i]!.facts.txid, transactionIdOf(tx));
      const reason = parts.output === BREAKS_LATE ? "undefined is not a function" : "no more is spent than was issued";
      assert(String(warnings[i]!.facts.reason).includes(reason), `${warnings[i]!.facts.reason}`);
    }
    assertEquals(restartsOf(test), 0);
    assertEquals(await stored(store, KEY), undefined);
    assertEquals(await system.ask(refs.mempool, "nextUnitData", { session: 0, measured: false }), null);
  });
});

Deno.test("other submissions go on beside a broken one", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { system, clock } = test;
    const good = transactionOf({ output: GOOD });
    const waiting = system.ask(refs.submissions, "submit", { transaction: good, waitMs: 1_000 });
    const bad = transactionOf({ output: BREAKS });
    assertEquals(await system.ask(refs.submissions, "submit", { transaction: bad, waitMs: 1_000 }), "broken");
    const item = await system.ask(refs.mempool, "take", null);
    assertEquals(item, { tag: "Transaction", value: good });
    const process = processOne(test, { session: 0, position: 0, item, peer: 0 });
    await clock.advance(0);
    assertEquals([await process, await waiting], [ok(null), ok(transactionIdOf(good))]);
    assertEquals(restartsOf(test), 0);
  });
});

Deno.test("an ordered item that breaks an invariant is a crash, and none of it is kept", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { store, clock } = test;
    for (const output of [BREAKS, BREAKS_LATE]) {
      const before = restartsOf(test);
      const item = { tag: "Transaction" as const, value: transactionOf({ output }) };
      const args = { session: 0, position: 0, item, peer: 0 };
      await assertRejects(() => processOne(test, args), ActorError);
      await clock.advance(0);
      assertEquals(restartsOf(test), before + 2, "the module, and the engine that asked it");
    }
    assertEquals(await stored(store, KEY), undefined);
  });
});

Deno.test("however many transactions are submitted, a few are checked at a time, and each is checked", async () => {
  let [most, checked] = [0, 0];
  let waiting = (): number => 0;
  const module: Partial<AnyServerModule> = {
    ...MODULE,
    prepareInputs: (transactions) => Promise.resolve(transactions.map(() => true)),
    verifyInput: () => ok(null),
    processOutput: async (_tx, output: bigint) => {
      most = Math.max(most, 1 + waiting());
      await settle();
      checked++;
      return output === GOOD ? ok({ amounts: new Map(), fees: new Map() }) : broken();
    },
  };
  await withConsensus(module, codecs, async ({ system }) => {
    waiting = () => system.inspect().children.find(({ path }) => path === refs.module.path)!.waiting;
    const asked = Array.from({ length: 100 }, (_, i) => {
      const transaction = transactionOf({ output: BREAKS }, i);
      return system.ask(refs.submissions, "submit", { transaction, waitMs: 1_000 });
    });
    assertEquals(await Promise.all(asked), Array(100).fill("broken"));
    assertEquals([most, checked], [CHECKS_MAX, 100]);
    const good = transactionOf({ output: GOOD });
    const answer = system.ask(refs.submissions, "submit", { transaction: good, waitMs: 1_000 });
    assertEquals(await system.ask(refs.mempool, "take", null), { tag: "Transaction", value: good });
    system.tell(refs.submissions, "accepted", { items: [{ tag: "Transaction", value: good }] });
    assertEquals(await answer, ok(transactionIdOf(good)));
  });
});

Deno.test("whoever was answered leaves nothing behind, however long they would have waited", async () => {
  await withConsensus(MODULE, codecs, async ({ system, clock }) => {
    for (let nonce = 0; nonce < 20; nonce++) {
      const args = { transaction: transactionOf({ output: BREAKS }, nonce), waitMs: 3_600_000 };
      // two who wait for the same
      const asked = [system.ask(refs.submissions, "submit", args), system.ask(refs.submissions, "submit", args)];
      assertEquals(await Promise.all(asked), ["broken", "broken"]);
    }
    // a few are for whatever comes next
    assert(clock.pendingTimers < 5, `${clock.pendingTimers} timers`);
  });
});

Deno.test("a copy of a transaction with other signatures, which anybody can make, doesn't speak for it", async () => {
  const module: Partial<AnyServerModule> = {
    ...MODULE,
    processOutput: () => Promise.resolve(ok({ amounts: new Map(), fees: new Map() })),
  };
  await withConsensus(module, codecs, async ({ system }) => {
    const good = transactionOf({ output: GOOD }), txid = transactionIdOf(good);
    const copy: Transaction = { ...good, signatures: { tag: "NaiveMultisig", value: [new Uint8Array(64)] } };
    assertEquals(transactionIdOf(copy), txid);
    const submit = (transaction: Transaction) => system.ask(refs.submissions, "submit", { transaction, waitMs: 1_000 });
    const before = submit(copy), answer = submit(good), after = submit(copy);
    const refused = err({ tag: "InvalidWitnessLength" as const, value: null });
    assertEquals([await before, await after], [refused, refused]);
    assertEquals(await system.ask(refs.mempool, "take", null), { tag: "Transaction", value: good });
    const later = submit(copy), laterToo = submit(good);
    assertEquals(await later, refused);
    system.tell(refs.submissions, "accepted", { items: [{ tag: "Transaction", value: good }] });
    assertEquals([await answer, await laterToo], [ok(txid), ok(txid)]);
  });
});
