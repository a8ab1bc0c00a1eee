import { assert, assertEquals } from "@std/assert";
import type { BitcoinTransaction, Block, BlockHeader } from "../../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, blockHashOf, merkleRootOf } from "../../../../core/bitcoin/mod.ts";
import { fromHex } from "../../../../core/bytes.ts";
import { checkBlock } from "./block_checks.ts";
import { DESTINATION, fundedChain } from "../testing/refusals.ts";
import { spend } from "../testing/spends.ts";
import { commitmentScript, heightPush, witnessCommitment } from "./commitment.ts";
import { hasWork, mine } from "./proof_of_work.ts";
import { mineBlock } from "../template.ts";

const funded = await fundedChain();
const { coin, young } = funded;
const { chain, mempool } = funded.chain.node;
const good = mineBlock(chain, mempool, DESTINATION, 0).block;
const nowSeconds = good.header.time;

const RESERVED = new Uint8Array(32);
const payment = spend([coin("P2WPKH")], [{ valueSat: 90_000_000n, script: coin("P2WPKH").kind.script }]);
const large = [coin("P2PKH"), coin("P2PKH", 1)].map((from) =>
  spend([from], [{ valueSat: 1n, script: new Uint8Array(500_000) }])
);
const conflicting = spend([coin("P2WPKH")], [{ valueSat: 80_000_000n, script: DESTINATION }]);
const child = spend(
  [{ key: `${bitcoinTxidOf(payment)}:0`, kind: coin("P2WPKH").kind, valueSat: 90_000_000n }],
  [{ valueSat: 80_000_000n, script: DESTINATION }],
);

/** A block with these transactions after the coinbase, whose commitment, root and work are right. */
function blockOf(
  others: readonly BitcoinTransaction[],
  change: { coinbase?: (tx: BitcoinTransaction) => BitcoinTransaction; header?: Partial<BlockHeader> } = {},
): Block {
  const [bare] = good.transactions;
  const outputs = [bare!.outputs[0]!, { valueSat: 0n, script: commitmentScript(witnessCommitment(others, RESERVED)) }];
  const coinbase = (change.coinbase ?? ((tx) => tx))({ ...bare!, outputs });
  const transactions = [coinbase, ...others];
  const merkleRoot = merkleRootOf(transactions.map(bitcoinTxidOf));
  return { header: mine({ ...good.header, merkleRoot, ...change.header }), transactions };
}

function coinbaseInput(change: Partial<BitcoinTransaction["inputs"][number]>) {
  return (tx: BitcoinTransaction): BitcoinTransaction => ({ ...tx, inputs: [{ ...tx.inputs[0]!, ...change }] });
}

function withoutWork(): Block {
  for (let nonce = 0;; nonce++) {
    const header = { ...good.header, nonce };
    if (!hasWork(blockHashOf(header))) return { ...good, header };
  }
}

Deno.test("a block of ours passes, with and without transactions", () => {
  for (const block of [good, blockOf([]), blockOf([payment])]) {
    assert(checkBlock(chain, block, { nowSeconds, scripts: true }).ok);
  }
});

const half = payment.inputs[0]!;
const REFUSED: readonly (readonly [string, Block, string])[] = [
  ["another parent", blockOf([], { header: { prevBlockhash: "11".repeat(32) } }), "bad-prevblk"],
  ["another difficulty", blockOf([], { header: { bits: 0x1d00ffff } }), "bad-diffbits"],
  ["too little work", withoutWork(), "high-hash"],
  ["a time before the median", blockOf([], { header: { time: chain.medianTimeAt(chain.height) } }), "time-too-old"],
  ["a time three hours ahead", blockOf([], { header: { time: nowSeconds + 3 * 3_600 } }), "time-too-new"],
  ["version 3", blockOf([], { header: { version: 3 } }), "bad-version"],
  ["another merkle root", blockOf([], { header: { merkleRoot: "22".repeat(32) } }), "bad-txnmrklroot"],
  ["no transactions", { header: good.header, transactions: [] }, "bad-blk-length"],
  [
    "no coinbase",
    { header: mine({ ...good.header, merkleRoot: bitcoinTxidOf(payment) }), transactions: [payment] },
    "bad-cb-missing",
  ],
  ["two coinbases", blockOf([good.transactions[0]!]), "bad-cb-multiple"],
  ["a transaction twice", blockOf([payment, payment]), "bad-txns-duplicate"],
  [
    "another height in the coinbase",
    blockOf([], { coinbase: coinbaseInput({ scriptSig: heightPush(chain.height) }) }),
    "bad-cb-height",
  ],
  [
    "a coinbase script of one byte",
    blockOf([], { coinbase: coinbaseInput({ scriptSig: fromHex("00") }) }),
    "bad-cb-length",
  ],
  [
    "a coinbase that takes too much",
    blockOf([], {
      coinbase: (tx) => ({ ...tx, outputs: [{ ...tx.outputs[0]!, valueSat: 5_000_000_001n }, tx.outputs[1]!] }),
    }),
    "bad-cb-amount",
  ],
  [
    "no commitment to its witnesses",
    blockOf([payment], { coinbase: (tx) => ({ ...tx, outputs: tx.outputs.slice(0, 1) }) }),
    "unexpected-witness",
  ],
  [
    "a wrong commitment",
    blockOf([payment], {
      coinbase: (tx) => ({ ...tx, outputs: [tx.outputs[0]!, { valueSat: 0n, script: commitmentScript(RESERVED) }] }),
    }),
    "bad-witness-merkle-match",
  ],
  [
    "a coinbase without the reserved value",
    blockOf([payment], { coinbase: coinbaseInput({ witness: [] }) }),
    "bad-witness-nonce-size",
  ],
  ["a coin spent twice", blockOf([payment, conflicting]), "bad-txns-inputs-missingorspent"],
  ["a child before its parent", blockOf([child, payment]), "bad-txns-inputs-missingorspent"],
  [
    "a young coinbase spent",
    blockOf([spend([young], [{ valueSat: 1n, script: DESTINATION }])]),
    "bad-txns-premature-spend-of-coinbase",
  ],
  [
    "more out than in",
    blockOf([spend([coin("P2PKH")], [{ valueSat: 100_000_001n, script: DESTINATION }])]),
    "bad-txns-in-belowout",
  ],
  [
    "a lock time to come",
    blockOf([spend([coin("P2PKH")], [{ valueSat: 1n, script: DESTINATION }], { lockTime: 10_000 })]),
    "bad-txns-nonfinal",
  ],
  [
    "a relative lock to come",
    blockOf([spend([coin("P2PKH")], [{ valueSat: 1n, script: DESTINATION }], { sequence: 1_000 })]),
    "bad-txns-nonfinal",
  ],
  [
    "a bad signature",
    blockOf([{ ...payment, inputs: [{ ...half, witness: [half.witness[0]!, fromHex(`02${"79".repeat(32)}`)] }] }]),
    "block-script-verify-flag-failed (Script failed an OP_EQUALVERIFY operation)",
  ],
  [
    "too many signature checks",
    blockOf([spend([coin("P2PKH")], Array(41).fill({ valueSat: 1_000n, script: new Uint8Array(25).fill(0xae) }))]),
    "bad-blk-sigops",
  ],
  ["too much weight", blockOf(large), "bad-blk-weight"],
];
for (const [name, block, reason] of REFUSED) {
  Deno.test(`a block with ${name} is refused`, () => {
    const checked = checkBlock(chain, block, { nowSeconds, scripts: true });
    assertEquals(checked.ok ? "taken" : checked.error.reason, reason);
  });
}

Deno.test("a child may follow its parent in one block", () => {
  const checked = checkBlock(chain, blockOf([payment, child]), { nowSeconds, scripts: true });
  assert(checked.ok);
  const created = new Map(checked.value.created);
  assert(created.has(`${bitcoinTxidOf(child)}:0`));
  assert(checked.value.spent.includes(`${bitcoinTxidOf(payment)}:0`));
});

Deno.test("heights are pushed as Core pushes numbers", () => {
  const table = {
    0: "00",
    1: "51",
    16: "60",
    17: "0111",
    127: "017f",
    128: "028000",
    255: "02ff00",
    32767: "02ff7f",
    32768: "03008000",
  };
  for (const [height, hex] of Object.entries(table)) assertEquals(heightPush(Number(height)).toHex(), hex);
});
