/** Transactions that clients wait for: how many, how long, and what happens to them at a session's end. */
import { assertEquals } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { decode, list, u64 } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import { consensusItem } from "../../../core/types/session.ts";
import type { Transaction, TransactionError } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { signTransaction } from "../../../core/types/transaction_signing.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { endSession, processOne } from "../testing/engine.ts";
import {
  CALLERS_MAX,
  MEMPOOL_ITEMS_MAX,
  MEMPOOL_PRODUCERS_MAX,
  RECHECK_ALL_MS,
  RECHECK_INTERVAL_MS,
  SUBMISSIONS_MAX,
  TOGETHER_MS_MAX,
} from "../limits.ts";
import type { SubmissionAnswer } from "./submissions.ts";
import type { ConsensusTest } from "../testing/processing.ts";
import { codecsWith, refs, withConsensus } from "../testing/processing.ts";

const SECRET_KEY = new Uint8Array(32).fill(1);

const codecs = codecsWith({ output: u64, outputError: u64, consensusItem: u64 });

/** Each output can be there once. */
const MODULE: Partial<AnyServerModule> = {
  processOutput: async (tx, number: bigint) => {
    const key = Uint8Array.of(1, Number(number));
    if (await tx.get(key) !== undefined) return err(number);
    tx.set(key, key);
    return ok({ amounts: new Map(), fees: new Map() });
  },
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};

function transaction(nonce: number, output?: bigint): Transaction {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, nonce);
  const outputs = output === undefined ? [] : [toDyn(0, u64, output)];
  return { inputs: [], outputs, nonce: bytes, signatures: { tag: "NaiveMultisig", value: [] } };
}

/** `answers[i]` is set when the i-th submission was answered. */
function submitter({ system }: ConsensusTest) {
  const answers: (SubmissionAnswer | undefined)[] = [];
  const submit = (transaction: Transaction, waitMs = 600_000): void => {
    const at = answers.push(undefined) - 1;
    system.ask(refs.submissions, "submit", { transaction, waitMs }, { deadlineMs: Infinity })
      .then((answer) => answers[at] = answer, () => undefined);
  };
  return { answers, submit };
}

async function unit({ system }: ConsensusTest, session = 0): Promise<ConsensusItem[]> {
  const data = await system.ask(refs.mempool, "nextUnitData", { session, measured: false });
  return data?.kind === "batch" ? decode(list(consensusItem), data.bytes) : [];
}

const itemOf = (value: Transaction): ConsensusItem => ({ tag: "Transaction", value });

function process({ system }: ConsensusTest, position: number, value: Transaction) {
  return processOne({ system }, { session: 0, position, item: itemOf(value), peer: 1 });
}

function inspect({ system }: ConsensusTest, { path }: { readonly path: string }) {
  return system.inspect().children.find((child) => child.path === path)!.facts;
}

Deno.test("a submission that finds the mempool full is told so at once; submitted again later it is taken", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { system, clock } = test;
    const { answers, submit } = submitter(test);
    const filler: ConsensusItem = { tag: "Module", value: toDyn(0, u64, 1n) };
    for (let i = 0; i < MEMPOOL_ITEMS_MAX + MEMPOOL_PRODUCERS_MAX; i++) {
      system.ask(refs.mempool, "submit", { item: filler }, { deadlineMs: Infinity }).catch(() => undefined);
    }
    submit(transaction(1));
    await clock.advance(0);
    assertEquals(answers, [null]);
    assertEquals(new Set((await unit(test)).map(({ tag }) => tag)), new Set(["Module"]));
    submit(transaction(1));
    await clock.advance(0);
    assertEquals([answers[1], await unit(test)], [undefined, [itemOf(transaction(1))]]);
  });
});

Deno.test("more than may wait are told so, but one that waits already has room for every caller", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { answers, submit } = submitter(test);
    for (let i = 0; i < SUBMISSIONS_MAX; i++) submit(transaction(i));
    await test.clock.advance(0);
    submit(transaction(SUBMISSIONS_MAX));
    submit(transaction(0));
    await test.clock.advance(0);
    assertEquals(answers.filter((answer) => answer !== undefined), [null]);
    await process(test, 0, transaction(0));
    await test.clock.advance(0);
    assertEquals([answers[0], answers.at(-1)], [
      ok(transactionIdOf(transaction(0))),
      ok(transactionIdOf(transaction(0))),
    ]);
    submit(transaction(SUBMISSIONS_MAX));
    await test.clock.advance(0);
    assertEquals(answers.at(-1), undefined, "there is room again");
  });
});

Deno.test("a transaction that waits goes to one unit a session, and into the next session when it was lost in this one", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { answers, submit } = submitter(test);
    for (let i = 0; i < 2; i++) {
      submit(transaction(1));
      await test.clock.advance(0);
      assertEquals(inspect(test, refs.mempool).waiting, 1);
    }
    assertEquals(await unit(test), [itemOf(transaction(1))]);
    await test.clock.advance(10_000);
    assertEquals(await unit(test), []);
    await endSession(test, 0, 0);
    await test.clock.advance(0);
    assertEquals(await unit(test, 1), [itemOf(transaction(1))]);
    assertEquals(answers, [undefined, undefined]);
  });
});

Deno.test("a transaction that another made invalid is answered with why, soon after that was accepted", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { answers, submit } = submitter(test);
    submit(transaction(1, 5n));
    await test.clock.advance(60_000);
    assertEquals(answers, [undefined]);
    await process(test, 0, transaction(2, 5n));
    await test.clock.advance(RECHECK_INTERVAL_MS);
    assertEquals(answers, [err<TransactionError>({ tag: "Output", value: toDyn(0, u64, 5n) })]);
  });
});

Deno.test("however many wait and however much is accepted, those are checked again that it touches, and the others now and then", async () => {
  const checked: bigint[] = [];
  const module: Partial<AnyServerModule> = {
    ...MODULE,
    inputsStandAlone: true,
    processInput: async (tx, number: bigint) => {
      checked.push(number);
      const key = Uint8Array.of(2, Number(number));
      if (await tx.get(key) !== undefined) return err(number);
      tx.set(key, key);
      return ok({ amounts: new Map(), fees: new Map(), publicKey: publicKeyOf(SECRET_KEY) });
    },
  };
  const spending = (nonce: number, number: bigint): Transaction => {
    const { outputs, nonce: bytes } = transaction(nonce);
    const unsigned = { inputs: [toDyn(0, u64, number)], outputs, nonce: bytes };
    return signTransaction(unsigned, [SECRET_KEY], () => new Uint8Array(32));
  };
  await withConsensus(module, { ...codecs, input: u64, inputError: u64 }, async (test) => {
    const { answers, submit } = submitter(test);
    const numbers = Array.from({ length: 50 }, (_, i) => BigInt(i));
    for (const number of numbers) submit(spending(Number(number), number));
    await test.clock.advance(TOGETHER_MS_MAX);
    assertEquals(checked.splice(0).sort(), [...numbers].sort());
    // one that spends what another spends, and one that touches nobody
    await process(test, 0, spending(100, 7n));
    await process(test, 1, spending(101, 200n));
    assertEquals(checked.splice(0), [7n, 200n]);
    await test.clock.advance(RECHECK_INTERVAL_MS);
    assertEquals(checked.splice(0), [7n]);
    assertEquals(answers[7], err<TransactionError>({ tag: "Input", value: toDyn(0, u64, 7n) }));
    await test.clock.advance(2 * RECHECK_ALL_MS);
    assertEquals(checked.splice(0).sort(), numbers.filter((number) => number !== 7n).sort());
    // and as nothing more is accepted, nothing more is checked
    await test.clock.advance(10 * RECHECK_ALL_MS);
    assertEquals(checked, []);
  });
});

Deno.test("who waits no longer is forgotten, and the transaction with the last of them", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { submit } = submitter(test);
    const waiting = () => inspect(test, refs.submissions).waiting;
    submit(transaction(1), 1_000);
    submit(transaction(1), 2_000);
    await test.clock.advance(1_999);
    assertEquals(waiting(), 1);
    await test.clock.advance(1);
    assertEquals(waiting(), 0);
  });
});

Deno.test("of those who wait for the same transaction only so many are held", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { answers, submit } = submitter(test);
    for (let i = 0; i <= CALLERS_MAX; i++) submit(transaction(1));
    await test.clock.advance(0);
    assertEquals(answers.filter((answer) => answer !== undefined), [null]);
    assertEquals(answers.at(-1), null);
    await process(test, 0, transaction(1));
    await test.clock.advance(0);
    assertEquals(answers.slice(0, -1), Array(CALLERS_MAX).fill(ok(transactionIdOf(transaction(1)))));
  });
});

Deno.test("a flood of submissions keeps out neither what was accepted nor the end of a session", async () => {
  await withConsensus(MODULE, codecs, async (test) => {
    const { system, clock } = test;
    const { answers, submit } = submitter(test);
    submit(transaction(1));
    await clock.advance(0);
    // all of them wait in the mailboxes when consensus comes
    for (let i = 0; i < 10_001; i++) {
      system.ask(refs.submissions, "submit", { transaction: transaction(2 + i % 50), waitMs: 1 }).catch(() =>
        undefined
      );
      system.ask(refs.mempool, "submit", { item: itemOf(transaction(2)) }).catch(() => undefined);
    }
    system.tell(refs.submissions, "accepted", { items: [{ tag: "Transaction", value: transaction(1) }] });
    system.tell(refs.submissions, "sessionCompleted", { session: 0 });
    system.tell(refs.mempool, "sign", { session: 0, signature: new Uint8Array(64) });
    const data = system.ask(refs.mempool, "nextUnitData", { session: 0, measured: false });
    await clock.advance(0);
    assertEquals(answers, [ok(transactionIdOf(transaction(1)))]);
    assertEquals((await data)?.kind, "signature");
  });
});
