/** Payments, from the wallet's e-cash to the chain, and everything that refuses one; the commands. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, bitcoinTxidOf, p2wpkhScript } from "../../core/bitcoin/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import { WalletError } from "../../modules/walletv2/client/error.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import {
  agree,
  ask,
  claim,
  confirm,
  depositAddress,
  payment,
  signedTransactions,
  testWallet,
} from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import { TestFederation, WALLET } from "./federation.ts";
import { PURSE_FEE_MSAT } from "./purse.ts";

const SCRIPT = p2wpkhScript(new Uint8Array(20).fill(9));
const ADDRESS = addressFromScript(SCRIPT, "regtest")!;
const SEND_FEE = 228n;
const ITEM_FEES_MSAT = 100_000n + PURSE_FEE_MSAT;

/** A federation that holds 1,000,000 sat of somebody else. */
async function funded(): Promise<{ readonly federation: TestFederation; readonly wallet: TestWallet }> {
  const wallet = await testWallet();
  await confirm(wallet, payment({ valueSat: 1_000_000n, script: depositAddress(wallet, 3).script }));
  const { publicKey: tweak } = depositAddress(wallet, 3);
  assertEquals((await claim(wallet, { tag: "V0", value: { outputIndex: 0n, tweak, fee: 316n } })).ok, true);
  return { federation: new TestFederation(wallet), wallet };
}

/** Such a federation, and a client with this balance. */
async function withBalance(
  balanceMsat: bigint,
  body: (client: TestClient, federation: TestFederation, wallet: TestWallet) => Promise<void>,
): Promise<void> {
  const { federation, wallet } = await funded();
  const client = await TestClient.open({ federation });
  await client.setBalance(balanceMsat);
  await body(client, federation, wallet);
  await client.close();
}

async function refusedWith(code: string, send: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(send, WalletError);
  assertEquals(error.code, code);
}

Deno.test("a payment is made: its transaction, its cost, its logs", () =>
  withBalance(500_000_000n, async (client, _, wallet) => {
    const customMeta = { note: "rent" };
    const operationId = await client.until(client.wallet.send(ADDRESS, 50_000n, { customMeta }));
    const sent = await client.until(client.wallet.awaitSend(operationId));
    const [tx] = await signedTransactions(wallet);
    const txid = bitcoinTxidOf(tx!);
    assertEquals(sent, { outcome: "success", txid });
    assertEquals(tx!.outputs[1], { valueSat: 50_000n, script: SCRIPT });
    assertEquals(await client.balanceMsat(), 500_000_000n - (50_000n + SEND_FEE) * 1000n - ITEM_FEES_MSAT);

    const events = await client.events();
    const { txid: fedimintTxid } = events[0]!.payload as { txid: string };
    const facts = { address: ADDRESS, value: 50_000, fee: 228 };
    assertEquals(events.map(({ kind, payload }) => ({ kind, payload })), [
      { kind: "tx-created", payload: { txid: fedimintTxid, operation_id: operationId } },
      { kind: "payment-send", payload: { operation_id: operationId, ...facts } },
      { kind: "tx-accepted", payload: { txid: fedimintTxid, operation_id: operationId } },
      { kind: "payment-send-update", payload: { operation_id: operationId, status: { Success: txid } } },
    ]);
    const operation = await client.operation(operationId);
    assertEquals(operation?.meta, {
      Send: {
        change_outpoint_range: { txid: fedimintTxid, idx_range: { start: 1, end: 1 } },
        ...facts,
        custom_meta: customMeta,
      },
    });
    assertEquals(operation?.outcome?.outcome, { Success: txid });
    assertEquals(await client.until(client.wallet.awaitSend(operationId)), sent);
  }));

Deno.test("an address is written in its usual form, whatever was typed", () =>
  withBalance(500_000_000n, async (client) => {
    const operationId = await client.until(client.wallet.send(ADDRESS.toUpperCase(), 10_000n));
    const meta = (await client.operation(operationId))?.meta as { Send: { address: string; custom_meta: Json } };
    assertEquals([meta.Send.address, meta.Send.custom_meta], [ADDRESS, null]);
  }));

Deno.test("a payment whose fee guardians refuse is aborted, and the money comes back", () =>
  withBalance(500_000_000n, async (client, federation) => {
    federation.down.add(0).add(1).add(2).add(3);
    const operationId = await client.until(client.wallet.send(ADDRESS, 50_000n, { feeSat: 0n }));
    await client.clock.advance(60_000);
    assertEquals(await client.balanceMsat(), 500_000_000n - 50_000_000n - ITEM_FEES_MSAT, "it is out of the wallet");
    federation.down.clear();
    const sent = await client.until(client.wallet.awaitSend(operationId));
    assertEquals(sent.outcome, "aborted");
    assert(sent.outcome === "aborted" && sent.reason.includes("The total transaction fee is too low."));
    await client.untilTrue("the money is back", async () => await client.balanceMsat() === 500_000_000n);
    const [update] = await client.events("payment-send-update");
    assertEquals(update!.payload, { operation_id: operationId, status: "Aborted" });
    assertEquals((await client.operation(operationId))?.outcome?.outcome, "Aborted");
  }));

Deno.test("guardians that accept a payment and know of no transaction are said to have failed", () =>
  withBalance(500_000_000n, async (client, federation) => {
    for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_transaction_id`, null);
    const operationId = await client.until(client.wallet.send(ADDRESS, 50_000n));
    assertEquals(await client.until(client.wallet.awaitSend(operationId)), { outcome: "failure" });
    assertEquals(await client.events("payment-send-update"), []);
    assertEquals((await client.operation(operationId))?.outcome?.outcome, "Failure");
  }));

Deno.test("the transaction's id is asked for until guardians agree, over a restart too", async () => {
  const { federation, wallet } = await funded();
  const before = await TestClient.open({ federation });
  await before.setBalance(500_000_000n);
  for (const peer of [0, 1]) federation.lies.set(`${peer} module_${WALLET}_transaction_id`, null);
  const operationId = await before.until(before.wallet.send(ADDRESS, 50_000n));
  await before.untilTrue("it is asked for", () => (federation.calls.get(`module_${WALLET}_transaction_id`) ?? 0) > 8);
  const disk = before.disk.crash();
  const after = await TestClient.open({ federation, disk, clock: before.clock, seed: 2 });
  federation.lies.clear();
  const sent = await after.until(after.wallet.awaitSend(operationId));
  const [tx] = await signedTransactions(wallet);
  assertEquals(sent, { outcome: "success", txid: bitcoinTxidOf(tx!) });
  assertEquals(federation.accepted, 1);
  assertEquals((await after.events("payment-send-update")).length, 1);
  await after.close();
});

Deno.test("payments are refused before anything is stored, each with its reason", () =>
  withBalance(20_000_000n, async (client, federation, wallet) => {
    const { wallet: api } = client;
    await refusedWith("invalid_address", () => api.send("bcrt1qxyz", 50_000n));
    await refusedWith("wrong_network", () => api.send("1QJVDzdqb1VpbDK7uDeyVXy9mR27CJiyhY", 50_000n));
    await refusedWith("dust_value", () => api.send(ADDRESS, 9_999n));
    const later = addressFromScript(Uint8Array.of(0x52, 2, 1, 2), "regtest")!;
    await refusedWith("unsupported_address", () => client.until(api.send(later, 10_000n)));
    await refusedWith("insufficient_funds", () => client.until(api.send(ADDRESS, 20_000n)));
    await refusedWith("insufficient_funds", () => client.until(api.send(ADDRESS, 2n ** 64n - 1n)));
    await refusedWith("insufficient_funds", () => client.until(api.send(ADDRESS, 10_000n, { feeSat: 2n ** 64n })));
    federation.lies.set(`0 module_${WALLET}_send_fee`, 300).set(`1 module_${WALLET}_send_fee`, 301);
    await refusedWith("federation", () => client.until(api.send(ADDRESS, 10_000n)));
    federation.lies.clear();
    wallet.chain.reachable = false;
    await agree(wallet);
    await refusedWith("no_feerate", () => client.until(api.send(ADDRESS, 10_000n)));
    await refusedWith("no_feerate", () => client.until(api.federation.receiveFee()));
    const unknown = "ab".repeat(32) as OperationId;
    await refusedWith("unknown_operation", () => client.until(api.awaitSend(unknown)));
    assertEquals(await client.events(), []);
    assertEquals(await client.balanceMsat(), 20_000_000n);
  }));

Deno.test("a quote tells what a payment costs to the millisatoshi, and what waits before it", () =>
  withBalance(500_000_000n, async (client, _, wallet) => {
    const quote = await client.until(client.wallet.quoteWithdraw(ADDRESS.toUpperCase(), 50_000n));
    assertEquals(quote, {
      address: ADDRESS,
      valueSat: 50_000n,
      feeSat: SEND_FEE,
      federationFeeMsat: ITEM_FEES_MSAT,
      totalMsat: 50_228_000n + ITEM_FEES_MSAT,
      pending: 0,
      isFeeHigh: false,
      isShort: false,
    });
    assertEquals(await client.events(), []);
    assertEquals(await client.balanceMsat(), 500_000_000n);
    const operationId = await client.until(client.wallet.withdraw(ADDRESS, 50_000n));
    assertEquals((await client.until(client.wallet.awaitSend(operationId))).outcome, "success");
    assertEquals(await client.balanceMsat(), 500_000_000n - quote.totalMsat);
    assertEquals(await client.pending(), { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n });
    const second = await client.until(client.wallet.quoteWithdraw(ADDRESS, "all"));
    assertEquals([second.pending, second.isShort], [1, false]);
    assertEquals(second.totalMsat <= await client.balanceMsat(), true);
    const held = (await ask(wallet.guardians[0]!, "federation_wallet") as { value: number }).value;
    await client.setBalance(10_000_000_000n);
    const short = await client.until(client.wallet.quoteWithdraw(ADDRESS, "all"));
    assertEquals([short.isShort, short.valueSat], [true, BigInt(held) - short.feeSat - 10_000n]);
  }));

Deno.test("what guardians would refuse is refused before it costs anything", () =>
  withBalance(5_000_000_000n, async (client, federation, wallet) => {
    const { wallet: api } = client;
    const withdraw = (amountSat: bigint | "all", feeSat?: bigint, address = ADDRESS) => () =>
      client.until(api.withdraw(address, amountSat, feeSat === undefined ? {} : { feeSat }));
    for (const amountSat of [0n, -1n, -2_000_000n, 9_999n]) {
      await refusedWith("dust_value", withdraw(amountSat));
      await refusedWith("dust_value", () => api.send(ADDRESS, amountSat));
    }
    const calls = new Map(federation.calls);
    await refusedWith("wrong_network", withdraw(50_000n, undefined, "1QJVDzdqb1VpbDK7uDeyVXy9mR27CJiyhY"));
    await refusedWith("invalid_address", withdraw(50_000n, undefined, "bcrt1qxyz"));
    assertEquals(federation.calls, calls, "an address is looked at before anybody is asked");
    await refusedWith("fee_too_low", withdraw(50_000n, SEND_FEE - 1n));
    await refusedWith("fee_too_low", withdraw(50_000n, -1n));
    await refusedWith("fee_too_low", () => api.send(ADDRESS, 50_000n, { feeSat: -1n }));
    const mostSat = 1_000_000n - SEND_FEE - 10_000n;
    await refusedWith("federation_short", withdraw(mostSat + 1n));
    const most = await assertRejects(withdraw(mostSat + 1n), WalletError);
    assert(errorText(most).includes(`it can pay ${mostSat} sat at most with a fee of 228 sat`), errorText(most));
    await client.setBalance(20_000_000n);
    await refusedWith("insufficient_funds", withdraw(20_000n));
    assertEquals(await client.events(), []);
    assertEquals(await client.balanceMsat(), 20_000_000n);
    await client.setBalance(5_000_000_000n);
    const operationId = await withdraw(mostSat)();
    assertEquals((await client.until(api.awaitSend(operationId))).outcome, "success", "to the satoshi");
    assertEquals((await signedTransactions(wallet)).length, 1);
  }));

Deno.test("a fee above a tenth of the amount is refused unless it is wanted", () =>
  withBalance(5_000_000_000n, async (client) => {
    const { wallet: api } = client;
    const paid: bigint[] = [];
    // without a block each costs about twice as much as the one before
    for (;;) {
      const quote = await client.until(api.quoteWithdraw(ADDRESS, 20_000n));
      if (quote.isFeeHigh) break;
      const operationId = await client.until(api.withdraw(ADDRESS, 20_000n));
      assertEquals((await client.until(api.awaitSend(operationId))).outcome, "success");
      paid.push(quote.feeSat);
    }
    assert(paid.every((feeSat) => feeSat <= 2_000n) && paid.length >= 3, `${paid}`);
    const { feeSat, pending } = await client.until(api.quoteWithdraw(ADDRESS, 20_000n));
    assertEquals(pending, paid.length);
    const error = await assertRejects(() => client.until(api.withdraw(ADDRESS, 20_000n)), WalletError);
    assertEquals(error.code, "fee_high");
    assertEquals(
      errorText(error),
      `The on-chain fee is a large part of the amount: ${feeSat} sat for 20000 sat, with ${pending} transactions of the ` +
        "federation waiting for a block",
    );
    const refused = await assertRejects(() => client.command("send", ADDRESS, "20000 sat"), WalletError);
    assertEquals(refused.code, "fee_high");
    assertEquals((await client.events("payment-send")).length, paid.length);
    assert("Success" in (await client.command("send", ADDRESS, "20000 sat", "--fee", `${feeSat} sat`) as object));
    const wanted = await client.until(api.withdraw(ADDRESS, 20_000n, { highFee: true }));
    assertEquals((await client.until(api.awaitSend(wanted))).outcome, "success");
  }));

Deno.test("a payment's outcome is in the log whoever waited for it, over a crash too", async () => {
  const { federation } = await funded();
  const before = await TestClient.open({ federation });
  await before.setBalance(500_000_000n);
  const paid = await before.until(before.wallet.send(ADDRESS, 50_000n));
  await before.untilTrue("it is paid", async () => (await before.operation(paid))?.outcome != null);
  const [update] = await before.events("payment-send-update");
  assertEquals((await before.operation(paid))!.outcome!.outcome, (update!.payload as { status: Json }).status);
  federation.down.add(0).add(1).add(2).add(3);
  const refused = await before.until(before.wallet.send(ADDRESS, 50_000n, { feeSat: 1n }));
  assertEquals(await before.pending(), { incomingMsat: 0n, outgoingMsat: 50_001_000n, inDoubtMsat: 0n });
  const after = await TestClient.open({ federation, disk: before.disk.crash(), clock: before.clock, seed: 2 });
  federation.down.clear();
  await after.untilTrue("it is refused", async () => (await after.operation(refused))?.outcome != null);
  assertEquals((await after.operation(refused))!.outcome!.outcome, "Aborted");
  await after.close();
});

Deno.test("the most that can be sent is found to the satoshi", async () => {
  const least = 10_000n, feeSat = SEND_FEE;
  const costMsat = (valueSat: bigint) => (valueSat + feeSat) * 1000n + ITEM_FEES_MSAT;
  for (const extra of [0n, 1n, 2n, 99n, 100n, 12_345n, 489_772n]) {
    for (const msat of [0n, 999n]) {
      await withBalance(costMsat(least + extra) + msat, async (client) => {
        assertEquals(await client.until(client.wallet.maxSendable(feeSat)), least + extra);
      });
    }
  }
  await withBalance(costMsat(least) - 1n, async (client) => {
    await refusedWith("insufficient_funds", () => client.until(client.wallet.maxSendable(feeSat)));
    assertEquals(await client.balanceMsat(), costMsat(least) - 1n, "trials change nothing");
  });
});

Deno.test("all of a balance is sent only as far as the federation itself can pay and keep what is no dust", async () => {
  const mostSat = 1_000_000n - SEND_FEE - 10_000n;
  await withBalance(5_000_000_000n, async (client, _, wallet) => {
    assertEquals(await client.until(client.wallet.maxPayable(SEND_FEE)), mostSat);
    assertEquals(await client.until(client.wallet.maxSendable(SEND_FEE)), mostSat);
    assert("Success" in (await client.command("send", ADDRESS, "all") as { Success: string }), "guardians accept it");
    const [tx] = await signedTransactions(wallet);
    assertEquals(tx!.outputs.map(({ valueSat }) => valueSat), [10_000n, mostSat]);
    const short = await assertRejects(() => client.until(client.wallet.maxSendable(SEND_FEE)), WalletError);
    assertEquals(short.code, "federation_short");
    assertEquals(
      errorText(short),
      "The federation holds too little bitcoin on chain to pay anything out: it has 10000 sat, must keep 10000 sat, " +
        "and the least payment is 10000 sat with a fee of 228 sat",
    );
    assertEquals((await client.events("payment-send")).length, 1);
  });
});

Deno.test("of more money than the notes of one transaction are worth, all is what one transaction sends; more is told to be sent in several", async () => {
  const atOnceMsat = 500_000_000n;
  await withBalance(900_000_000n, async (client) => {
    await client.setAtOnce(atOnceMsat);
    const mostSat = (atOnceMsat - ITEM_FEES_MSAT) / 1000n - SEND_FEE;
    assertEquals(await client.until(client.wallet.maxSendable(SEND_FEE)), mostSat);
    for (const amountSat of [mostSat + 1n, 800_000n]) {
      await refusedWith("too_many_notes", () => client.until(client.wallet.quoteWithdraw(ADDRESS, amountSat)));
      await refusedWith("too_many_notes", () => client.until(client.wallet.send(ADDRESS, amountSat)));
    }
    assertEquals(await client.balanceMsat(), 900_000_000n);
    assert("Success" in (await client.command("send", ADDRESS, "all") as { Success: string }));
  });
});

Deno.test("the least amount is all that a federation can pay, or nothing is", async () => {
  for (const [heldSat, expected] of [[20_228n, 10_000n], [20_227n, null], [null, null]] as const) {
    await withBalance(500_000_000n, async (client, federation) => {
      const held = heldSat === null
        ? null
        : { value: heldSat, outpoint: `${"ab".repeat(32)}:0`, tweak: "cd".repeat(32) };
      for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_federation_wallet`, held);
      const most = client.until(client.wallet.maxSendable(SEND_FEE));
      if (expected === null) await refusedWith("federation_short", () => most);
      else assertEquals(await most, expected);
    });
  }
});

Deno.test("the commands print what the reference's print", () =>
  withBalance(500_000_000n, async (client, federation, wallet) => {
    assertEquals(await client.command("info", "total-value"), 1_000_000);
    assertEquals(await client.command("info", "block-count"), 2);
    assertEquals(await client.command("info", "feerate"), 1_000);
    assertEquals(await client.command("info", "pending-tx-chain"), []);
    assertEquals(await client.command("send-fee"), 228);
    assertEquals(await client.command("receive-fee"), 316);
    const sent = await client.command("send", ADDRESS, "50000 sat") as { Success: string };
    const info = {
      index: 0,
      txid: sent.Success,
      input: 1_000_000,
      output: 1_000_000 - 50_228,
      fee: 228,
      vbytes: 228,
      created: 2,
    };
    assertEquals(await client.command("info", "tx-chain"), [info]);
    assertEquals(await client.command("info", "pending-tx-chain"), [info]);
    assertEquals(await client.command("send", ADDRESS, "10000000", "--fee", "0 sat"), "Aborted");
    assertEquals(await client.command("send", "--fee=0.00001 BTC", ADDRESS, "0.0001 BTC"), {
      Success: (await ask(wallet.guardians[0]!, "federation_wallet") as { outpoint: string }).outpoint.split(":")[0]!,
    });
    for (const peer of [0, 1, 2]) federation.lies.set(`${peer} module_${WALLET}_transaction_id`, null);
    assertEquals(await client.command("send", ADDRESS, "10000 sat"), "Failure");
    federation.lies.clear();

    const address = await client.command("receive") as string;
    const deposit = payment({ valueSat: 100_000n, script: depositAddress(wallet, 1).script });
    await confirm(wallet, ...await signedTransactions(wallet), deposit);
    assertEquals(address, addressFromScript(depositAddress(wallet, 1).script, "regtest"));
    const [state, next] = await client.command("await-receive", "0") as [string, number];
    assertEquals(state, "Success");
    const [received] = await client.events("payment-receive");
    assertEquals(next, received!.id + 1);
    assertEquals(await client.command("deposits"), []);
    assertEquals(await client.command("deposits", "retry"), []);
    const quote = await client.command("quote-send", ADDRESS, "10000 sat") as { [name: string]: Json };
    assertEquals([quote.value, quote.pending_transactions, quote.fee_is_high], [10_000, 1, false]);
    assertEquals(Number(quote.total_msat), (10_000 + Number(quote.fee)) * 1_000 + Number(quote.federation_fee_msat));
    await client.command("send", ADDRESS, "ALL");
    assert(await client.balanceMsat() < 1_000n, "nothing that makes a satoshi is left");
  }));

Deno.test("arguments that are wrong are told as such, and nothing is paid", () =>
  withBalance(500_000_000n, async (client) => {
    const wrong: [string, ...string[]][] = [
      ["info"],
      ["info", "toString"],
      ["info", "feerate", "now"],
      ["send-fee", "now"],
      ["receive-fee", "now"],
      ["receive", "now"],
      ["send"],
      ["send", ADDRESS],
      ["send", ADDRESS, "50000 sat", "more"],
      ["send", "nowhere", "50000 sat"],
      ["send", ADDRESS, "much"],
      ["send", ADDRESS, "50000001 msat"],
      ["send", ADDRESS, "50000 sat", "--fee"],
      ["send", ADDRESS, "50000 sat", "--fee", "228"],
      ["send", ADDRESS, "50000 sat", "--fee", "228001 msat"],
      ["await-receive"],
      ["await-receive", "-1"],
      ["await-receive", "0", "1"],
      ["await-receive", "9".repeat(16)],
      ["deposits", "now"],
      ["deposits", "retry", "now"],
      ["quote-send"],
      ["quote-send", ADDRESS],
      ["quote-send", ADDRESS, "50000 sat", "more"],
      ["quote-send", ADDRESS, "50000001 msat"],
    ];
    for (const [name, ...args] of wrong) {
      const error = await assertRejects(async () => await client.command(name, ...args), CommandError);
      assertEquals(error.code, "usage", [name, ...args].join(" "));
    }
    assertEquals(await client.events(), []);
  }));
