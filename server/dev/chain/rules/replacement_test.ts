import { assert, assertEquals } from "@std/assert";
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, parseBitcoinOutPoint } from "../../../../core/bitcoin/mod.ts";
import { Mempool } from "../mempool.ts";
import { REPLACED_MAX } from "../params.ts";
import { fundedChain, hexOf, send } from "../testing/refusals.ts";
import { replacements } from "../testing/replacements.ts";
import { checkReplacement } from "./replacement.ts";

Deno.test("who spends a coin that the mempool spends takes its place by paying more, and otherwise not", async () => {
  const funded = await fundedChain(), { chain } = funded;
  for (const { name, before, tx, answer } of replacements(funded)) {
    for (const each of before) await send(chain, each);
    const conflicts = [...chain.node.mempool.replacedBy(tx)].map(({ txid }) => txid);
    assert(conflicts.length > 0, name);
    if (answer === null) {
      const txid = await send(chain, tx);
      assertEquals(conflicts.filter((each) => chain.node.mempool.get(each) !== undefined), [], name);
      assertEquals(chain.node.mempool.get(txid)?.tx, tx);
    } else {
      assertEquals((await chain.failure("sendrawtransaction", hexOf(tx))).split(",")[0], answer, name);
      assertEquals(conflicts.filter((each) => chain.node.mempool.get(each) === undefined), [], name);
    }
  }
  const waiting = [...chain.node.mempool.entries()].map(({ txid }) => txid);
  const again = await chain.killed();
  assertEquals([...again.node.mempool.entries()].map(({ txid }) => txid), waiting, "and so on the disk");
});

function spending(...outputs: string[]): BitcoinTransaction {
  const inputs = outputs.map((output) => ({
    outPoint: parseBitcoinOutPoint(output),
    scriptSig: new Uint8Array(0),
    sequence: 0,
    witness: [],
  }));
  return { version: 2, inputs, outputs: [{ valueSat: 1n, script: new Uint8Array(22) }], lockTime: 0 };
}

Deno.test("one transaction puts a hundred others out of the mempool, and no more", () => {
  const mempool = new Mempool();
  const coins = Array.from({ length: REPLACED_MAX + 1 }, (_, i) => `${String(i).padStart(64, "0")}:0`);
  for (const [i, coin] of coins.entries()) {
    const tx = spending(coin), txid = bitcoinTxidOf(tx);
    const sizes = { weight: 400, sigops: 0, vbytes: 100, time: 0, height: 0 };
    mempool.add({ sequence: i + 1, txid, wtxid: txid, tx, raw: new Uint8Array(0), feeSat: 100n, ...sizes });
  }
  const check = (tx: BitcoinTransaction) =>
    checkReplacement(mempool, { txid: bitcoinTxidOf(tx), tx, feeSat: 1_000_000n, vbytes: 10_000 });
  assertEquals(check(spending(...coins.slice(0, REPLACED_MAX))).ok, true);
  const refused = check(spending(...coins));
  assert(!refused.ok);
  assertEquals(refused.error.reason, "too many potential replacements");
  assert(refused.error.detail.endsWith("too many potential replacements (101 > 100)"));
});
