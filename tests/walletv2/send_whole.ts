/** Payments, from the wallet's e-cash to the chain; the commands. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { addressFromScript, bitcoinTxidOf } from "../../core/bitcoin/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import {
  agree,
  ask,
  confirm,
  depositAddress,
  payment,
  SEND_FEE,
  signedTransactions,
} from "../../modules/walletv2/testing/federation.ts";
import { TestClient } from "./client.ts";
import { WALLET } from "./federation.ts";

import { ADDRESS, funded, ITEM_FEES_MSAT, refusedWith, SCRIPT, withBalance } from "./paying.ts";

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
