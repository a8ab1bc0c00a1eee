import { assertEquals, assertRejects } from "@std/assert";
import { InvariantError } from "../../core/assert.ts";
import { bitcoinTxidOf, p2pkhScript, p2wpkhScript, p2wshScript, segwitSighashes } from "../../core/bitcoin/mod.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { ecdsaSign, publicKeyOf, tweakSecretKey } from "../../core/crypto/mod.ts";
import { decodeHex, encodeHex } from "../../core/encoding/mod.ts";
import { U64_MAX } from "../../core/types/amount.ts";
import { isSettled, ManualClock } from "../../actors/store/testing.ts";
import { dump } from "../contract/testing.ts";
import type { WalletConsensusItem, WalletInput, WalletOutput } from "./common.ts";
import { walletInput, walletInputError, walletOutput, walletOutputError, WALLETV2_ENDPOINTS } from "./common.ts";
import { unconfirmedTxs, unsignedTxs } from "./db.ts";
import { OUTPUT_SLICE_MAX } from "./limits.ts";
import { isPotentialReceive, witnessScriptOf } from "./scripts.ts";
import { walletv2Server } from "./server.ts";
import type { StandardScript } from "./standard_script.ts";
import type { TestWallet } from "./testing.ts";
import {
  agree,
  ask,
  claim,
  confirm,
  depositAddress,
  order,
  payment,
  send,
  signedTransactions,
  TestChain,
  testWallet,
} from "./testing.ts";

const DESTINATION: StandardScript = { tag: "P2WPKH", value: new Uint8Array(20).fill(7) };
/** What a guardian asks of a claim and of a payment with nothing pending, at 1 sat a vbyte. */
const RECEIVE_FEE = 316n;
const SEND_FEE = 228n;

function deposit(wallet: TestWallet, number: number, valueSat: bigint): BitcoinTransaction {
  return payment({ valueSat, script: depositAddress(wallet, number).script });
}

function claimOf(wallet: TestWallet, outputIndex: bigint, number: number, fee = RECEIVE_FEE): WalletInput {
  return { tag: "V0", value: { outputIndex, tweak: depositAddress(wallet, number).publicKey, fee } };
}

function paymentOf(value: bigint, fee = SEND_FEE, destination = DESTINATION): WalletOutput {
  return { tag: "V0", value: { destination, value, fee } };
}

/** Error as an official guardian encodes it; null for accepted. */
async function refusedClaim(wallet: TestWallet, input: WalletInput): Promise<string | null> {
  const result = await claim(wallet, input);
  return result.ok ? null : encodeHex(walletInputError, result.error);
}

async function refusedPayment(wallet: TestWallet, output: WalletOutput): Promise<string | null> {
  const result = await send(wallet, output);
  return result.ok ? null : encodeHex(walletOutputError, result.error);
}

/** A federation that agrees on fees and holds one claimed deposit, of index 0. */
async function funded(valueSat: bigint, options: Parameters<typeof testWallet>[0] = {}): Promise<TestWallet> {
  const wallet = await testWallet(options);
  await confirm(wallet, deposit(wallet, 0, valueSat));
  assertEquals((await claim(wallet, claimOf(wallet, 0n, 0))).ok, true);
  return wallet;
}

function federationWallet(wallet: TestWallet) {
  return ask(wallet.guardians[0]!, "federation_wallet") as Promise<{ value: number; outpoint: string; tweak: string }>;
}

async function equalStores(wallet: TestWallet): Promise<void> {
  const first = await dump(wallet.guardians[0]!.store);
  for (const { store } of wallet.guardians) assertEquals(await dump(store), first);
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
  await equalStores(wallet);
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
  await equalStores(wallet);
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
  await equalStores(wallet);
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
    const { receive_tx_vbytes: receiveFee, send_tx_vbytes: sendFee } = walletv2Server.clientConfig(wallet.config)
      .json as { receive_tx_vbytes: number; send_tx_vbytes: number };
    await confirm(wallet, deposit(wallet, 1, 50_000n));
    assertEquals((await claim(wallet, claimOf(wallet, 1n, 1, BigInt(receiveFee)))).ok, true);
    assertEquals((await federationWallet(wallet)).value, 150_000 - receiveFee);

    // on top of the unsigned claim, and with what that one lacks at the doubled least rate: none, as 1 sat a vbyte is above it
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
    await equalStores(wallet);
  });
}

Deno.test("fees: the own rate, the least rate doubling with each pending transaction, and what pending ones paid too little", async () => {
  const wallet = await funded(10_000_000n);
  const [guardian] = wallet.guardians;
  const fees = async () => [await ask(guardian!, "send_fee"), await ask(guardian!, "receive_fee")];
  assertEquals(await fees(), [228, 316]);
  // pending 1, 2: least rates 500 and 1,000 are no more than 1,000; with the 3rd it is 2,000, and three others paid 1,000
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

Deno.test("votes: the block count of a threshold, the fee rate of a threshold, each new vote once", async () => {
  const wallet = await testWallet({ network: "signet" });
  const [guardian] = wallet.guardians;
  wallet.chain.mineEmpty(100);
  const count = (value: bigint): WalletConsensusItem => ({ tag: "BlockCount", value });
  const rate = (value: bigint | null): WalletConsensusItem => ({ tag: "Feerate", value });
  assertEquals((await order(wallet, count(0n), 0)).ok, false);
  for (const [peer, value] of [[0, 20n], [1, U64_MAX]] as const) {
    assertEquals((await order(wallet, count(value), peer)).ok, true);
    assertEquals(await ask(guardian!, "consensus_block_count"), 0);
  }
  assertEquals((await order(wallet, count(30n), 2)).ok, true);
  assertEquals(await ask(guardian!, "consensus_block_count"), 20);
  assertEquals((await order(wallet, count(20n), 0)).ok, false);
  assertEquals((await order(wallet, count(19n), 0)).ok, false);
  assertEquals((await order(wallet, count(25n), 3)).ok, true);
  assertEquals(await ask(guardian!, "consensus_block_count"), 25);

  assertEquals((await order(wallet, rate(null), 0)).ok, true);
  assertEquals((await order(wallet, rate(null), 0)).ok, false);
  for (const [peer, value] of [[0, 3_000n], [1, 1n]] as const) {
    assertEquals((await order(wallet, rate(value), peer)).ok, true);
    assertEquals(await ask(guardian!, "consensus_feerate"), null);
  }
  assertEquals((await order(wallet, rate(2_000n), 2)).ok, true);
  assertEquals(await ask(guardian!, "consensus_feerate"), 3_000);
  assertEquals((await order(wallet, rate(2_000n), 3)).ok, true);
  assertEquals(await ask(guardian!, "consensus_feerate"), 2_000);
  assertEquals((await order(wallet, rate(null), 1)).ok, true);
  assertEquals(await ask(guardian!, "consensus_feerate"), 3_000);
  await equalStores(wallet);
});

Deno.test("an item of a kind that is not known is refused", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const item: WalletConsensusItem = { tag: "Default", value: { variant: 3n, bytes: new Uint8Array() } };
  assertEquals(await order(wallet, item, 0), { ok: false, error: "unknown kind of item 3" });
});

Deno.test("on a real network blocks before the first agreed one hold nothing, on regtest they do", async () => {
  for (const [network, index] of [["regtest", [0]], ["signet", []]] as const) {
    const wallet = await testWallet({ network });
    await confirm(wallet, deposit(wallet, 0, 50_000n));
    const outputs = await ask(wallet.guardians[0]!, "output_info_slice", [0, 10]) as { index: number }[];
    assertEquals(outputs.map((output) => output.index), [...index]);
    await confirm(wallet, deposit(wallet, 1, 50_000n));
    const later = await ask(wallet.guardians[0]!, "output_info_slice", [0, 10]) as { index: number }[];
    assertEquals(later.length, index.length + 1);
  }
});

Deno.test("guardians wait for their own node before they take in a block, and stop waiting when they end", async () => {
  const clock = new ManualClock();
  const wallet = await testWallet({ guardians: 1, clock });
  const { store, module } = wallet.guardians[0]!;
  wallet.chain.mine(deposit(wallet, 0, 50_000n));
  wallet.chain.mineEmpty(5);
  const stop = new AbortController();
  const count = (value: bigint) => {
    const item: WalletConsensusItem = { tag: "BlockCount", value };
    return store.transact((tx) => module.processItem(tx, item, 0, stop.signal));
  };
  const waiting = count(1n);
  await clock.advance(60_000);
  assertEquals(await isSettled(waiting), false);
  wallet.chain.mine();
  await clock.advance(1_000);
  assertEquals((await waiting).value, { ok: true, value: null });
  assertEquals((await ask(wallet.guardians[0]!, "output_info_slice", [0, 10]) as unknown[]).length, 1);

  const stopped = count(5n);
  await clock.advance(1_000);
  stop.abort(new Error("stopping"));
  await assertRejects(() => stopped, Error, "stopping");
  assertEquals(await ask(wallet.guardians[0]!, "consensus_block_count"), 1);
});

Deno.test("a node of another network stops the guardian", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const [guardian] = wallet.guardians;
  wallet.chain.mineEmpty(20);
  wallet.chain.network = "signet";
  await assertRejects(() => guardian!.store.read((tx) => guardian!.module.propose(tx)), InvariantError);
  await assertRejects(() => order(wallet, { tag: "BlockCount", value: 3n }, 0), InvariantError);
});

Deno.test("the filter alone gives an output its index; one that can be no deposit is left out of the answer", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const [guardian] = wallet.guardians;
  const { hashOfKeys } = wallet.search;
  let odd = p2pkhScript(new Uint8Array(20));
  for (let i = 0; !isPotentialReceive(odd, hashOfKeys); i++) {
    const hash = new Uint8Array(20);
    new DataView(hash.buffer).setUint32(0, i);
    odd = p2pkhScript(hash);
  }
  const { script } = depositAddress(wallet, 0);
  const foreign = p2wshScript(new Uint8Array(32));
  const tx = payment(
    { valueSat: 1n, script: foreign },
    { valueSat: 2n, script: odd },
    { valueSat: 30_000n, script },
    { valueSat: 40_000n, script },
  );
  await confirm(wallet, tx);
  const txid = bitcoinTxidOf(tx);
  const entry = (index: number, vout: number, value: number, spent = false) => ({
    index,
    script: toHex(script),
    value,
    spent,
    outpoint: `${txid}:${vout}`,
  });
  assertEquals(await ask(guardian!, "output_info_slice", [0, 1000]), [entry(1, 2, 30_000), entry(2, 3, 40_000)]);
  const { receiveTxVbytes } = wallet.config;
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 0, receiveTxVbytes))).ok, true);
  // a spent output keeps its outpoint, as the reference answers it
  assertEquals(await ask(guardian!, "output_info_slice", [1, 3]), [entry(1, 2, 30_000, true), entry(2, 3, 40_000)]);
  assertEquals(await refusedClaim(wallet, claimOf(wallet, 0n, 0)), "0300");
  for (const empty of [[0, 1], [3, 1000], [2, 2], [2, 1], [10, 0]]) {
    assertEquals(await ask(guardian!, "output_info_slice", empty), []);
  }
  assertEquals(await ask(guardian!, "output_info_slice", [0, U64_MAX]), [
    entry(1, 2, 30_000, true),
    entry(2, 3, 40_000),
  ]);
});

Deno.test("signatures count once a guardian, for a transaction that waits for them, and only all valid ones", async () => {
  const wallet = await funded(100_000n);
  await confirm(wallet, deposit(wallet, 1, 60_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const items = await Promise.all(wallet.guardians.map(async ({ store, module }) => {
    const [item] = await store.read((tx) => module.propose(tx));
    if (item?.tag !== "Signatures") throw new Error("A guardian proposes its signatures first");
    return item;
  }));
  const signedCount = async () => (await wallet.guardians[1]!.store.read((tx) => unconfirmedTxs(tx))).size;
  const [[txid, signatures]] = [items[0]!.value];
  const variant = (list: readonly Uint8Array<ArrayBuffer>[]): WalletConsensusItem => ({
    tag: "Signatures",
    value: [txid, [...list]],
  });
  const refused = async (item: WalletConsensusItem, peer: number, why: string) =>
    assertEquals(await order(wallet, item, peer), { ok: false, error: why });
  const before = await dump(wallet.guardians[0]!.store);
  await refused(
    { tag: "Signatures", value: ["00".repeat(32), [...signatures]] },
    0,
    "there is no such unsigned transaction",
  );
  await refused(variant([]), 0, "signatures are wrong");
  await refused(variant([signatures[0]!]), 0, "signatures are wrong");
  await refused(variant([...signatures, signatures[0]!]), 0, "signatures are wrong");
  await refused(variant([...signatures].reverse()), 0, "signatures are wrong");
  await refused(items[0]!, 1, "signatures are wrong");
  await refused(variant([signatures[0]!, highS(signatures[1]!)]), 0, "signatures are wrong");
  assertEquals(await dump(wallet.guardians[0]!.store), before);

  for (const peer of [0, 3]) assertEquals((await order(wallet, items[peer]!, peer)).ok, true);
  await refused(items[0]!, 0, "this guardian has signed before");
  const proposed = await wallet.guardians[3]!.store.read((tx) => wallet.guardians[3]!.module.propose(tx));
  assertEquals(proposed, [], "what was counted is not proposed again");
  assertEquals(await signedCount(), 0);
  assertEquals((await order(wallet, items[2]!, 2)).ok, true);
  assertEquals(await signedCount(), 1);
  await refused(items[1]!, 1, "there is no such unsigned transaction");
  await equalStores(wallet);
});

/** The other signature that satisfies the same equation: s negated. */
function highS(signature: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - BigInt(`0x${toHex(signature.subarray(32))}`);
  return Uint8Array.from([...signature.subarray(0, 32), ...fromHex(s.toString(16).padStart(64, "0"))]);
}

Deno.test("each input is signed with its own tweak over its own script", async () => {
  const wallet = await funded(100_000n);
  await confirm(wallet, deposit(wallet, 1, 60_000n));
  const before = await federationWallet(wallet);
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const guardian = wallet.guardians[2]!;
  const [unsigned] = (await guardian.store.read((tx) => unsignedTxs(tx))).values();
  const tweaks = unsigned!.spentTxOuts.map(({ tweak }) => tweak);
  assertEquals(tweaks[0], before.tweak);
  const { bitcoinPks } = wallet.config;
  const digests = segwitSighashes(
    unsigned!.tx,
    [100_000n, 60_000n].map((valueSat, i) => ({ scriptCode: witnessScriptOf(bitcoinPks, tweaks[i]!), valueSat })),
  );
  const secret = guardian.env.privateConfig.bitcoinSk;
  const [item] = await guardian.store.read((tx) => guardian.module.propose(tx));
  const expected = digests.map((digest, i) => ecdsaSign(digest, tweakSecretKey(secret, fromHex(tweaks[i]!))));
  assertEquals(item, { tag: "Signatures", value: [bitcoinTxidOf(unsigned!.tx), expected] });
});

Deno.test("votes follow the node: seven blocks behind, by steps, at least 1 sat a vbyte, taken back when it is away", async () => {
  const wallet = await testWallet({ guardians: 1, testEnvironment: false });
  const { store, module } = wallet.guardians[0]!;
  const propose = () => store.read((tx) => module.propose(tx));
  wallet.chain.reachable = false;
  assertEquals(await propose(), []);
  wallet.chain.reachable = true;
  wallet.chain.mineEmpty(7);
  wallet.chain.feerateSatPerKvb = 250n;
  assertEquals(await propose(), [{ tag: "Feerate", value: 1_000n }]);
  wallet.chain.mineEmpty(30);
  assertEquals(await propose(), [{ tag: "BlockCount", value: 30n }, { tag: "Feerate", value: 1_000n }]);
  await agree(wallet);
  wallet.chain.mineEmpty(30);
  assertEquals(await propose(), [{ tag: "BlockCount", value: 35n }]);
  await agree(wallet);
  assertEquals(await ask(wallet.guardians[0]!, "consensus_block_count"), 60);
  wallet.chain.feerateSatPerKvb = 1_001n;
  assertEquals(await propose(), [{ tag: "Feerate", value: 1_001n }]);
  await agree(wallet);
  wallet.chain.reachable = false;
  assertEquals(await propose(), [{ tag: "Feerate", value: null }]);
  await agree(wallet);
  assertEquals(await ask(wallet.guardians[0]!, "send_fee"), null);

  const quick = await testWallet({ guardians: 1 });
  quick.chain.mineEmpty(10);
  await agree(quick);
  quick.chain.mineEmpty(300);
  const [item] = await quick.guardians[0]!.store.read((tx) => quick.guardians[0]!.module.propose(tx));
  assertEquals(item, { tag: "BlockCount", value: 103n });
});

Deno.test("walletv2 answers at the reference's endpoints, all of them public, and knows no outcomes", async () => {
  const wallet = await testWallet({ guardians: 1 });
  const { module, store } = wallet.guardians[0]!;
  assertEquals(Object.keys(module.api), [...WALLETV2_ENDPOINTS]);
  for (const { admin, since } of Object.values(module.api)) {
    assertEquals({ admin, since }, { admin: false, since: { major: 0, minor: 0 } });
  }
  assertEquals(await ask(wallet.guardians[0]!, "federation_wallet"), null);
  assertEquals(await ask(wallet.guardians[0]!, "send_fee"), null);
  assertEquals(await store.read((tx) => module.outputOutcome(tx, { txid: "00".repeat(32), outIdx: 0 })), null);
  assertEquals(await store.read((tx) => module.audit(tx)), 0n);
});

Deno.test("the ceremony makes one config for all, and each guardian's secret fits it", async () => {
  const wallet = await testWallet();
  for (const [identity, { env }] of wallet.guardians.entries()) {
    assertEquals(env.config, wallet.config);
    assertEquals(publicKeyOf(env.privateConfig.bitcoinSk), env.config.bitcoinPks.get(identity));
    assertEquals(walletv2Server.validate(env.config, env.privateConfig, identity), { ok: true, value: null });
    assertEquals(walletv2Server.validate(env.config, env.privateConfig, (identity + 1) % 4).ok, false);
  }
  assertEquals(walletv2Server.validate(wallet.config, wallet.guardians[0]!.env.privateConfig, 4).ok, false);
  assertEquals(wallet.config.sendTxVbytes, 228n);
});

Deno.test("a federation of more guardians than Bitcoin's multisig has keys is refused at the ceremony", async () => {
  await assertRejects(() => testWallet({ guardians: 21 }), InvariantError);
});

Deno.test("one slice answers so many outputs at most", async () => {
  const wallet = await testWallet({ guardians: 1, chain: new TestChain() });
  const { script } = depositAddress(wallet, 0);
  await confirm(wallet, payment(...Array.from({ length: OUTPUT_SLICE_MAX + 1 }, () => ({ valueSat: 1n, script }))));
  const length = async (start: number, end: number) =>
    (await ask(wallet.guardians[0]!, "output_info_slice", [start, end]) as unknown[]).length;
  assertEquals(await length(0, OUTPUT_SLICE_MAX + 1), OUTPUT_SLICE_MAX);
  assertEquals(await length(1, OUTPUT_SLICE_MAX + 1), OUTPUT_SLICE_MAX);
});
