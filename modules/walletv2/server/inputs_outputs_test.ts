import { assertEquals } from "@std/assert";
import { bitcoinTxidOf, p2wpkhScript } from "../../../core/bitcoin/mod.ts";
import { fromHex } from "../../../core/bytes.ts";
import { decodeHex, encodeHex } from "../../../core/encoding/mod.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import { dump } from "../../contract/testing/mod.ts";
import type { WalletInput, WalletOutput } from "../common.ts";
import { walletInput, walletInputError, walletOutput, walletOutputError } from "../common.ts";
import { walletv2Server } from "../server.ts";
import type { StandardScript } from "../standard_script.ts";
import type { TestWallet } from "../testing/federation.ts";
import {
  agree,
  ask,
  assertEqualStores,
  claim,
  claimOf,
  confirm,
  deposit,
  depositAddress,
  federationWallet,
  funded,
  paymentOf,
  send,
  signedTransactions,
  testWallet,
} from "../testing/federation.ts";

/** Error as an official guardian encodes it; null for accepted. */
async function refusedClaim(wallet: TestWallet, input: WalletInput): Promise<string | null> {
  const result = await claim(wallet, input);
  return result.ok ? null : encodeHex(walletInputError, result.error);
}

async function refusedPayment(wallet: TestWallet, output: WalletOutput): Promise<string | null> {
  const result = await send(wallet, output);
  return result.ok ? null : encodeHex(walletOutputError, result.error);
}

Deno.test("the first deposit becomes the federation's output with all its value, and its fee is lost", async () => {
  const wallet = await testWallet();
  const tx = deposit(wallet, 0, 100_000n);
  await confirm(wallet, tx);
  const key = depositAddress(wallet, 0).publicKey;
  assertEquals(await claim(wallet, claimOf(wallet, 0n, 0)), {
    ok: true,
    value: {
      amounts: new Map([[0n, 100_000_000n - 316_000n]]),
      fees: new Map([[0n, 100_000n]]),
      publicKey: key,
    },
  });
  assertEquals((await federationWallet(wallet)).value, 100_000);
  assertEquals((await federationWallet(wallet)).outpoint, `${bitcoinTxidOf(tx)}:0`);
  assertEquals(await ask(wallet.guardians[0]!, "transaction_chain"), []);
  await assertEqualStores(wallet);
});

Deno.test("claims are refused with the official errors in the official order of checks", async () => {
  const wallet = await testWallet();
  wallet.chain.feerateSatPerKvb = null;
  await confirm(wallet, deposit(wallet, 0, 300n), deposit(wallet, 1, 50_000n));
  const before = await dump(wallet.guardians[0]!.store);
  assertEquals(await refusedClaim(wallet, decodeHex(walletInput, "fd026800")), "0003fd0268");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 2n, 0)), "0200");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, U64_MAX, 0)), "0200");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 1)), "0300");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0, 0n)), "0400");
  assertEquals(await dump(wallet.guardians[0]!.store), before);

  wallet.chain.feerateSatPerKvb = 2_000n;
  await agree(wallet);
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0, 631n)), "0500");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0, 632n)), "0600");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 1n, 1, 632n)), null);
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 1n, 0, 0n)), "0100");
  await assertEqualStores(wallet);
});

Deno.test("a claim whose amounts leave 64 bits is refused", async () => {
  const wallet = await testWallet();
  await confirm(wallet, deposit(wallet, 0, U64_MAX), deposit(wallet, 1, 50_000n), deposit(wallet, 2, U64_MAX - 1n));
  // as millisatoshi, with and without a wallet; and together with the wallet
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0)), "0600");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 1n, 1)), null);
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 2n, 2)), "0600");
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0)), "0600");
  assertEquals((await federationWallet(wallet)).value, 50_000);
});

Deno.test("a claim of all of a deposit's value brings nothing and is accepted", async () => {
  const wallet = await testWallet();
  await confirm(wallet, deposit(wallet, 0, 20_000n));
  const result = await claim(wallet, claimOf(wallet, 0n, 0, 20_000n));
  assertEquals(result.ok && result.value.amounts, new Map([[0n, 0n]]));
});

Deno.test("payments are refused with the official errors in the official order of checks", async () => {
  const wallet = await testWallet();
  wallet.chain.feerateSatPerKvb = null;
  await confirm(wallet, deposit(wallet, 0, 100_000n));
  const unknown = decodeHex(walletOutput, "07025a83");
  assertEquals(await refusedPayment(wallet, unknown), "000107");
  assertEquals(await refusedPayment(wallet, paymentOf(9_999n)), "0100");
  assertEquals(await refusedPayment(wallet, paymentOf(10_000n)), "0200");
  wallet.chain.feerateSatPerKvb = 1_000n;
  await agree(wallet);
  assertEquals((await claim(wallet, claimOf(wallet, 0n, 0))).ok, true);
  wallet.chain.reachable = false;
  await agree(wallet);
  const before = await dump(wallet.guardians[0]!.store);
  assertEquals(await refusedPayment(wallet, paymentOf(10_000n)), "0300");
  assertEquals(await dump(wallet.guardians[0]!.store), before);
  wallet.chain.reachable = true;
  await agree(wallet);

  const strange: StandardScript = { tag: "Default", value: { variant: 5n, bytes: fromHex("7f") } };
  assertEquals(await refusedPayment(wallet, paymentOf(100_000n, 227n, strange)), "0400");
  assertEquals(await refusedPayment(wallet, paymentOf(99_773n, 228n, strange)), "0600");
  assertEquals(await refusedPayment(wallet, paymentOf(U64_MAX, 228n, strange)), "0600");
  assertEquals(await refusedPayment(wallet, paymentOf(10_000n, U64_MAX, strange)), "0600");
  assertEquals(await refusedPayment(wallet, paymentOf(99_772n, 228n, strange)), "0500");
  assertEquals(await refusedPayment(wallet, paymentOf(89_773n, 228n, strange)), "0500");
  assertEquals(await refusedPayment(wallet, paymentOf(89_772n, 228n, strange)), "0700");
  assertEquals(await refusedPayment(wallet, paymentOf(89_772n, 228n)), null);
  assertEquals((await federationWallet(wallet)).value, 10_000);
  await assertEqualStores(wallet);
});

Deno.test("a payment takes value and fee, its change comes first, and its txid is told by its out point", async () => {
  const wallet = await funded(100_000n);
  const at = { txid: "ab".repeat(32), outIdx: 0 };
  assertEquals(await send(wallet, paymentOf(30_000n, 1_000n), at), {
    ok: true,
    value: { amounts: new Map([[0n, 31_000_000n]]), fees: new Map([[0n, 100_000n]]) },
  });
  const [guardian] = wallet.guardians;
  const txid = await ask(guardian!, "transaction_id", { txid: at.txid, out_idx: 0 });
  assertEquals((await federationWallet(wallet)).outpoint, `${txid}:0`);
  assertEquals(await ask(guardian!, "transaction_id", { txid: at.txid, out_idx: 1 }), null);
  await agree(wallet);
  const [tx] = await signedTransactions(wallet);
  assertEquals(bitcoinTxidOf(tx!), txid);
  assertEquals(tx!.outputs.map(({ valueSat }) => valueSat), [69_000n, 30_000n]);
  assertEquals(tx!.outputs[1]!.script, p2wpkhScript(new Uint8Array(20).fill(7)));
  const info = { index: 0, txid, input: 100_000, output: 69_000, fee: 1_000, vbytes: 228, created: 2 };
  assertEquals(await ask(guardian!, "pending_transaction_chain"), [info]);
  assertEquals(await ask(guardian!, "transaction_chain"), [info]);
});

for (const guardians of [1, 4]) {
  Deno.test(`${guardians} guardians: deposits are consolidated, a payment is signed, and blocks confirm both`, async () => {
    const wallet = await funded(100_000n, { guardians });
    const [guardian] = wallet.guardians;
    const { receive_tx_vbytes: receiveFee, send_tx_vbytes: sendFee } = walletv2Server.getClientConfig(wallet.config)
      .json as { receive_tx_vbytes: number; send_tx_vbytes: number };
    await confirm(wallet, deposit(wallet, 1, 50_000n));
    assertEquals((await claim(wallet, claimOf(wallet, 1n, 1, BigInt(receiveFee)))).ok, true);
    assertEquals((await federationWallet(wallet)).value, 150_000 - receiveFee);

    // on top of the unsigned claim, and with what that one lacks at the doubled least rate: none, as 1 sat a vbyte is
    // above it
    assertEquals(await ask(guardian!, "send_fee"), sendFee);
    assertEquals((await send(wallet, paymentOf(40_000n, BigInt(sendFee)))).ok, true);
    assertEquals(await agree(wallet) >= 2, true);
    const transactions = await signedTransactions(wallet);
    assertEquals(transactions.map(({ inputs }) => inputs.length), [2, 1]);
    assertEquals(transactions[1]!.inputs[0]!.outPoint, { txid: bitcoinTxidOf(transactions[0]!), vout: 0 });
    assertEquals((await ask(guardian!, "pending_transaction_chain") as unknown[]).length, 2);

    await confirm(wallet, ...transactions);
    assertEquals(await ask(guardian!, "pending_transaction_chain"), []);
    assertEquals((await ask(guardian!, "transaction_chain") as unknown[]).length, 2);
    assertEquals(await signedTransactions(wallet), []);
    const left = 150_000n - BigInt(receiveFee) - 40_000n - BigInt(sendFee);
    assertEquals(await guardian!.store.read((tx) => guardian!.module.audit(tx)), left * 1000n);
    await assertEqualStores(wallet);
  });
}

Deno.test("fees: the own rate, the least rate doubling with each pending transaction, and what pending ones paid too little", async () => {
  const wallet = await funded(10_000_000n);
  const [guardian] = wallet.guardians;
  const fees = async () => [await ask(guardian!, "send_fee"), await ask(guardian!, "receive_fee")];
  assertEquals(await fees(), [228, 316]);
  // pending 1, 2: least rates 500 and 1,000 are no more than 1,000; with the 3rd it is 2,000, and three others paid
  // 1,000
  for (let pending = 1; pending <= 2; pending++) {
    assertEquals((await send(wallet, paymentOf(10_000n))).ok, true);
    assertEquals(await fees(), [228, 316]);
  }
  assertEquals((await send(wallet, paymentOf(10_000n))).ok, true);
  assertEquals(await fees(), [4 * 228 * 2 - 3 * 228, (3 * 228 + 316) * 2 - 3 * 228]);
  // a payment that pays for the others leaves nothing to be paid for, but the doubled rate of the next
  assertEquals((await send(wallet, paymentOf(10_000n, 1_140n))).ok, true);
  assertEquals(await fees(), [5 * 228 * 4 - 4 * 228 - 912, (4 * 228 + 316) * 4 - 4 * 228 - 912]);
  assertEquals((await send(wallet, paymentOf(10_000n, 1_000_000n))).ok, true);
  assertEquals(await fees(), [228 * 8, 316 * 8]);
});
