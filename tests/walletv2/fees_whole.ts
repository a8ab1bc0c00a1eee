/**
 * Payments while no block comes: the least fee rate doubles with each, until it is far beyond what nodes relay without
 * being told to. What consensus has signed goes through all the same, by the guardian's own way to a node: the embedded
 * chain, and a real bitcoind.
 */
import { assert, assertEquals } from "@std/assert";
import { realPlatform } from "../../actors/platform/real.ts";
import { addressFromScript, bitcoinTransaction, bitcoinTxidOf, p2wpkhScript } from "../../core/bitcoin/mod.ts";
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { encode } from "../../core/encoding/mod.ts";
import { destinationOf } from "../../modules/walletv2/standard_script.ts";
import {
  agree,
  ask,
  claim,
  depositAddress,
  send,
  signedTransactions,
  testWallet,
} from "../../modules/walletv2/testing/federation.ts";
import { testChain, world } from "../../server/bitcoin/testing/world.ts";
import type { TestChain } from "../../server/bitcoin/testing/world.ts";
import type { BitcoinBackend } from "../../actors/bitcoin/backend.ts";
import { bitcoindBackend } from "../../actors/bitcoin/bitcoind.ts";
import { bitcoindTest, CoreNode } from "../../server/dev/chain/testing/core_node.ts";
import { RpcError } from "../../server/dev/chain/error.ts";
import type { Node } from "./node.ts";
import { sourceOf } from "./node.ts";

/** The last one's fee rate is beyond 0.1 BTC/kvB, what a node takes when it is told nothing else. */
const PAYMENTS = 14;
const PAID_SAT = 10_000n;
const never = new AbortController().signal;

type OwnNode = Node & { readonly backend: BitcoinBackend };

async function withoutBlocks(node: OwnNode): Promise<void> {
  await node.mine(110);
  const wallet = await testWallet({ source: sourceOf(node) });
  const [guardian] = wallet.guardians;
  const { script, publicKey: tweak } = depositAddress(wallet, 0);
  await node.call("sendtoaddress", addressFromScript(script, "regtest")!, 1);
  await node.mine(8);
  await agree(wallet);
  assertEquals((await claim(wallet, { tag: "V0", value: { outputIndex: 0n, tweak, fee: 316n } })).ok, true);

  const destination = destinationOf(
    addressFromScript(p2wpkhScript(fromHex("c0ffee".padEnd(40, "7"))), "regtest")!,
    "regtest",
  );
  assert(destination.ok);
  const fees: bigint[] = [];
  for (let outIdx = 0; outIdx < PAYMENTS; outIdx++) {
    const fee = BigInt(await ask(guardian!, "send_fee") as number);
    const output = { tag: "V0", value: { destination: destination.value, value: PAID_SAT, fee } } as const;
    assertEquals((await send(wallet, output, { txid: "00".repeat(32), outIdx })).ok, true);
    fees.push(fee);
  }
  assert(fees[12]! > 1_600_000n, `the thirteenth costs ${fees[12]}`);
  const transactions = await signedTransactions(wallet);
  const refusals: (readonly [number, string])[] = [];
  for (const [index, tx] of transactions.entries()) {
    const sent = await node.backend.broadcast(encode(bitcoinTransaction, tx), never);
    if (!sent.ok) refusals.push([index, JSON.stringify(sent.error)]);
  }
  assertEquals(refusals, []);
  const isWaiting = async (tx: BitcoinTransaction): Promise<boolean> =>
    (await node.call<string[]>("getrawmempool")).includes(bitcoinTxidOf(tx));
  for (const tx of transactions) assert(await isWaiting(tx));
  await node.mine(8);
  await agree(wallet);
  assertEquals(await ask(guardian!, "pending_transaction_chain"), []);
}

const EXCEEDS = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";

Deno.test("the embedded chain takes fourteen payments without a block, however dear, where it refuses them by default", async () => {
  const chain = await testChain();
  const here = world();
  let refused = 0;
  await here.http.serveHttp({ hostname: "node", port: 18_443 }, async (request) => {
    const { method, params } = await request.json();
    // asked without the second parameter first: the limit is in force here as it is on a real node
    if (method === "sendrawtransaction" && await failure(chain, params[0]) === EXCEEDS) refused++;
    return Response.json({ result: await chain.call(method, ...params), error: null });
  });
  const backend = bitcoindBackend(here.platform.network, "http://node:18443", { username: "", password: "" });
  await withoutBlocks({ call: chain.call, mine: chain.mine, backend });
  assertEquals(refused, 1);
});

async function failure(chain: TestChain, transaction: Json): Promise<string | null> {
  try {
    await chain.call("sendrawtransaction", transaction);
    return null;
  } catch (thrown) {
    if (thrown instanceof RpcError) return thrown.message;
    throw thrown;
  }
}

bitcoindTest("it takes fourteen payments without a block, however dear", async () => {
  const core = await CoreNode.start();
  try {
    await core.call("createwallet", "default");
    await core.call("settxfee", 0.0001);
    const own = await core.call<string>("getnewaddress");
    const call: Node["call"] = (method, ...params) => core.call(method, ...params);
    const backend = bitcoindBackend(realPlatform().network, `http://127.0.0.1:${core.port}`, core);
    await withoutBlocks({ call, backend, mine: (count) => core.call("generatetoaddress", count, own) });
  } finally {
    await core.stop();
  }
});
