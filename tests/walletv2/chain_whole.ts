/**
 * The wallet's transactions before judges of their own: the embedded chain's validation, and a real bitcoind where
 * there is one.
 */
import { assert, assertEquals } from "@std/assert";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import {
  addressFromScript,
  bitcoinOutPointText,
  bitcoinTransaction,
  bitcoinTxidOf,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
} from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import { publicKeyOf, xOnlyOf } from "../../core/crypto/mod.ts";
import { encodeHex } from "../../core/encoding/mod.ts";
import { destinationOf } from "../../modules/walletv2/standard_script.ts";
import type { TestWallet } from "../../modules/walletv2/testing/federation.ts";
import {
  agree,
  ask,
  claim,
  depositAddress,
  send,
  signedTransactions,
  testWallet,
} from "../../modules/walletv2/testing/federation.ts";
import { testChain } from "../../server/bitcoin/testing/world.ts";
import { bitcoindTest, CoreNode } from "../../server/dev/chain/testing/core_node.ts";
import type { Node } from "./node.ts";
import { sourceOf } from "./node.ts";

const HASH = fromHex("c0ffee".padEnd(40, "7"));
const KEY = publicKeyOf(new Uint8Array(32).fill(7));
/** A script of every kind that can be paid; the last kind, P2WSH, is a deposit to the same federation. */
const DESTINATIONS = [p2pkhScript(HASH), p2shScript(HASH), p2wpkhScript(HASH), p2trScript(xOnlyOf(KEY))];

type Federation = { readonly wallet: TestWallet; readonly node: Node };

function federationWallet(wallet: TestWallet) {
  return ask(wallet.guardians[0]!, "federation_wallet") as Promise<{ value: number; outpoint: string }>;
}

/** Pays to the depositor's address from the node's wallet, waits until guardians see it, and claims it. */
async function deposit({ wallet, node }: Federation, number: number, outputIndex: bigint, btc: number): Promise<void> {
  const { script, publicKey: tweak } = depositAddress(wallet, number);
  await node.call("sendtoaddress", addressFromScript(script, "regtest")!, btc);
  await node.mine(8);
  await agree(wallet);
  const fee = BigInt(await ask(wallet.guardians[0]!, "receive_fee") as number);
  const claimed = await claim(wallet, { tag: "V0", value: { outputIndex, tweak, fee } });
  assert(claimed.ok, `the claim is accepted: ${claimed.ok ? "" : claimed.error.tag}`);
}

async function pay({ wallet }: Federation, address: string, value: bigint, outIdx: number): Promise<void> {
  const destination = destinationOf(address, "regtest");
  assert(destination.ok, `${address} can be paid`);
  const fee = BigInt(await ask(wallet.guardians[0]!, "send_fee") as number);
  const output = { tag: "V0", value: { destination: destination.value, value, fee } } as const;
  const paid = await send(wallet, output, { txid: "00".repeat(32), outIdx });
  assert(paid.ok, `the payment is accepted: ${paid.ok ? "" : paid.error.tag}`);
}

/** Guardians sign; the node takes every transaction, and a block confirms them. */
async function settle({ wallet, node }: Federation): Promise<readonly BitcoinTransaction[]> {
  const [guardian] = wallet.guardians;
  const transactions = await signedTransactions(wallet);
  for (const tx of transactions) {
    assertEquals(
      await node.call("sendrawtransaction", encodeHex(bitcoinTransaction, tx)),
      bitcoinTxidOf(tx),
      "the node takes what guardians signed",
    );
  }
  await node.mine(8);
  await agree(wallet);
  assertEquals(await ask(guardian!, "pending_transaction_chain"), []);
  const { outpoint, value } = await federationWallet(wallet);
  const [txid, vout] = outpoint.split(":");
  const coin = await node.call<{ value: number; confirmations: number }>("gettxout", txid!, Number(vout));
  assertEquals(Math.round(coin.value * 1e8), value, `the chain has the federation's output ${outpoint}`);
  return transactions;
}

async function life(node: Node, guardians: number): Promise<void> {
  await node.mine(110);
  const wallet = await testWallet({ guardians, source: sourceOf(node) });
  const federation: Federation = { wallet, node };
  await deposit(federation, 0, 0n, 0.01);
  assertEquals((await federationWallet(wallet)).value, 1_000_000);
  assertEquals(await settle(federation), [], "the first deposit needs no transaction");

  await deposit(federation, 1, 1n, 0.02);
  const [consolidated] = await settle(federation);
  assertEquals(consolidated!.inputs.length, 2);
  assertEquals((await federationWallet(wallet)).value, 3_000_000 - Number(wallet.config.receiveTxVbytes));

  // a deposit and payments to every kind of address, each on top of the unconfirmed one before
  await deposit(federation, 2, 2n, 0.005);
  for (const [number, paid] of DESTINATIONS.entries()) {
    await pay(federation, addressFromScript(paid, "regtest")!, 100_000n, number);
  }
  const { script } = depositAddress(wallet, 3);
  await pay(federation, addressFromScript(script, "regtest")!, 200_000n, DESTINATIONS.length);
  const chain = await settle(federation);
  assertEquals(chain.length, 6);
  for (const [child, parent] of chain.slice(1).map((tx, i) => [tx, chain[i]!] as const)) {
    assertEquals(bitcoinOutPointText(child.inputs[0]!.outPoint), `${bitcoinTxidOf(parent)}:0`);
  }
  const paidBack = await ask(wallet.guardians[0]!, "output_info_slice", [3, 10]) as { outpoint: string }[];
  assertEquals(paidBack.map(({ outpoint }) => outpoint), [`${bitcoinTxidOf(chain[5]!)}:1`]);
}

for (const guardians of [1, 4]) {
  Deno.test(`the embedded chain takes every transaction of ${guardians} guardians`, async () => {
    const { call, mine } = await testChain();
    await life({ call, mine }, guardians);
  });

  bitcoindTest(`it takes every transaction of ${guardians} guardians`, async () => {
    const core = await CoreNode.start();
    try {
      await core.call("createwallet", "default");
      // a new chain gives it nothing to estimate a fee from
      await core.call("settxfee", 0.0001);
      const own = await core.call<string>("getnewaddress");
      const call: Node["call"] = (method, ...params) => core.call(method, ...params);
      await life({ call, mine: (count) => core.call("generatetoaddress", count, own) }, guardians);
    } finally {
      await core.stop();
    }
  });
}
