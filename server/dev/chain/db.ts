/**
 * What the dev chain keeps in its store: blocks by height, the mempool in order of arrival, the wallet's seed and its
 * next address.
 */
import type { ReadTx, Schema, StoreTx } from "../../../actors/store/mod.ts";
import { numberIn, numberKey } from "../../../actors/store/number_key.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, utf8 } from "../../../core/bytes.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { bytes, decode, encode, fixedBytes, struct, u32, u64Number } from "../../../core/encoding/mod.ts";

/** Version 0 had a record of its version among the rest. */
export const CHAIN_SCHEMA: Schema = {
  version: 1,
  migrations: { 0: (tx) => tx.delete(concat(Uint8Array.of(0xff), utf8("schema"))) },
};
const WALLET = utf8("wallet");
const BLOCKS = utf8("block/");
const MEMPOOL = utf8("mempool/");

const mempoolRecord = struct("MempoolRecord", { time: u64Number, height: u32, raw: bytes });
export type MempoolRecord = CodecType<typeof mempoolRecord>;

const walletRecord = struct("WalletRecord", { seed: fixedBytes(32), addresses: u32 });
/** `seed` is secret. `addresses` counts those given out. */
export type WalletRecord = CodecType<typeof walletRecord>;

export function putBlock(tx: StoreTx, height: number, raw: Bytes): void {
  tx.set(numberKey(BLOCKS, height), raw);
}

/** Height of the last block; 0 without any, since the genesis block isn't stored. */
export async function lastHeight(tx: ReadTx): Promise<number> {
  for await (const { key } of tx.range({ prefix: BLOCKS, reverse: true, limit: 1 })) {
    return numberIn(key, BLOCKS.length);
  }
  return 0;
}

/** From height 1 on, ascending. */
export async function* blocks(tx: ReadTx): AsyncIterable<{ readonly height: number; readonly raw: Bytes }> {
  for await (const { key, value } of tx.range({ prefix: BLOCKS })) {
    yield { height: numberIn(key, BLOCKS.length), raw: value };
  }
}

export function putMempool(tx: StoreTx, sequence: number, record: MempoolRecord): void {
  tx.set(numberKey(MEMPOOL, sequence), encode(mempoolRecord, record));
}

export function deleteMempool(tx: StoreTx, sequence: number): void {
  tx.delete(numberKey(MEMPOOL, sequence));
}

/** In order of arrival. */
export async function mempoolRecords(
  tx: ReadTx,
): Promise<{ readonly sequence: number; readonly record: MempoolRecord }[]> {
  const records = [];
  for await (const { key, value } of tx.range({ prefix: MEMPOOL })) {
    records.push({ sequence: numberIn(key, MEMPOOL.length), record: decode(mempoolRecord, value) });
  }
  return records;
}

export function putWallet(tx: StoreTx, record: WalletRecord): void {
  tx.set(WALLET, encode(walletRecord, record));
}

export async function wallet(tx: ReadTx): Promise<WalletRecord | undefined> {
  const stored = await tx.get(WALLET);
  return stored && decode(walletRecord, stored);
}
