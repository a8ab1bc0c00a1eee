/** Deposits, from the address to e-cash, whatever comes between. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, bitcoinTxidOf, p2pkhScript } from "../../core/bitcoin/mod.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import {
  getNextOutput,
  getSearched,
  setNextOutput,
  setSearched,
  validIndices,
} from "../../modules/walletv2/client/db.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import { setOutput } from "../../modules/walletv2/server/db.ts";
import {
  LOOK_BEFORE_ADDRESS_MS,
  LOOK_STORED_EVERY_MS,
  NEXT_ADDRESS_MS,
  OUTPUT_LOOK_AHEAD,
  OUTPUT_SLICE,
  PUT_OFF_RETRY_MS,
} from "../../modules/walletv2/limits.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import {
  agree,
  ask,
  confirm,
  depositAddress,
  payment,
  signedTransactions,
  testWallet,
  VALID_INDICES,
} from "../../modules/walletv2/testing/federation.ts";
import { SEARCHED_BEFORE, TestClient } from "./client.ts";
import type { TestClientOptions } from "./client.ts";
import { TestFederation, WALLET } from "./federation.ts";
import { PURSE_FEE_MSAT } from "./purse.ts";

const RECEIVE_FEE = 316n;
/** What a claim costs beside its fee: the module's and the purse's. */
const ITEM_FEES_MSAT = 100_000n + PURSE_FEE_MSAT;

type Options = Omit<TestClientOptions, "federation">;

async function withClient(
  body: (client: TestClient, federation: TestFederation, wallet: TestWallet) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const client = await TestClient.open({ federation, ...options });
  await body(client, federation, wallet);
  await client.close();
}

function deposit(wallet: TestWallet, number: number, valueSat: bigint): BitcoinTransaction {
  return payment({ valueSat, script: depositAddress(wallet, number).script });
}

function creditMsat(...valuesSat: readonly bigint[]): bigint {
  return valuesSat.reduce((sum, value) => sum + (value - RECEIVE_FEE) * 1000n - ITEM_FEES_MSAT, 0n);
}

function payloads(events: readonly { readonly payload: Json }[]): Json[] {
  return events.map(({ payload }) => payload);
}

Deno.test("a deposit is found and claimed, and the logs tell it as the reference's do", () =>
  withClient(async (client, _, wallet) => {
    const position = 0;
    const address = await client.until(client.wallet.receive());
    assertEquals(address, addressFromScript(depositAddress(wallet, 0).script, "regtest"));
    await client.searchedUpTo(1);
    await agree(wallet);
    const quoted = await client.until(client.wallet.quoteDeposit(100_000n));
    const arrivesMsat = creditMsat(100_000n), federationFeeMsat = 100_000_000n - 316_000n - arrivesMsat;
    assertEquals(quoted, { amountSat: 100_000n, feeSat: 316n, federationFeeMsat, arrivesMsat });
    for (const amountSat of [-1n, 0n, 316n, 317n]) {
      assertEquals((await client.until(client.wallet.quoteDeposit(amountSat))).arrivesMsat, 0n);
    }
    const tx = deposit(wallet, 0, 100_000n);
    await confirm(wallet, tx);
    const { operationId, nextEventId } = await client.until(client.wallet.awaitReceive(position));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));

    const events = await client.events();
    const txid = (events[0]!.payload as { txid: string }).txid;
    const facts = { value: 100_000, fee: 316, address, outpoint: `${bitcoinTxidOf(tx)}:0` };
    const module = { kind: "walletv2", id: WALLET };
    assertEquals(events.map(({ kind, module, payload }) => ({ kind, module, payload })), [
      { kind: "tx-created", module: null, payload: { txid, operation_id: operationId } },
      { kind: "payment-receive", module, payload: { operation_id: operationId, ...facts } },
      { kind: "tx-accepted", module: null, payload: { txid, operation_id: operationId } },
      { kind: "payment-receive-update", module, payload: { operation_id: operationId, status: "Success" } },
    ]);
    assertEquals(nextEventId, 2);
    const operation = await client.operation(operationId);
    assertEquals(operation?.kind, "walletv2");
    assertEquals(operation?.meta, {
      Receive: { change_outpoint_range: { txid, idx_range: { start: 0, end: 1 } }, ...facts },
    });
    assertEquals(operation?.outcome?.outcome, "Success");
  }, { known: 1 }));

Deno.test("several deposits to one address and to the next are claimed one after the other", () =>
  withClient(async (client, federation, wallet) => {
    const first = await client.until(client.wallet.receive());
    await client.searchedUpTo(1);
    await confirm(wallet, deposit(wallet, 0, 100_000n), deposit(wallet, 0, 200_000n));
    let { nextEventId } = await client.until(client.wallet.awaitReceive(0));
    ({ nextEventId } = await client.until(client.wallet.awaitReceive(nextEventId)));
    const second = await client.until(client.wallet.receive());
    assertEquals([first, second], [0, 1].map((n) => addressFromScript(depositAddress(wallet, n).script, "regtest")));

    await client.searchedUpTo(2);
    await confirm(
      wallet,
      ...await signedTransactions(wallet),
      deposit(wallet, 1, 300_000n),
      deposit(wallet, 0, 400_000n),
    );
    for (let i = 0; i < 2; i++) ({ nextEventId } = await client.until(client.wallet.awaitReceive(nextEventId)));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n, 200_000n, 300_000n, 400_000n));
    assertEquals(federation.accepted, 4);
    await client.untilTrue(
      "the third address is known",
      async () => (await client.inModule(WALLET, validIndices)).length === 3,
    );
    assertEquals(await client.inModule(WALLET, validIndices), VALID_INDICES[4]!.slice(0, 3));
  }, { known: 1 }));

Deno.test("a wallet restored from its words finds what is spent, claims the rest, and goes on with the next address", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const old = await TestClient.open({ federation, known: 1 });
  await old.searchedUpTo(1);
  await confirm(wallet, deposit(wallet, 0, 100_000n));
  await old.until(old.wallet.awaitReceive(0));
  await old.untilTrue(
    "the second address is known",
    async () => (await old.inModule(WALLET, validIndices)).length === 2,
  );
  await old.close();

  await confirm(wallet, ...await signedTransactions(wallet), deposit(wallet, 1, 200_000n));
  // it finds the second address behind the spent output, and the third behind the claimed one: a whole search
  const restored = await TestClient.open({ federation, known: 1, seed: 2 });
  await restored.until(restored.wallet.awaitReceive(0));
  assertEquals(await restored.balanceMsat(), creditMsat(200_000n));
  assertEquals((await restored.events("payment-receive")).length, 1);
  const third = addressFromScript(depositAddress(wallet, 2).script, "regtest")!;
  await restored.untilTrue(
    "the third address is given out",
    async () => await restored.until(restored.wallet.receive()) === third,
  );
  await restored.close();
});

Deno.test("two clients with the same words claim a deposit once, and neither waits for ever", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const one = await TestClient.open({ federation, known: 3 });
  const two = await TestClient.open({ federation, known: 3, seed: 2, clock: one.clock });
  await confirm(wallet, deposit(wallet, 0, 100_000n), deposit(wallet, 1, 100_000n));
  await one.untilTrue(
    "both are done with both outputs",
    async () => {
      for (const client of [one, two]) {
        if (await client.inModule(WALLET, getNextOutput) !== 2 || (await client.wallet.deposits()).length > 0) {
          return false;
        }
      }
      return true;
    },
  );
  await one.clock.advance(5_000);
  assertEquals(await one.balanceMsat() + await two.balanceMsat(), creditMsat(100_000n, 100_000n));
  assertEquals(federation.accepted, 2);
  await two.close();
  await one.close();
});

Deno.test("a claim waits while three transactions of the federation are on their way", () =>
  withClient(async (client, federation, wallet) => {
    await confirm(wallet, ...[0, 1, 0, 1, 0].map((number) => deposit(wallet, number, 100_000n)));
    // the first becomes the wallet; three more make transactions; the fifth waits
    await client.untilTrue("four are claimed", () => federation.accepted === 4);
    await client.clock.advance(60_000);
    assertEquals(federation.accepted, 4);
    assertEquals((await ask(wallet.guardians[0]!, "pending_transaction_chain") as Json[]).length, 3);
    const reason =
      "3 transactions of the federation wait for a block, and each makes the next dearer: claims go on after it";
    assertEquals((await client.wallet.deposits()).map(({ status, reason }) => [status, reason]), [["waiting", reason]]);
    assertEquals(await client.wallet.trouble(), reason);
    await confirm(wallet, ...await signedTransactions(wallet));
    await client.untilTrue("the fifth is claimed", () => federation.accepted === 5);
    assertEquals(await client.wallet.trouble(), null);
    await client.clock.advance(1_000);
    assertEquals(await client.balanceMsat(), creditMsat(...Array<bigint>(5).fill(100_000n)));
  }, { known: 3 }));

Deno.test("an address is given out until something was paid to it, also while the wallet was closed, and is better than none", async () => {
  const wallet = await testWallet(), federation = new TestFederation(wallet);
  const text = (number: number) => addressFromScript(depositAddress(wallet, number).script, "regtest")!;
  let client = await TestClient.open({ federation, known: 1 });
  assertEquals(await client.until(client.wallet.receive()), text(0));
  assertEquals(await client.until(client.wallet.receive()), text(0));
  await client.close();

  await confirm(wallet, deposit(wallet, 0, 100_000n));
  client = await TestClient.open({ federation, clock: client.clock, disk: client.disk });
  // the search for the next one begins while this call waits
  assertEquals(await client.until(client.wallet.receive()), text(1));

  // nobody decides about the claim, so that no other address is looked for: a used one is better than none
  federation.paused = true;
  await confirm(wallet, deposit(wallet, 1, 100_000n));
  const begunMs = client.clock.monotonicMs();
  assertEquals(await client.until(client.wallet.receive()), text(1));
  const tookMs = client.clock.monotonicMs() - begunMs;
  assert(tookMs >= NEXT_ADDRESS_MS && tookMs < NEXT_ADDRESS_MS + LOOK_BEFORE_ADDRESS_MS + 1_000, `${tookMs}`);
  await client.close();
});

Deno.test("a look finds and claims what has come, says when it was, and fails with a word when guardians are away", () =>
  withClient(async (client, federation, wallet) => {
    await client.until(client.wallet.look());
    const firstMs = await client.wallet.lastLookMs();
    assert(firstMs !== null && firstMs <= client.clock.nowMs());
    await confirm(wallet, deposit(wallet, 0, 100_000n));
    await client.until(client.wallet.look());
    await client.untilTrue("it is in the balance", async () => await client.balanceMsat() === creditMsat(100_000n));
    // the address that is looked for next takes a whole search: a look doesn't wait for it, nor misses what comes
    // behind
    await client.inModule(WALLET, (tx) => setSearched(tx, VALID_INDICES[4]![1]! + 1));
    await confirm(
      wallet,
      ...await signedTransactions(wallet),
      deposit(wallet, 1, 200_000n),
      deposit(wallet, 0, 300_000n),
    );
    const found = async () => (await client.inModule(WALLET, validIndices)).length;
    const looking = async (): Promise<number[]> => {
      const counts: number[] = [];
      // the second and the third are asked while the search is under way
      for (let looks = 0; looks < 3; looks++) {
        await client.wallet.look();
        counts.push(await found());
      }
      return counts;
    };
    assertEquals(await client.until(looking()), [2, 2, 2], "the search has only begun");
    await client.untilTrue(
      "both are in the balance",
      async () => await client.balanceMsat() === creditMsat(100_000n, 200_000n, 300_000n),
    );
    await client.clock.advance(LOOK_STORED_EVERY_MS);
    await client.until(client.wallet.look());
    const lastMs = (await client.wallet.lastLookMs())!;
    assert(lastMs > firstMs);
    for (const peer of [1, 2]) federation.down.add(peer);
    await assertRejects(() => client.until(client.wallet.look()), WalletError);
    assertEquals(await client.wallet.lastLookMs(), lastMs);
    assert(await client.wallet.trouble() !== null);
  }));

Deno.test("a claim that is refused is made again with the fee of then, and await-receive passes over it", () =>
  withClient(async (client, federation, wallet) => {
    for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_receive_fee`, 300);
    await confirm(wallet, deposit(wallet, 0, 100_000n));
    await client.untilTrue("a claim was refused", async () => (await client.events("tx-rejected")).length > 0);
    federation.lies.clear();
    const { operationId } = await client.until(client.wallet.awaitReceive(0));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));
    const updates = payloads(await client.events("payment-receive-update")) as {
      status: string;
      operation_id: string;
    }[];
    assertEquals(updates.map(({ status }) => status).toSorted(), [
      ...Array<string>(updates.length - 1).fill("Aborted"),
      "Success",
    ]);
    assertEquals(updates.at(-1)!.operation_id, operationId);
    const [rejected] = payloads(await client.events("tx-rejected")) as { error: string }[];
    assert(rejected!.error.includes("The total transaction fee is too low. Please construct a new transaction."));
    const refused = await client.operation(updates[0]!.operation_id);
    assertEquals(refused?.outcome?.outcome, "Aborted");
  }));

Deno.test("a claim that was under way when the client stopped is waited for, not made again", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const before = await TestClient.open({ federation, known: 3 });
  federation.paused = true;
  await confirm(wallet, deposit(wallet, 0, 100_000n));
  await before.untilTrue("a claim is under way", async () => (await before.events("payment-receive")).length === 1);
  const disk = before.disk.crash();
  federation.paused = false;
  const after = await TestClient.open({ federation, known: 3, disk, clock: before.clock, seed: 2 });
  const { nextEventId } = await after.until(after.wallet.awaitReceive(0));
  await after.clock.advance(10_000);
  assertEquals((await after.events("payment-receive")).length, 1);
  assertEquals((await after.events("tx-created")).length, 1);
  assertEquals(nextEventId, 2);
  assertEquals(await after.balanceMsat(), creditMsat(100_000n));
  assertEquals(await after.inModule(WALLET, getNextOutput), 1);
  await after.close();
});

Deno.test("a deposit smaller than its fee is passed over, and claimed when the fee has fallen", () =>
  withClient(async (client, federation, wallet) => {
    wallet.chain.feerateSatPerKvb = 10_000n;
    // 3,160 sat to claim
    await confirm(wallet, deposit(wallet, 0, 3_160n), deposit(wallet, 0, 3_259n), deposit(wallet, 1, 100_000n));
    await client.until(client.wallet.awaitReceive(0));
    assertEquals(federation.accepted, 1);
    const reason = "it doesn't pay the fee of its claim, 3160 sat and the federation's own";
    assertEquals(
      (await client.wallet.deposits()).map(({ outputIndex, status, reason }) => [outputIndex, status, reason]),
      [[1, "too_small", reason], [0, "too_small", reason]],
    );
    assertEquals(await client.inModule(WALLET, getNextOutput), 3);
    await client.clock.advance(30_000);
    assertEquals(federation.accepted, 1);
    wallet.chain.feerateSatPerKvb = 1_000n;
    await agree(wallet);
    await client.untilTrue("both are claimed", () => federation.accepted === 3);
    await client.clock.advance(2_000);
    assertEquals(await client.wallet.deposits(), []);
    assertEquals(
      await client.balanceMsat(),
      creditMsat(3_160n, 3_259n) + (100_000n - 3_160n) * 1000n - ITEM_FEES_MSAT,
    );
  }, { known: 3 }));

/** What older versions kept at most. */
const MANY = 105;

Deno.test("a stranger's dust is kept to the last, and costs no calls", () =>
  withClient(async (client, federation, wallet) => {
    const { script } = depositAddress(wallet, 0);
    const dust = Array.from({ length: MANY }, (_, i) => ({ valueSat: 400n + BigInt(i % 17), script }));
    await confirm(wallet, payment(...dust, { valueSat: 100_000n, script }));
    await client.until(client.wallet.awaitReceive(0));
    await client.untilTrue("all were tried", async () => {
      const deposits = await client.wallet.deposits();
      return deposits.length === MANY && deposits.every(({ status }) => status === "too_small");
    });
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));
    const asked = () => federation.calls.get(`module_${WALLET}_receive_fee`)!;
    assert(asked() <= 20, `${asked()}`);
    const before = asked();
    await client.clock.advance(10_000);
    assert(asked() - before <= 4 * 11, "once a look for all of them");
  }));

Deno.test("what couldn't pay its fee is tried again at the same fee, and at once when somebody asks", () =>
  withClient(async (client, federation, wallet) => {
    await client.setRefusal("insufficient_funds");
    await confirm(wallet, deposit(wallet, 0, 100_000n));
    const putOff = async () => (await client.wallet.deposits()).some(({ status }) => status === "too_small");
    await client.untilTrue("it is put off", putOff);
    await client.setRefusal(null);
    await client.clock.advance(PUT_OFF_RETRY_MS - 60_000);
    assertEquals(federation.accepted, 0);
    await client.clock.advance(120_000);
    assertEquals(federation.accepted, 1);
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));

    await client.setRefusal("insufficient_funds");
    await confirm(wallet, deposit(wallet, 1, 50_000n));
    await client.untilTrue("it is put off", putOff);
    await client.setRefusal(null);
    await client.until(client.wallet.retryDeposits());
    assertEquals(federation.accepted, 2);
    assertEquals(await client.wallet.deposits(), []);
  }, { known: 3 }));

Deno.test("whatever else keeps a claim from being made is tried again later and later, shown, and holds up no other one", () =>
  withClient(async (client, federation, wallet) => {
    await client.setRefusal("too_large");
    // one bitcoin
    await confirm(wallet, deposit(wallet, 0, 100_000_000n));
    await client.untilTrue("it was tried three times", async () => (await client.wallet.deposits())[0]?.tries === 3);
    const [failing] = await client.wallet.deposits();
    assertEquals([failing!.status, failing!.reason, failing!.valueSat], ["failing", "too_large", 100_000_000n]);
    assertEquals(await client.pending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 100_000_000_000n });
    const tries = async () => (await client.wallet.deposits())[0]!.tries;
    await client.clock.advance(600_000);
    const before = await tries();
    assert(before >= 8 && before <= 10, `${before}: by seconds, doubled each time`);
    await client.setRefusal(null);
    await confirm(wallet, deposit(wallet, 1, 50_000n));
    const { operationId } = await client.until(client.wallet.awaitReceive(0));
    const { Receive: { value } } = (await client.operation(operationId))!.meta as { Receive: { value: number } };
    assertEquals(value, 50_000, "it didn't wait for the large one");
    await client.untilTrue("the large one came too", () => federation.accepted === 2);
    await client.clock.advance(1_000);
    assertEquals(await client.wallet.deposits(), []);
    assertEquals(await client.pending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
  }, { known: 3 }));

Deno.test("a claim takes nothing from the wallet, not even where the deposit alone doesn't pay", () =>
  withClient(async (client, federation, wallet) => {
    await client.setBalance(1_000_000n);
    // 100 sat stay of it, and the federation's own fees are 100 sat and 100 msat
    await confirm(wallet, deposit(wallet, 0, RECEIVE_FEE + 100n));
    await client.untilTrue("it is put off", async () => (await client.wallet.deposits())[0]?.status === "too_small");
    assertEquals(await client.balanceMsat(), 1_000_000n);
    assertEquals(federation.accepted, 0);
  }));

Deno.test("deposits that an older version put off, or dropped, are found and claimed", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  await confirm(wallet, deposit(wallet, 0, 100_000_000n), deposit(wallet, 0, 50_000n));
  const client = await TestClient.open({
    federation,
    before: (tx) => {
      setNextOutput(tx, 2);
      // one bitcoin that was too large for a transaction, as it was stored
      tx.set(Uint8Array.of(0x35, 0, 0, 0, 0, 0, 0, 0, 0), fromHex("fd3008fd013c"));
    },
  });
  await client.until(client.wallet.awaitReceive(0));
  assertEquals(await client.balanceMsat(), creditMsat(100_000_000n));
  await client.clock.advance(10_000);
  assertEquals(federation.accepted, 1, "of the other one nothing is known");
  await client.until(client.wallet.retryDeposits());
  await client.clock.advance(1_000);
  assertEquals(await client.balanceMsat(), creditMsat(100_000_000n, 50_000n));
  await client.close();
});

Deno.test("who asks for another try is told why it can't be, and by his signal's end", () =>
  withClient(async (client, federation) => {
    federation.down.add(0).add(1);
    const error = await assertRejects(() => client.until(client.wallet.retryDeposits()), WalletError);
    assertEquals(error.code, "federation");
    federation.down.clear();
    await client.until(client.wallet.retryDeposits());
    const stop = new AbortController();
    const waiting = assertRejects(() => client.wallet.retryDeposits(stop.signal), WaitError);
    stop.abort();
    assertEquals((await waiting).code, "aborted");
  }));

Deno.test("a thousand outputs that can be no deposit don't hide the deposit behind them", () =>
  withClient(async (client, _, wallet) => {
    for (const { store } of wallet.guardians) {
      await store.transact((tx) => {
        const output = { valueSat: 1_000n, script: p2pkhScript(new Uint8Array(20)) };
        for (let index = 0; index < OUTPUT_SLICE + 1; index++) {
          setOutput(tx, index, { outpoint: { txid: "00".repeat(32), vout: index }, output });
        }
      });
    }
    await confirm(wallet, deposit(wallet, 0, 100_000n));
    await client.until(client.wallet.awaitReceive(0));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));
    assert(OUTPUT_LOOK_AHEAD > OUTPUT_SLICE);
  }));

Deno.test("a scan goes on when guardians come back, and when they agree on the fee again", () =>
  withClient(async (client, federation, wallet) => {
    federation.down.add(0).add(1);
    await confirm(wallet, deposit(wallet, 0, 100_000n));
    await client.clock.advance(20_000);
    assertEquals(federation.accepted, 0);
    federation.down.clear();
    for (const peer of [0, 1]) federation.lies.set(`${peer} module_${WALLET}_receive_fee`, 300 + peer);
    await client.clock.advance(20_000);
    assertEquals(federation.accepted, 0);
    const reasons = client.records.filter(({ level }) => level === "warn").map(({ facts }) => String(facts?.reason));
    assert(
      reasons.some((reason) => reason.includes("peer 0: 300; peer 1: 301; peer 2: 316; peer 3: 316")),
      reasons.at(-1),
    );
    federation.lies.clear();
    await client.until(client.wallet.awaitReceive(0));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n));
  }));

Deno.test("no feerate, a slice out of order: the scan says so and tries again", () =>
  withClient(async (client, federation, wallet) => {
    wallet.chain.feerateSatPerKvb = null;
    await confirm(wallet, deposit(wallet, 0, 100_000n), deposit(wallet, 1, 100_000n));
    await client.untilTrue(
      "it misses a feerate",
      () => client.records.some(({ facts }) => facts?.reason === "No consensus feerate is available at this time"),
    );
    wallet.chain.feerateSatPerKvb = 1_000n;
    await agree(wallet);
    const slice = await ask(wallet.guardians[0]!, "output_info_slice", [0, 10]) as Json[];
    for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_output_info_slice`, slice.toReversed());
    await client.untilTrue(
      "it refuses the slice",
      () => client.records.some(({ facts }) => String(facts?.reason).includes("A slice of outputs is out of order")),
    );
    assertEquals(federation.accepted, 0);
    federation.lies.clear();
    const { nextEventId } = await client.until(client.wallet.awaitReceive(0));
    await client.until(client.wallet.awaitReceive(nextEventId));
    assertEquals(await client.balanceMsat(), creditMsat(100_000n, 100_000n));
  }, { known: 3 }));

Deno.test("the search shows its progress, and a client that is opened again goes on where it stopped", async () => {
  const wallet = await testWallet();
  const federation = new TestFederation(wallet);
  const first = await TestClient.open({ federation, known: 0 });
  await first.inModule(WALLET, (tx) => tx.deleteAll(new Uint8Array()));
  await first.close();

  const [index] = VALID_INDICES[4]!;
  const again = await TestClient.open({ federation, known: 0 });
  assertEquals(await again.inModule(WALLET, getSearched), index! - SEARCHED_BEFORE);
  const tried: number[] = [], found = new AbortController();
  const telling = (async () => {
    for await (const count of again.wallet.searchProgress(found.signal)) tried.push(count);
  })();
  const address = await again.until(again.wallet.receive());
  found.abort();
  await again.until(telling);
  assertEquals(address, addressFromScript(depositAddress(wallet, 0).script, "regtest"));
  assert(tried.length > 2, "progress is shown");
  assertEquals(tried, tried.toSorted((a, b) => a - b));
  assertEquals(await again.inModule(WALLET, getSearched), index! + 1);
  await again.close();
});

Deno.test("waiting for an address, or for a deposit, ends with its signal and with the client", async () => {
  const wallet = await testWallet();
  const client = await TestClient.open({ federation: new TestFederation(wallet), known: 0 });
  await client.inModule(WALLET, (tx) => tx.deleteAll(new Uint8Array()));
  const stop = new AbortController();
  const waits = [
    client.wallet.receive(stop.signal),
    client.wallet.awaitReceive(0, stop.signal),
    client.wallet.awaitReceive(0),
  ].map((wait) => wait.then(() => "done", () => "stopped"));
  stop.abort(new Error("enough"));
  assertEquals(await client.until(Promise.all(waits.slice(0, 2))), ["stopped", "stopped"]);
  await client.close();
  assertEquals(await client.until(Promise.all(waits)), Array<string>(3).fill("stopped"));
});
