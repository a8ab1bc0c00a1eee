import { assert, assertEquals } from "@std/assert";
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, hash160, p2shScript, p2wshOf } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat, fromHex } from "../../../../core/bytes.ts";
import { DESTINATION, fundedChain } from "../testing/refusals.ts";
import { push, spend } from "../testing/spends.ts";
import { checkForMempool } from "./accept.ts";
import { Mempool } from "../mempool.ts";
import {
  CHAIN_VBYTES_MAX,
  MEMPOOL_VBYTES_MAX,
  TX_SIGOPS_COST_STANDARD_MAX,
  TX_WEIGHT_STANDARD_MAX,
} from "../params.ts";
import { checkStandard, checkStandardInputs, policyVbytes, relayFeeSat } from "./policy.ts";

function spending(scriptSig: Bytes, witness: readonly Bytes[]): BitcoinTransaction {
  const outPoint = { txid: "11".repeat(32), vout: 0 };
  return {
    version: 2,
    inputs: [{ outPoint, scriptSig, sequence: 0xffffffff, witness }],
    outputs: [{ valueSat: 1_000n, script: DESTINATION }],
    lockTime: 0,
  };
}

const NONE: Bytes = new Uint8Array(0);
const sixteenChecks = new Uint8Array(16).fill(0xac);
const program = p2wshOf(fromHex("51"));
const item = (length: number): Bytes => new Uint8Array(length);
const INPUTS: readonly (readonly [string, Bytes, Bytes, readonly Bytes[], string])[] = [
  ["an unknown script", fromHex("51"), NONE, [], "bad-txns-nonstandard-inputs"],
  ["an unknown witness version", fromHex("5220" + "00".repeat(32)), NONE, [], "bad-txns-nonstandard-inputs"],
  ["an anchor", fromHex("51024e73"), NONE, [], "bad-txns-nonstandard-inputs"],
  ["a redeem script of 15 checks", p2shScript(hash160(sixteenChecks.slice(1))), push(sixteenChecks.slice(1)), [], ""],
  [
    "a redeem script of 16 checks",
    p2shScript(hash160(sixteenChecks)),
    push(sixteenChecks),
    [],
    "bad-txns-nonstandard-inputs",
  ],
  ["no redeem script", p2shScript(hash160(NONE)), NONE, [], "bad-txns-nonstandard-inputs"],
  ["a witness script of 3600 bytes", program, NONE, [item(3_600)], ""],
  ["a witness script of 3601 bytes", program, NONE, [item(3_601)], "bad-witness-nonstandard"],
  ["100 items before the script", program, NONE, [...Array(100).fill(item(80)), item(1)], ""],
  ["101 items before the script", program, NONE, [...Array(101).fill(item(80)), item(1)], "bad-witness-nonstandard"],
  [
    "an item of 81 bytes inside P2SH",
    p2shScript(hash160(program)),
    push(program),
    [item(81), item(1)],
    "bad-witness-nonstandard",
  ],
];
for (const [name, script, scriptSig, witness, reason] of INPUTS) {
  Deno.test(`an input with ${name} is ${reason === "" ? "relayed" : "not relayed"}`, () => {
    const coin = { valueSat: 10_000n, script, height: 1, coinbase: false };
    const checked = checkStandardInputs(spending(scriptSig, witness), [coin], 0);
    assertEquals(checked.ok ? "" : checked.error.reason, reason);
  });
}

Deno.test("signature checks are bounded, and count as bytes", () => {
  const coin = { valueSat: 10_000n, script: DESTINATION, height: 1, coinbase: false };
  const tx = spending(NONE, [item(72), item(33)]);
  assert(checkStandardInputs(tx, [coin], TX_SIGOPS_COST_STANDARD_MAX).ok);
  const checked = checkStandardInputs(tx, [coin], TX_SIGOPS_COST_STANDARD_MAX + 1);
  assertEquals(checked.ok ? "" : checked.error.reason, "bad-txns-too-many-sigops");
  assertEquals([policyVbytes(401, 0), policyVbytes(401, 100)], [101, 500]);
  assertEquals(relayFeeSat(141), 141n);
});

Deno.test("a transaction above 400,000 weight units is not relayed", () => {
  const tx = (outputs: number): BitcoinTransaction => ({
    ...spending(NONE, []),
    outputs: Array(outputs).fill({ valueSat: 1_000n, script: DESTINATION }),
  });
  const most = Math.floor((TX_WEIGHT_STANDARD_MAX / 4 - 53) / 31);
  assert(checkStandard(tx(most)).ok);
  const checked = checkStandard(tx(most + 1));
  assertEquals(checked.ok ? "" : checked.error.reason, "tx-size");
});

Deno.test("the mempool and chains of unconfirmed transactions have room for so much, and no more", async () => {
  const { chain: { node: { chain } }, coin } = await fundedChain();
  const kind = coin("P2WPKH").kind;
  const parent = spend([coin("P2WPKH")], [{ valueSat: 99_990_000n, script: kind.script }]);
  const child = spend([{ key: `${bitcoinTxidOf(parent)}:0`, kind, valueSat: 99_990_000n }], [{
    valueSat: 99_980_000n,
    script: kind.script,
  }]);
  const stranger = spend([coin("P2WPKH", 1)], [{ valueSat: 99_990_000n, script: kind.script }]);
  const entry = checkForMempool(chain, new Mempool(), parent, 0);
  assert(entry.ok);
  const reasonWith = (parentVbytes: number, tx: BitcoinTransaction): string => {
    const mempool = new Mempool();
    mempool.add({ ...entry.value, vbytes: parentVbytes });
    const checked = checkForMempool(chain, mempool, tx, 0);
    return checked.ok ? "" : checked.error.reason;
  };
  const size = entry.value.vbytes;
  assertEquals(reasonWith(CHAIN_VBYTES_MAX - size, child), "");
  assertEquals(reasonWith(CHAIN_VBYTES_MAX - size + 1, child), "too-long-mempool-chain");
  assertEquals(reasonWith(MEMPOOL_VBYTES_MAX - size, stranger), "");
  assertEquals(reasonWith(MEMPOOL_VBYTES_MAX - size + 1, stranger), "mempool full");
});

Deno.test("one transaction has twenty-five descendants at most, itself included", async () => {
  const { chain, coin } = await fundedChain();
  const kind = coin("P2WPKH").kind;
  const outputs = Array(25).fill({ valueSat: 3_000_000n, script: kind.script });
  const parent = spend([coin("P2WPKH")], outputs);
  const txid = bitcoinTxidOf(parent);
  const accepted = chain.node.check(parent);
  assert(accepted.ok);
  await chain.node.accept(accepted.value);
  for (let vout = 0; vout < 25; vout++) {
    const child = spend([{ key: `${txid}:${vout}`, kind, valueSat: 3_000_000n }], [{
      valueSat: 2_990_000n,
      script: DESTINATION,
    }]);
    const checked = chain.node.check(child);
    assertEquals(checked.ok ? "" : checked.error.reason, vout < 24 ? "" : "too-long-mempool-chain");
    if (checked.ok) await chain.node.accept(checked.value);
  }
});

Deno.test("a redeem script is what the last push leaves", () => {
  const redeem = fromHex("51");
  const coin = { valueSat: 10_000n, script: p2shScript(hash160(redeem)), height: 1, coinbase: false };
  assert(checkStandardInputs(spending(concat(push(item(3)), push(redeem)), []), [coin], 0).ok);
});
