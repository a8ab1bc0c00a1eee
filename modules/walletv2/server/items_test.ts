import { assertEquals, assertRejects } from "@std/assert";
import { isSettled, ManualClock } from "../../../actors/store/testing/mod.ts";
import { bitcoinTxidOf, segwitSighashes } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { ecdsaSign, tweakSecretKey } from "../../../core/crypto/mod.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { dump } from "../../contract/testing/mod.ts";
import type { WalletConsensusItem } from "../common.ts";
import { unconfirmedTxs, unsignedTxs } from "./db.ts";
import { SignatureChecker } from "./federation_tx.ts";
import { CHECKABLE_KEPT } from "../limits.ts";
import { witnessScriptOf } from "../scripts.ts";
import {
  agree,
  ask,
  assertEqualStores,
  claim,
  claimOf,
  confirm,
  deposit,
  federationWallet,
  funded,
  order,
  testWallet,
} from "../testing/federation.ts";

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
  await assertEqualStores(wallet);
});

Deno.test("a copy of an item that was accepted just before is refused and changes nothing, whatever item it is", async () => {
  const wallet = await funded(100_000n);
  await confirm(wallet, deposit(wallet, 1, 60_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const [guardian] = wallet.guardians;
  const [signatures] = await guardian!.store.read((tx) => guardian!.module.consensusProposal(tx));
  const items: WalletConsensusItem[] = [
    { tag: "BlockCount", value: 1_000n },
    { tag: "Feerate", value: 7_000n },
    { tag: "Feerate", value: null },
    signatures!,
  ];
  assertEquals(signatures!.tag, "Signatures");
  for (const item of items) {
    assertEquals((await order(wallet, item, 0)).ok, true, item.tag);
    const before = await dump(guardian!.store);
    assertEquals((await order(wallet, item, 0)).ok, false, item.tag);
    assertEquals(await dump(guardian!.store), before);
  }
  await assertEqualStores(wallet);
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
    return store.transact((tx) => module.processConsensusItem(tx, item, 0, stop.signal));
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

Deno.test("a node of another network is no node: what needs no chain goes on, and one sentence says why", async () => {
  const clock = new ManualClock(), stop = new AbortController();
  const wallet = await testWallet({ guardians: 1, clock });
  const [guardian] = wallet.guardians;
  await confirm(wallet, deposit(wallet, 0, 100_000n));
  const { receiveTxVbytes: fee } = wallet.config;
  const said = () => guardian!.records.splice(0).filter(({ level }) => level === "warn").map(({ message }) => message);
  wallet.chain.mineEmpty(20);
  wallet.chain.network = "signet";
  const propose = () => guardian!.store.read((tx) => guardian!.module.consensusProposal(tx));
  // as while it is away: the vote on the fee rate is taken back, and none on the chain is made
  assertEquals(await propose(), [{ tag: "Feerate", value: null }]);
  for (let i = 0; i < 100; i++) await propose();
  assertEquals(said(), ["The Bitcoin node is on signet, the federation on regtest"]);
  assertEquals((await claim(wallet, claimOf(wallet, 0n, 0, fee))).ok, true, "what was voted stays voted");

  // blocks that others have agreed on are waited for, not read from a wrong chain
  const waiting = guardian!.store.transact((tx) =>
    guardian!.module.processConsensusItem(tx, { tag: "BlockCount", value: 12n }, 0, stop.signal)
  );
  await clock.advance(600_000);
  assertEquals(await isSettled(waiting), false);
  assertEquals(said().length, 3, "again after 1, 3 and 7 minutes, of ten in which it was asked 6,000 times");
  wallet.chain.network = "regtest";
  await clock.advance(1_000);
  assertEquals((await waiting).value.ok, true);
  assertEquals(said(), []);
});

Deno.test("signatures count once a guardian, for a transaction that waits for them, and only all valid ones", async () => {
  const wallet = await funded(100_000n);
  await confirm(wallet, deposit(wallet, 1, 60_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const items = await Promise.all(wallet.guardians.map(async ({ store, module }) => {
    const [item] = await store.read((tx) => module.consensusProposal(tx));
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
  const proposed = await wallet.guardians[3]!.store.read((tx) => wallet.guardians[3]!.module.consensusProposal(tx));
  assertEquals(proposed, [], "what was counted is not proposed again");
  assertEquals(await signedCount(), 0);
  assertEquals((await order(wallet, items[2]!, 2)).ok, true);
  assertEquals(await signedCount(), 1);
  await refused(items[1]!, 1, "there is no such unsigned transaction");
  await assertEqualStores(wallet);
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
  const [item] = await guardian.store.read((tx) => guardian.module.consensusProposal(tx));
  const expected = digests.map((digest, i) => ecdsaSign(digest, tweakSecretKey(secret, fromHex(tweaks[i]!))));
  assertEquals(item, { tag: "Signatures", value: [bitcoinTxidOf(unsigned!.tx), expected] });
});

Deno.test("votes follow the node: seven blocks behind, by steps, at least 1 sat a vbyte, taken back when it is away", async () => {
  const wallet = await testWallet({ guardians: 1, testEnvironment: false });
  const { store, module } = wallet.guardians[0]!;
  const propose = () => store.read((tx) => module.consensusProposal(tx));
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
  const [item] = await quick.guardians[0]!.store.read((tx) => quick.guardians[0]!.module.consensusProposal(tx));
  assertEquals(item, { tag: "BlockCount", value: 103n });
});

/** Keys that count how often they are gone through. */
class CountedKeys extends Map<PeerId, Bytes> {
  reads = 0;

  override [Symbol.iterator](): MapIterator<[PeerId, Bytes]> {
    this.reads++;
    return super[Symbol.iterator]();
  }
}

Deno.test("in whatever number a guardian sends wrong signatures, keys are tweaked once; a right one is still taken", async () => {
  const wallet = await funded(1_000_000n);
  await confirm(wallet, deposit(wallet, 1, 500_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const [first, second] = wallet.guardians;
  const [right] = await second!.store.read((tx) => second!.module.consensusProposal(tx));
  const unsigned = await first!.store.read((tx) => unsignedTxs(tx));
  const [[txid, tx] = assertFails()] = unsigned;
  const wrong = (i: number) => Array.from({ length: 2 }, () => new Uint8Array(64).fill(i + 1));

  const keys = new CountedKeys(wallet.config.bitcoinPks);
  keys.reads = 0;
  const checker = new SignatureChecker(keys);
  assertEquals(checker.verify(txid, tx, wrong(0), 1), false);
  const once = keys.reads;
  for (let i = 0; i < 200; i++) assertEquals(checker.verify(txid, tx, wrong(i), 1), false);
  assertEquals([once > 0, keys.reads], [true, once]);

  for (let i = 0; i < 20; i++) {
    assertEquals((await order(wallet, { tag: "Signatures", value: [txid, wrong(i)] }, 1)).ok, false);
  }
  assertEquals((await order(wallet, right!, 1)).ok, true);
});

Deno.test("what is kept of transactions to check signatures has a bound", async () => {
  const wallet = await funded(1_000_000n);
  await confirm(wallet, deposit(wallet, 1, 500_000n));
  assertEquals((await claim(wallet, claimOf(wallet, 1n, 1))).ok, true);
  const [[, tx] = assertFails()] = await wallet.guardians[0]!.store.read((tx) => unsignedTxs(tx));
  const keys = new CountedKeys(wallet.config.bitcoinPks);
  const checker = new SignatureChecker(keys);
  const verify = (number: number) => checker.verify(String(number), tx, [new Uint8Array(64), new Uint8Array(64)], 1);
  for (let number = 0; number <= CHECKABLE_KEPT; number++) verify(number);
  const reads = keys.reads;
  verify(CHECKABLE_KEPT);
  assertEquals(keys.reads, reads, "the newest is known");
  verify(0);
  assertEquals(keys.reads > reads, true, "the oldest isn't");
});

function assertFails(): never {
  throw new Error("There is an unsigned transaction");
}
