/** The next block: coinbase, waiting transactions in order, and the work. Source: Core `node/miner.cpp`. */
import type { BitcoinTransaction, Block } from "../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, merkleRootOf, SEQUENCE_FINAL } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import type { Chain } from "./chain.ts";
import { commitmentScript, heightPush, witnessCommitment } from "./rules/commitment.ts";
import type { Mempool, MempoolEntry } from "./mempool.ts";
import { BITS, BLOCK_VERSION, subsidySat, TEMPLATE_SIGOPS_COST_MAX, TEMPLATE_WEIGHT_MAX } from "./params.ts";
import { mine } from "./rules/proof_of_work.ts";

/** BIP141's reserved value: the coinbase's witness. */
const RESERVED = new Uint8Array(32);
/** A coinbase's script has two bytes at least, which the push of a low height is not. */
const OP_0 = 0;

export type MinedBlock = {
  readonly block: Block;
  /** What of the mempool it holds. */
  readonly confirmed: readonly MempoolEntry[];
};

export function mineBlock(chain: Chain, mempool: Mempool, payout: Bytes, nowSeconds: number): MinedBlock {
  const height = chain.height + 1;
  const confirmed = select(mempool);
  const feesSat = confirmed.reduce((sum, { feeSat }) => sum + feeSat, 0n);
  const transactions = confirmed.map(({ tx }) => tx);
  const coinbase = coinbaseOf(height, payout, subsidySat(height) + feesSat, witnessCommitment(transactions, RESERVED));
  const header = mine({
    version: BLOCK_VERSION,
    prevBlockhash: chain.tip.hash,
    merkleRoot: merkleRootOf([bitcoinTxidOf(coinbase), ...confirmed.map(({ txid }) => txid)]),
    // blocks may come faster than the clock's seconds: the chain's time then runs ahead by one second in six blocks
    time: Math.max(nowSeconds, chain.medianTimeAt(chain.height) + 1),
    bits: BITS,
    nonce: 0,
  });
  return { block: { header, transactions: [coinbase, ...transactions] }, confirmed };
}

/**
 * In the order of arrival, parents come before their children. One that doesn't fit keeps its descendants out: they
 * would spend what isn't there.
 */
function select(mempool: Mempool): MempoolEntry[] {
  const chosen: MempoolEntry[] = [];
  const left = new Set<string>();
  let weight = 0, sigops = 0;
  for (const entry of mempool.entries()) {
    const orphaned = entry.tx.inputs.some(({ outPoint }) => left.has(outPoint.txid));
    const tooMuch = weight + entry.weight > TEMPLATE_WEIGHT_MAX || sigops + entry.sigops > TEMPLATE_SIGOPS_COST_MAX;
    if (orphaned || tooMuch) {
      left.add(entry.txid);
      continue;
    }
    weight += entry.weight;
    sigops += entry.sigops;
    chosen.push(entry);
  }
  return chosen;
}

function coinbaseOf(height: number, payout: Bytes, valueSat: bigint, commitment: Bytes): BitcoinTransaction {
  return {
    version: 2,
    inputs: [{
      outPoint: { txid: "0".repeat(64), vout: 0xffffffff },
      scriptSig: concat(heightPush(height), Uint8Array.of(OP_0)),
      sequence: SEQUENCE_FINAL,
      witness: [RESERVED],
    }],
    outputs: [
      { valueSat, script: payout },
      { valueSat: 0n, script: commitmentScript(commitment) },
    ],
    lockTime: 0,
  };
}
