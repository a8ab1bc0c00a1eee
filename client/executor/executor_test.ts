import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorError } from "../../actors/error.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { NotReady } from "../../modules/contract/client_env.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { Client } from "../core/client.ts";
import { startGuardians, toyFederation } from "../testing/federation.ts";
import { getEvents } from "../logs/events.ts";
import { getOperation } from "../logs/operations.ts";
import type { Script } from "../testing/world.ts";
import { ClientWorld } from "../testing/world.ts";
import { type Toy, TOY_FEE, TOY_KIND, ToyBooks, toyModule, toyOf } from "../testing/toy.ts";
import { operationStates } from "./states.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]) });

/** A machine whose client can be killed and opened again, and guardians who outlive it. */
class Wallet {
  readonly world: ClientWorld;
  readonly books = new ToyBooks();
  client!: Client;

  constructor(seed = 1) {
    this.world = new ClientWorld(seed);
  }

  static async joined(script: (honest: Script) => Script = (honest) => honest): Promise<Wallet> {
    const wallet = new Wallet();
    await wallet.world.finish(startGuardians(wallet.world, federation, script(wallet.books.script(federation.honest))));
    await wallet.open();
    await wallet.finish(wallet.client.join(federation.invite));
    return wallet;
  }

  get toy(): Toy {
    return toyOf(this.client);
  }

  async open(failAtCommit = Infinity): Promise<void> {
    const store = await this.finish(this.world.openStore("client.kv", { failAtCommit }));
    this.client = await this.finish(
      Client.open({ platform: this.world.platform, store, modules: [toyModule], log: () => {} }),
    );
  }

  /**
   * The process dies at its n-th commit from here on, while `work` and what it set going run; then the client is opened
   * again.
   */
  async crashAt(commit: number, work: () => Promise<unknown>): Promise<boolean> {
    await this.finish(this.client.close());
    await this.open(commit);
    const outcome = work().then(() => this.client.awaitIdle()).then(() => false, () => true);
    const crashed = await this.finish(Promise.race([outcome, this.client.failed.catch(() => true)]));
    await this.open();
    return crashed;
  }

  async kinds(): Promise<string[]> {
    await this.finish(this.client.nextEventId());
    const events = await this.client.options.store.read((tx) => getEvents(tx, 0, 1_000));
    return events.map(({ kind }) => kind);
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise, 24 * 3_600_000);
  }
}

const OPERATION = "cd".repeat(32) as OperationId;

Deno.test("a machine goes from state to state, each step once", async () => {
  const wallet = await Wallet.joined();
  await wallet.finish(wallet.toy.count(OPERATION));
  await wallet.finish(wallet.client.awaitIdle());
  assertEquals(await wallet.toy.counted(), 5n);
  assertEquals((await wallet.kinds()).filter((kind) => kind === "counted").length, 5);
  const states = await wallet.client.options.store.read((tx) => operationStates(tx, OPERATION));
  assertEquals(states.length, 6);
  assert(states.every(({ leftUs }) => leftUs !== null));
  await wallet.finish(wallet.client.close());
});

Deno.test("a crash at any commit repeats no step and loses none", async () => {
  let crashes = 0;
  for (let commit = 1; commit <= 14; commit++) {
    const wallet = await Wallet.joined();
    // the operation may not have been stored before the crash: then it is begun again
    crashes += Number(await wallet.crashAt(commit, () => wallet.toy.count(OPERATION)));
    const begun = await wallet.client.options.store.read((tx) => getOperation(tx, OPERATION));
    if (!begun) await wallet.finish(wallet.toy.count(OPERATION));
    await wallet.finish(wallet.client.awaitIdle());
    assertEquals(await wallet.toy.counted(), 5n, `crash at commit ${commit}`);
    assertEquals((await wallet.kinds()).filter((kind) => kind === "counted").length, 5);
    await wallet.finish(wallet.client.close());
  }
  assert(crashes >= 7, `${crashes} runs crashed`);
});

Deno.test("an outcome is stored with the step that brings it, though nobody waits, whatever commit a crash comes before", async () => {
  let between = 0;
  for (let commit = 1; commit <= 14; commit++) {
    const wallet = await Wallet.joined();
    await wallet.crashAt(commit, () => wallet.toy.count(OPERATION));
    const read = () =>
      wallet.client.options.store.read(async (tx) => ({
        entry: await getOperation(tx, OPERATION),
        ended: (await operationStates(tx, OPERATION)).some(({ leftUs, createdUs }) => leftUs === createdUs),
      }));
    const { entry, ended } = await read();
    assertEquals(entry?.outcome?.outcome, ended ? 5 : undefined, `crash at commit ${commit}`);
    between += Number(entry !== undefined && !ended);
    if (!entry) await wallet.finish(wallet.toy.count(OPERATION));
    await wallet.finish(wallet.client.awaitIdle());
    assertEquals((await read()).entry?.outcome?.outcome, 5);
    await wallet.finish(wallet.client.close());
  }
  assert(between >= 3, `${between} crashes came between the beginning and the end`);
});

Deno.test("a crash at any commit of a payment loses no money, doubles none, and pays at most once", async () => {
  let crashes = 0;
  for (let commit = 1; commit <= 14; commit++) {
    const wallet = await Wallet.joined();
    await wallet.finish(wallet.toy.fund(1_000n));
    crashes += Number(await wallet.crashAt(commit, () => wallet.toy.pay(OPERATION, 101n)));
    await wallet.finish(wallet.client.awaitIdle());
    const paid = wallet.books.accepted.size;
    assert(paid <= 1, `crash at commit ${commit}: paid ${paid} times`);
    const spentMsat = paid === 1 ? 101n + wallet.books.feesMsat : 0n;
    assertEquals(await wallet.toy.balance(), 1_000n - spentMsat, `crash at commit ${commit}`);
    await wallet.finish(wallet.client.close());
  }
  assert(crashes >= 5, `${crashes} runs crashed`);
});

Deno.test("a payment takes inputs, gives change, and leaves its mark in both logs", async () => {
  const wallet = await Wallet.joined();
  await wallet.finish(wallet.toy.fund(1_000n));
  const change = await wallet.finish(wallet.toy.pay(OPERATION, 101n));
  assert(change.ok);
  assertEquals(change.value.idxRange, { start: 1, end: 2 });
  await wallet.finish(wallet.client.awaitIdle());
  // 110 in, 101 and 3 out as change, 2 × the fee
  assertEquals(await wallet.toy.balance(), 1_000n - 110n + 3n);
  assertEquals(wallet.books.feesMsat, 2n * TOY_FEE);
  assertEquals(await wallet.kinds(), ["tx-created", "tx-accepted"]);
  const entry = await wallet.client.options.store.read((tx) => getOperation(tx, OPERATION));
  assertEquals(entry?.kind, TOY_KIND);
  await wallet.finish(wallet.client.close());
});

Deno.test("a payment that waits for what the e-cash module makes goes on with its next life when that one ends", async () => {
  for (const end of [WaitError.closed(), new ActorError({ code: "down", path: "", type: "" }, "it has ended")]) {
    const wallet = await Wallet.joined(), toy = wallet.toy;
    await wallet.finish(toy.fund(1_000n));
    const balance = toy.balanceTransaction.bind(toy);
    let runs = 0;
    toy.balanceTransaction = (tx, sums) => {
      if (runs++ < 2) throw new NotReady(() => Promise.reject(end));
      return balance(tx, sums);
    };
    assert((await wallet.finish(toy.pay(OPERATION, 101n))).ok);
    await wallet.finish(wallet.client.awaitIdle());
    assertEquals([runs, wallet.books.accepted.size, await toy.balance()], [3, 1, 893n]);
    // with the client it ends
    toy.balanceTransaction = () => {
      throw new NotReady(() => Promise.reject(end));
    };
    const late = toy.pay(toy.newOperation(), 101n).then(() => null, (thrown) => thrown);
    await wallet.world.world.run({ forMs: 60_000 });
    await wallet.finish(wallet.client.close());
    assert(await late instanceof Error);
  }
});

Deno.test("a refused payment gives the money back and says why", async () => {
  const wallet = await Wallet.joined();
  wallet.books.refuse = { tag: "Input", value: { instance: 0, body: new Uint8Array(0) as never } };
  await wallet.finish(wallet.toy.fund(1_000n));
  const change = await wallet.finish(wallet.toy.pay(OPERATION, 101n));
  assert(change.ok);
  await wallet.finish(wallet.client.awaitIdle());
  assertEquals(await wallet.toy.balance(), 1_000n);
  assertEquals(await wallet.kinds(), ["tx-created", "tx-rejected"]);
  const states: string[] = [];
  for await (const state of wallet.toy.env.core.states(OPERATION)) {
    states.push(state.tag === "Refunded" ? state.value.reason : state.tag);
    if (states.length === 4) break;
  }
  assert(states.some((reason) => reason.includes("no such coin")), `${states}`);
  await wallet.finish(wallet.client.close());
});

Deno.test("two machines of one operation may end in equal states, accepted or refused", async () => {
  for (const refuse of [null, { tag: "InvalidWitnessLength", value: null } as const]) {
    const wallet = await Wallet.joined();
    wallet.books.refuse = refuse;
    await wallet.finish(wallet.toy.fund(1_000n));
    // 50 from outside, 60 of the wallet's own
    assert((await wallet.finish(wallet.toy.take(OPERATION, 50n, 101n))).ok);
    await wallet.finish(wallet.client.awaitIdle());
    // when it is refused both give back what they watched
    assertEquals(await wallet.toy.balance(), refuse ? 1_000n + 50n : 1_000n - 60n + 3n);
    await wallet.finish(wallet.client.close());
  }
});

Deno.test("one operation pays once: its id can't be used again", async () => {
  const wallet = await Wallet.joined();
  await wallet.finish(wallet.toy.fund(1_000n));
  await wallet.finish(wallet.toy.pay(OPERATION, 10n));
  const again = await wallet.finish(wallet.toy.pay(OPERATION, 10n));
  assert(!again.ok);
  assertEquals(again.error.code, "operation_exists");
  await wallet.finish(wallet.client.awaitIdle());
  assertEquals(wallet.books.accepted.size, 1);
  await wallet.finish(wallet.client.close());
});

Deno.test("a payment that the wallet can't cover changes nothing", async () => {
  const wallet = await Wallet.joined();
  await wallet.finish(wallet.toy.fund(100n));
  const refused = await wallet.finish(wallet.toy.pay(OPERATION, 101n));
  assert(!refused.ok);
  assertEquals(refused.error, { code: "insufficient_funds", requestedMsat: 104n, availableMsat: 100n });
  assertEquals([await wallet.toy.balance(), wallet.books.submissions, await wallet.kinds()], [100n, 0, []]);
  await wallet.finish(wallet.client.close());
});

Deno.test("a fee quote is what the payment then costs, and takes nothing", async () => {
  const wallet = await Wallet.joined();
  await wallet.finish(wallet.toy.fund(1_000n));
  const output = { instance: 0, body: new Uint8Array([101]) as never };
  const outputs = [{
    outputs: [{ output, amounts: new Map([[0n, 101n]]), fees: new Map([[0n, TOY_FEE]]) }],
    machines: () => [],
  }];
  const quote = await wallet.finish(wallet.toy.env.core.quoteFee({ inputs: [], outputs }));
  assertEquals(quote, { ok: true, value: 2n * TOY_FEE });
  assertEquals([await wallet.toy.balance(), wallet.books.submissions, await wallet.kinds()], [1_000n, 0, []]);
  await wallet.finish(wallet.client.close());
});

Deno.test("a transaction is submitted again and again while guardians are away, and once they are back it goes through", async () => {
  let away = true;
  const wallet = await Wallet.joined((honest) => (asked) =>
    away && (asked.method === "submit_transaction" || asked.method === "await_transaction")
      ? new Promise<Json>(() => {})
      : honest(asked)
  );
  await wallet.finish(wallet.toy.fund(1_000n));
  await wallet.finish(wallet.toy.pay(OPERATION, 10n));
  void sleep(wallet.world.platform.clock, 3_600_000).then(() => away = false);
  await wallet.finish(wallet.client.awaitIdle());
  assertEquals(wallet.books.accepted.size, 1);
  assertEquals(await wallet.toy.balance(), 1_000n - 10n - wallet.books.feesMsat);
  await wallet.finish(wallet.client.close());
});

Deno.test("three guardians that refuse outvote one that accepts, and one that refuses doesn't stop three", async () => {
  const refusal = { tag: "InvalidWitnessLength", value: null } as const;
  for (const [refusing, accepted] of [[[1, 2, 3], false], [[0], true]] as const) {
    const refusingBooks = new ToyBooks();
    refusingBooks.refuse = refusal;
    const refuse = refusingBooks.script(federation.honest);
    const wallet = await Wallet.joined((honest) => (asked) =>
      asked.method === "submit_transaction" && (refusing as readonly number[]).includes(asked.peer)
        ? refuse(asked)
        : honest(asked)
    );
    await wallet.finish(wallet.toy.fund(1_000n));
    await wallet.finish(wallet.toy.pay(OPERATION, 10n));
    await wallet.finish(wallet.client.awaitIdle());
    assertEquals((await wallet.kinds()).at(-1), accepted ? "tx-accepted" : "tx-rejected");
    await wallet.finish(wallet.client.close());
  }
});

Deno.test("waiting for a transaction ends with its caller's patience, not with the payment", async () => {
  const wallet = await Wallet.joined((honest) => (asked) =>
    asked.method === "submit_transaction" ? new Promise<Json>(() => {}) : honest(asked)
  );
  await wallet.finish(wallet.toy.fund(1_000n));
  const change = await wallet.finish(wallet.toy.pay(OPERATION, 10n));
  assert(change.ok);
  const patience = new AbortController();
  const waiting = wallet.toy.env.core.awaitTransaction(OPERATION, change.value.txid, patience.signal);
  void sleep(wallet.world.platform.clock, 5_000).then(() => patience.abort(new Error("no patience")));
  const error = await assertRejects(() => wallet.finish(waiting), WaitError);
  assertEquals([error.code, (error.cause as Error).message], ["aborted", "no patience"]);
  assertEquals(await wallet.finish(wallet.client.activeMachines()), 3);
  await wallet.finish(wallet.client.close());
});

Deno.test("events of one module are told to it alone, live", async () => {
  const wallet = await Wallet.joined();
  const seen: number[] = [], stop = new AbortController();
  const following = (async () => {
    for await (const { payload } of wallet.toy.env.core.events(0, stop.signal)) {
      seen.push((payload as { tick: number }).tick);
      if (seen.length === 5) stop.abort();
    }
  })();
  await wallet.finish(wallet.toy.fund(1_000n));
  await wallet.finish(wallet.toy.pay("ef".repeat(32) as OperationId, 10n));
  await wallet.finish(wallet.toy.count(OPERATION));
  await wallet.finish(following);
  assertEquals(seen, [1, 2, 3, 4, 5]);
  await wallet.finish(wallet.client.close());
});
