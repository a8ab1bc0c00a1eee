/** Block headers, blocks and merkle roots. `bitcoin` crate, `blockdata/block.rs`, `merkle_tree`. */
import type { Bytes } from "../bytes.ts";
import { concat, fromHex, toHex } from "../bytes.ts";
import type { Codec, Reader, Writer } from "../encoding/mod.ts";
import { encode, hexId, list, struct } from "../encoding/mod.ts";
import type { BitcoinTxid, BlockHash } from "../types/ids.ts";
import { blockHash } from "../types/ids.ts";
import { readCount, readI32Le, u32Le, writeCompactSize, writeI32Le } from "./primitives.ts";
import { sha256d } from "./script.ts";
import type { BitcoinTransaction } from "./transaction.ts";
import { bitcoinTransaction } from "./transaction.ts";

const i32Le: Codec<number> = {
  ...u32Le,
  name: "i32",
  layout: { form: "leaf", text: "i32 (4 bytes, little-endian)" },
  write: writeI32Le,
  read: readI32Le,
};

/**
 * 80 bytes: version i32 ‖ previous hash ‖ merkle root ‖ time u32 (seconds) ‖ bits u32 (target) ‖ nonce u32, all
 * little-endian.
 */
export const blockHeader = struct("bitcoin::block::Header", {
  version: i32Le,
  prevBlockhash: blockHash,
  merkleRoot: hexId<string>("TxMerkleNode", 32, true),
  time: u32Le,
  bits: u32Le,
  nonce: u32Le,
});
export type BlockHeader = {
  readonly version: number;
  readonly prevBlockhash: BlockHash;
  readonly merkleRoot: string;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
};

export type Block = { readonly header: BlockHeader; readonly transactions: readonly BitcoinTransaction[] };

/** A transaction without inputs and outputs takes as many bytes. */
const TRANSACTION_BYTES_LEAST = 10;

const transactionsJson = list(bitcoinTransaction);
const transactions: Codec<readonly BitcoinTransaction[]> = {
  ...(transactionsJson as Codec<readonly BitcoinTransaction[]>),
  write: (writer: Writer, value) => {
    writeCompactSize(writer, value.length);
    for (const tx of value) bitcoinTransaction.write(writer, tx);
  },
  read: (reader: Reader) => {
    const count = readCount(reader, TRANSACTION_BYTES_LEAST);
    return Array.from({ length: count }, () => bitcoinTransaction.read(reader));
  },
};

/** A whole block as nodes send it. */
export const block: Codec<Block> = struct("bitcoin::Block", { header: blockHeader, transactions }, {
  transactions: "txdata",
});

export function blockHashOf(header: BlockHeader): BlockHash {
  return toHex(sha256d(encode(blockHeader, header)).reverse());
}

/**
 * Merkle root over txids (or wtxids) as Bitcoin shows them; the result too. A level of odd length repeats its last
 * hash, so different lists can have one root (CVE-2012-2459): whoever takes blocks from others must refuse equal txids
 * in one.
 * @param txids at least one
 */
export function merkleRootOf(txids: readonly BitcoinTxid[]): string {
  if (txids.length === 0) throw new RangeError("A merkle root needs at least one transaction");
  let level: Bytes[] = txids.map((txid) => fromHex(txid).reverse());
  while (level.length > 1) {
    const above: Bytes[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(sha256d(concat(level[i]!, level[i + 1] ?? level[i]!)));
    level = above;
  }
  return toHex(level[0]!.reverse());
}
