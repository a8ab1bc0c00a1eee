/** Claims of deposits: when they wait, are refused, or cost more than they bring. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Json } from "../../core/encoding/mod.ts";
import { getNextOutput } from "../../modules/walletv2/client/db.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import { PUT_OFF_RETRY_MS } from "../../modules/walletv2/limits.ts";
import {
  agree,
  ask,
  confirm,
  depositAddress,
  payment,
  signedTransactions,
  testWallet,
} from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import { TestFederation, WALLET } from "./federation.ts";
import { creditMsat, deposit, ITEM_FEES_MSAT, payloads, RECEIVE_FEE, withClient } from "./depositing.ts";

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
