/** Deposits, from the address to e-cash, whatever comes between. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, bitcoinTxidOf, p2pkhScript } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import {
  getNextOutput,
  getSearched,
  setNextOutput,
  setSearched,
  validIndices,
} from "../../modules/walletv2/client/db.ts";
import { ADDRESS_STRETCH } from "../../modules/walletv2/limits.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import { setOutput } from "../../modules/walletv2/server/db.ts";
import {
  FURTHER_EVERY_MS,
  LOOK_BEFORE_ADDRESS_MS,
  LOOK_STORED_EVERY_MS,
  NEXT_ADDRESS_MS,
  OUTPUT_LOOK_AHEAD,
  OUTPUT_SLICE,
} from "../../modules/walletv2/limits.ts";
import {
  agree,
  ask,
  confirm,
  depositAddress,
  signedTransactions,
  testWallet,
  VALID_INDICES,
} from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import { TestFederation, WALLET } from "./federation.ts";
import { creditMsat, deposit, withClient } from "./depositing.ts";

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

Deno.test("more of them than a scan looks ahead hide it only for a while, and not from who asks for everything", async () => {
  for (const asks of [false, true]) {
    await withClient(async (client, _, wallet) => {
      // of those before it only the last one is there: answers have none of them anyway
      const output = { valueSat: 1_000n, script: p2pkhScript(new Uint8Array(20)) };
      const last = 3 * OUTPUT_LOOK_AHEAD;
      for (const { store } of wallet.guardians) {
        await store.transact((tx) => setOutput(tx, last, { outpoint: { txid: "00".repeat(32), vout: 0 }, output }));
      }
      await confirm(wallet, deposit(wallet, 0, 100_000n));
      await client.clock.advance(10_000);
      assertEquals(await client.balanceMsat(), 0n);
      if (asks) await client.until(client.wallet.retryDeposits());
      else await client.clock.advance(3 * FURTHER_EVERY_MS);
      await client.until(client.wallet.awaitReceive(0));
      assertEquals(await client.balanceMsat(), creditMsat(100_000n));
    });
  }
});

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
  const wallet = await testWallet(), federation = new TestFederation(wallet);
  const [index] = VALID_INDICES[4]!, from = 1;
  assert(index! > 2 * ADDRESS_STRETCH, "it takes some stretches");
  const first = await TestClient.open({ federation, known: 0, before: (tx) => setSearched(tx, from) });
  const progress = first.wallet.searchProgress(new AbortController().signal);
  const waits = first.wallet.receive().catch(() => "stopped");
  const closing = progress.next().then(async ({ value: tried }) => {
    await first.close();
    return tried!;
  });
  const tried = await first.until(closing);
  assertEquals(await first.until(waits), "stopped");

  const again = await TestClient.open({ federation, known: 0, disk: first.disk });
  const searched = await again.inModule(WALLET, getSearched);
  assert(from < searched && searched <= from + tried && searched < index!, `${from} < ${searched} < ${index}`);
  const counts: number[] = [], found = new AbortController();
  const telling = (async () => {
    for await (const count of again.wallet.searchProgress(found.signal)) counts.push(count);
  })();
  const address = await again.until(again.wallet.receive());
  found.abort();
  await again.until(telling);
  assertEquals(address, addressFromScript(depositAddress(wallet, 0).script, "regtest"));
  assert(counts.length >= 2, "progress is shown");
  assertEquals(counts, counts.toSorted((a, b) => a - b));
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
