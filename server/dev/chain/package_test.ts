import { assertEquals } from "@std/assert";
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, bitcoinWtxidOf } from "../../../core/bitcoin/mod.ts";
import { DESTINATION, fundedChain, hexOf, kindOf } from "./testing/refusals.ts";
import { spend } from "./testing/spends.ts";

type Answer = {
  readonly package_msg: string;
  readonly "replaced-transactions": readonly string[];
  readonly "tx-results": Record<string, {
    readonly txid: string;
    readonly error?: string;
    readonly fees?: { readonly base: number; readonly "effective-includes"?: readonly string[] };
  }>;
};

const funded = await fundedChain();
const { chain, coin } = funded;
const own = kindOf("P2WPKH");
const COIN_SAT = 100_000_000n;

const submit = (...txs: BitcoinTransaction[]): Promise<Answer> => chain.call("submitpackage", txs.map(hexOf));

/** A parent that pays `feeSat`, and a child of it that pays `childFeeSat`. */
function family(
  name: string,
  n: number,
  feeSat: bigint,
  childFeeSat: bigint,
): [BitcoinTransaction, BitcoinTransaction] {
  const parent = spend([coin(name, n)], [{ valueSat: COIN_SAT - feeSat, script: own.script }]);
  const from = { key: `${bitcoinTxidOf(parent)}:0`, kind: own, valueSat: COIN_SAT - feeSat };
  return [parent, spend([from], [{ valueSat: COIN_SAT - feeSat - childFeeSat, script: DESTINATION }])];
}

Deno.test("a child pays for a parent that pays nothing, and both are in the next block", async () => {
  const [parent, child] = family("P2WPKH", 0, 0n, 1_000n);
  assertEquals((await chain.failure("sendrawtransaction", hexOf(parent))).split(",")[0], "-26: min relay fee not met");
  const answer = await submit(parent, child);
  assertEquals(answer.package_msg, "success");
  const both = [parent, child].map(bitcoinWtxidOf);
  assertEquals(both.map((wtxid) => answer["tx-results"][wtxid]?.fees?.["effective-includes"]), [both, both]);
  const again = await submit(parent, child);
  assertEquals([again.package_msg, chain.node.mempool.size], ["success", 2]);
  const spent = { txid: bitcoinTxidOf(parent), vout: 0 }, unspent = { txid: bitcoinTxidOf(child), vout: 0 };
  assertEquals(await chain.call("gettxspendingprevout", [spent, unspent]), [
    { ...spent, spendingtxid: bitcoinTxidOf(child) },
    unspent,
  ]);
  await chain.mine(1);
  assertEquals(chain.node.mempool.size, 0);
});

Deno.test("a child that pays too little for both leaves neither behind", async () => {
  const [parent, child] = family("P2WPKH", 1, 0n, 150n);
  const answer = await submit(parent, child);
  assertEquals([answer.package_msg, chain.node.mempool.size], ["transaction failed", 0]);
  const errors = [parent, child].map((tx) => answer["tx-results"][bitcoinWtxidOf(tx)]?.error?.split(",")[0]);
  assertEquals(errors, ["min relay fee not met", "min relay fee not met"]);
});

Deno.test("a parent that pays for itself stays, whatever its child is", async () => {
  const [parent, child] = family("P2WPKH", 2, 1_000n, 0n);
  const answer = await submit(parent, child);
  assertEquals(answer.package_msg, "transaction failed");
  assertEquals([...chain.node.mempool.entries()].map(({ txid }) => txid), [bitcoinTxidOf(parent)]);
  await chain.mine(1);
});

Deno.test("a child with a wrong signature leaves nothing behind that pays too little", async () => {
  const [parent, child] = family("P2WPKH", 3, 0n, 1_000n);
  const spoiled = { ...child, outputs: child.outputs.map((output) => ({ ...output, valueSat: output.valueSat - 1n })) };
  const answer = await submit(parent, spoiled);
  assertEquals([answer.package_msg, chain.node.mempool.size], ["transaction failed", 0]);
  assertEquals(
    answer["tx-results"][bitcoinWtxidOf(spoiled)]?.error?.split(",")[0],
    "mandatory-script-verify-flag-failed (Signature must be zero for failed CHECK(MULTI)SIG operation)",
  );
});

Deno.test("what is no child with its parents is refused as a whole", async () => {
  const [parent, child] = family("P2WPKH", 4, 1_000n, 1_000n);
  const other = spend([coin("P2PKH", 4)], [{ valueSat: COIN_SAT - 1_000n, script: own.script }]);
  const rival = spend([coin("P2PKH", 4)], [{ valueSat: COIN_SAT - 2_000n, script: own.script }]);
  const disallowed = "package topology disallowed. not child-with-parents or parents depend on each other.";
  for (
    const [txs, message] of [
      [[child, parent], disallowed],
      [[parent, other], disallowed],
      [[parent, parent], "package-contains-duplicates"],
      [[other, rival], "conflict-in-package"],
    ] as const
  ) {
    assertEquals([(await submit(...txs)).package_msg, chain.node.mempool.size], [message, 0]);
  }
});

Deno.test("a fee rate beyond the caller's limit sends nothing", async () => {
  const [parent, child] = family("P2WPKH", 5, 1_000_000n, 1_000n);
  const answer = await chain.call<Answer>("submitpackage", [parent, child].map(hexOf), 0.0001);
  assertEquals([answer.package_msg, chain.node.mempool.size], ["max feerate exceeded", 0]);
});

Deno.test("rules of all deployments hold from the first block on", async () => {
  type Deployments = { readonly height: number; readonly deployments: Record<string, { readonly active: boolean }> };
  const { height, deployments } = await chain.call<Deployments>("getdeploymentinfo");
  assertEquals(height, chain.node.chain.height);
  assertEquals(Object.values(deployments).map(({ active }) => active), Array(6).fill(true));
  const genesis = await chain.call<string>("getblockhash", 0);
  assertEquals((await chain.call<Deployments>("getdeploymentinfo", genesis)).deployments.taproot?.active, true);
});

Deno.test("a transaction of a package replaces another one by its own fee, and not by its child's", async () => {
  const [old] = family("P2PKH", 0, 1_000n, 1_000n);
  await chain.call("sendrawtransaction", hexOf(old));
  const [poor, paying] = family("P2PKH", 0, 0n, 90_000n);
  assertEquals((await submit(poor, paying)).package_msg, "transaction failed");
  assertEquals(chain.node.mempool.get(bitcoinTxidOf(old)) !== undefined, true);
  const [better, child] = family("P2PKH", 0, 5_000n, 1_000n);
  const answer = await submit(better, child);
  assertEquals([answer.package_msg, answer["replaced-transactions"]], ["success", [bitcoinTxidOf(old)]]);
  assertEquals(chain.node.mempool.get(bitcoinTxidOf(old)), undefined);
});

Deno.test("what came in with its child is there after a kill, though alone it would not be let in", async () => {
  const [parent, child] = family("P2SH-P2WPKH", 0, 0n, 1_000n);
  const before = [...chain.node.mempool.entries()].map(({ txid }) => txid);
  assertEquals((await submit(parent, child)).package_msg, "success");
  const opened = await chain.killed();
  const after = [...opened.node.mempool.entries()].map(({ txid }) => txid);
  assertEquals(after, [...before, ...[parent, child].map(bitcoinTxidOf)], "and nothing that was replaced");
});
