/**
 * Transactions, blocks and scripts as JSON, member for member as Bitcoin Core writes them. Source: Core
 * `core_write.cpp`, `rpc/blockchain.cpp`.
 */
import type { BitcoinTransaction, TxIn, TxOut } from "../../../../core/bitcoin/mod.ts";
import {
  addressFromScript,
  bitcoinTransaction,
  bitcoinTxidOf,
  bitcoinWtxidOf,
  blockHeader,
  descriptorChecksum,
  encodeStripped,
  isCoinbase,
  vbytesOf,
  weightOf,
} from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import { isXOnlyKey } from "../../../../core/crypto/mod.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { encode, encodeHex, JsonFloat } from "../../../../core/encoding/mod.ts";
import type { Chain, StoredBlock } from "../chain.ts";
import { decodedBlock } from "../chain.ts";
import type { Coin } from "../coins.ts";
import { DIFFICULTY_TEXT, TARGET } from "../params.ts";
import { payToKey, scriptType } from "../rules/script_ops.ts";
import { btc } from "./amounts.ts";
import { scriptAsm } from "./asm.ts";

export const DIFFICULTY = new JsonFloat(DIFFICULTY_TEXT);
export const TARGET_HEX = hex256(TARGET);

export function hex256(number: bigint): string {
  return number.toString(16).padStart(64, "0");
}

export function hex32(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}

function scriptDescriptor(script: Bytes, address: string | null): string {
  const key = payToKey(script);
  const outputKey = script.slice(2);
  const body = scriptType(script) === "witness_v1_taproot" && isXOnlyKey(outputKey)
    ? `rawtr(${toHex(outputKey)})`
    : key !== null
    ? `pk(${toHex(key)})`
    : address === null
    ? `raw(${toHex(script)})`
    : `addr(${address})`;
  return `${body}#${descriptorChecksum(body)}`;
}

export function scriptJson(script: Bytes): JsonObject {
  const address = addressFromScript(script, "regtest");
  return {
    asm: scriptAsm(script, false),
    desc: scriptDescriptor(script, address),
    hex: toHex(script),
    ...(address === null ? {} : { address }),
    type: scriptType(script),
  };
}

function outputJson({ valueSat, script }: TxOut, n: number): JsonObject {
  return { value: btc(valueSat), n, scriptPubKey: scriptJson(script) };
}

function witnessJson({ witness }: TxIn): JsonObject {
  return witness.length === 0 ? {} : { txinwitness: witness.map(toHex) };
}

function inputJson(input: TxIn, coinbase: boolean, coin: Coin | undefined): JsonObject {
  const { outPoint, scriptSig, sequence } = input;
  if (coinbase) return { coinbase: toHex(scriptSig), ...witnessJson(input), sequence };
  return {
    txid: outPoint.txid,
    vout: outPoint.vout,
    scriptSig: { asm: scriptAsm(scriptSig, true), hex: toHex(scriptSig) },
    ...witnessJson(input),
    ...(coin === undefined ? {} : {
      prevout: {
        generated: coin.coinbase,
        height: coin.height,
        value: btc(coin.valueSat),
        scriptPubKey: scriptJson(coin.script),
      },
    }),
    sequence,
  };
}

export type TransactionView = {
  /** What the inputs spent, in order, where that is known: tells the fee. */
  readonly coins?: readonly Coin[] | undefined;
  /** Show what each input spent. */
  readonly prevouts?: boolean;
  readonly hex: boolean;
};

export function transactionJson(tx: BitcoinTransaction, { coins, prevouts, hex }: TransactionView): JsonObject {
  const raw = encode(bitcoinTransaction, tx);
  const coinbase = isCoinbase(tx);
  const feeSat = coins && sum(coins) - sum(tx.outputs);
  return {
    txid: bitcoinTxidOf(tx),
    hash: bitcoinWtxidOf(tx),
    version: tx.version >>> 0,
    size: raw.length,
    vsize: vbytesOf(tx),
    weight: weightOf(tx),
    locktime: tx.lockTime,
    vin: tx.inputs.map((input, i) => inputJson(input, coinbase, prevouts === true ? coins?.[i] : undefined)),
    vout: tx.outputs.map(outputJson),
    ...(feeSat === undefined || coinbase ? {} : { fee: btc(feeSat) }),
    ...(hex ? { hex: toHex(raw) } : {}),
  };
}

function sum(items: readonly { readonly valueSat: bigint }[]): bigint {
  return items.reduce((total, { valueSat }) => total + valueSat, 0n);
}

/** What the inputs of a confirmed transaction spent, from the transactions that made it; undefined for a coinbase. */
export function spentCoins(chain: Chain, tx: BitcoinTransaction): Coin[] | undefined {
  if (isCoinbase(tx)) return undefined;
  const coins: Coin[] = [];
  for (const { outPoint } of tx.inputs) {
    const location = chain.locationOf(outPoint.txid);
    const stored = location && chain.blockAt(location.height);
    const output = stored && decodedBlock(stored).transactions[location!.position]?.outputs[outPoint.vout];
    if (output === undefined) return undefined;
    coins.push({ ...output, height: location!.height, coinbase: location!.position === 0 });
  }
  return coins;
}

/** Members that a header and a block share. */
export function headerJson(chain: Chain, { height, hash, header, txids }: StoredBlock): JsonObject {
  const next = chain.blockAt(height + 1);
  return {
    hash,
    confirmations: chain.height - height + 1,
    height,
    version: header.version,
    versionHex: hex32(header.version),
    merkleroot: header.merkleRoot,
    time: header.time,
    mediantime: chain.medianTimeAt(height),
    nonce: header.nonce,
    bits: hex32(header.bits),
    target: TARGET_HEX,
    difficulty: DIFFICULTY,
    chainwork: hex256(chain.workAt(height)),
    nTx: txids.length,
    ...(height === 0 ? {} : { previousblockhash: header.prevBlockhash }),
    ...(next === undefined ? {} : { nextblockhash: next.hash }),
  };
}

export function headerHex({ header }: StoredBlock): string {
  return encodeHex(blockHeader, header);
}

/** @param verbosity 1: ids · 2: transactions with fees · 3: with what they spent too */
export function blockJson(chain: Chain, stored: StoredBlock, verbosity: 1 | 2 | 3): JsonObject {
  const { transactions } = decodedBlock(stored);
  const stripped = transactions.reduce(
    (total, tx) => total + encodeStripped(tx).length,
    80 + (transactions.length < 253 ? 1 : 3),
  );
  const tx: readonly Json[] = verbosity === 1
    ? stored.txids
    : transactions.map((each) =>
      transactionJson(each, { coins: spentCoins(chain, each), prevouts: verbosity === 3, hex: true })
    );
  return {
    ...headerJson(chain, stored),
    strippedsize: stripped,
    size: stored.raw.length,
    weight: 3 * stripped + stored.raw.length,
    tx,
  };
}
