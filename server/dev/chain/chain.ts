/**
 * The confirmed chain in memory: blocks by height and hash, where each transaction is, and the coins. It only grows: no
 * block is ever undone.
 */
import type { Block, BlockHeader } from "../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, bitcoinTxidOf, block, blockHashOf } from "../../../core/bitcoin/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { decode, decodeHex, encode } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid, BlockHash } from "../../../core/types/ids.ts";
import type { Coin, CoinKey, CoinView } from "./coins.ts";
import { BLOCK_WORK, GENESIS_COINBASE_HEX, GENESIS_HASH, GENESIS_HEADER, MEDIAN_TIME_BLOCKS } from "./params.ts";
import type { SpendContext } from "./rules/tx_checks.ts";

export type StoredBlock = {
  readonly height: number;
  readonly hash: BlockHash;
  readonly header: BlockHeader;
  readonly raw: Bytes;
  readonly txids: readonly BitcoinTxid[];
};

/** A block that was checked against the tip, and what it does to the coins. */
export type CheckedBlock = {
  readonly stored: StoredBlock;
  readonly spent: readonly CoinKey[];
  readonly created: readonly (readonly [CoinKey, Coin])[];
};

export type TxLocation = { readonly height: number; readonly position: number };

export class Chain implements CoinView {
  readonly #blocks: StoredBlock[] = [genesis()];
  readonly #heights = new Map<BlockHash, number>([[GENESIS_HASH, 0]]);
  readonly #locations = new Map<BitcoinTxid, TxLocation>([[GENESIS_HEADER.merkleRoot, { height: 0, position: 0 }]]);
  readonly #coins = new Map<CoinKey, Coin>();
  #bytes = this.tip.raw.length;

  get height(): number {
    return this.#blocks.length - 1;
  }

  get tip(): StoredBlock {
    return this.#blocks.at(-1)!;
  }

  /** Of all blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  blockAt(height: number): StoredBlock | undefined {
    return this.#blocks[height];
  }

  heightOf(hash: BlockHash): number | undefined {
    return this.#heights.get(hash);
  }

  locationOf(txid: BitcoinTxid): TxLocation | undefined {
    return this.#locations.get(txid);
  }

  coin(key: CoinKey): Coin | undefined {
    return this.#coins.get(key);
  }

  coins(): IterableIterator<[CoinKey, Coin]> {
    return this.#coins.entries();
  }

  /** Work up to a height, its block included. */
  workAt(height: number): bigint {
    return BigInt(height + 1) * BLOCK_WORK;
  }

  /** Median time of the eleven blocks up to a height, seconds (BIP113). */
  medianTimeAt(height: number): number {
    const first = Math.max(0, height - MEDIAN_TIME_BLOCKS + 1);
    const times = this.#blocks.slice(first, height + 1).map(({ header }) => header.time).sort((a, b) => a - b);
    return times[Math.floor(times.length / 2)]!;
  }

  /** Where a transaction of the next block would be. */
  next(): SpendContext {
    return {
      height: this.height + 1,
      medianTime: this.medianTimeAt(this.height),
      medianTimeAt: (height) => this.medianTimeAt(height),
    };
  }

  append({ stored, spent, created }: CheckedBlock): void {
    assert(stored.header.prevBlockhash === this.tip.hash, "a checked block continues the tip it was checked against");
    this.#blocks.push(stored);
    this.#bytes += stored.raw.length;
    this.#heights.set(stored.hash, stored.height);
    stored.txids.forEach((txid, position) => this.#locations.set(txid, { height: stored.height, position }));
    for (const [key, coin] of created) this.#coins.set(key, coin);
    for (const key of spent) assert(this.#coins.delete(key), "a checked block spends coins that exist");
  }
}

export function decodedBlock({ raw }: StoredBlock): Block {
  return decode(block, raw);
}

export function storedBlock(height: number, decoded: Block): StoredBlock {
  return {
    height,
    hash: blockHashOf(decoded.header),
    header: decoded.header,
    raw: encode(block, decoded),
    txids: decoded.transactions.map(bitcoinTxidOf),
  };
}

function genesis(): StoredBlock {
  const coinbase = decodeHex(bitcoinTransaction, GENESIS_COINBASE_HEX);
  const stored = storedBlock(0, { header: GENESIS_HEADER, transactions: [coinbase] });
  assert(stored.hash === GENESIS_HASH, "the genesis block is regtest's");
  return stored;
}
