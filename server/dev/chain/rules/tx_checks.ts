/**
 * What can be said of a transaction by itself, and of it with the coins that it spends. Source: Core
 * `consensus/tx_check.cpp`, `tx_verify.cpp`.
 */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import {
  btcText,
  encodeStripped,
  isCoinbase,
  MONEY_MAX_SAT,
  scriptKind,
  SEQUENCE_FINAL,
} from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { ok } from "../../../../core/result.ts";
import type { Coin, CoinView } from "../coins.ts";
import { coinKey } from "../coins.ts";
import {
  BLOCK_WEIGHT_MAX,
  COINBASE_MATURITY_BLOCKS,
  LOCK_TIME_THRESHOLD,
  SEQUENCE_DISABLED,
  SEQUENCE_IS_TIME,
  SEQUENCE_MASK,
  WITNESS_SCALE,
} from "../params.ts";
import type { Checked } from "./reject.ts";
import { invalid } from "./reject.ts";
import { countSigops, lastPush } from "./script_ops.ts";

const INT64_MAX = (1n << 63n) - 1n;
const NULL_TXID = "0".repeat(64);

/** `CheckTransaction` */
export function checkTransaction(tx: BitcoinTransaction): Checked<null> {
  if (tx.inputs.length === 0) return invalid("bad-txns-vin-empty");
  if (tx.outputs.length === 0) return invalid("bad-txns-vout-empty");
  if (encodeStripped(tx).length * WITNESS_SCALE > BLOCK_WEIGHT_MAX) return invalid("bad-txns-oversize");
  let totalSat = 0n;
  for (const { valueSat } of tx.outputs) {
    // amounts are signed for Core
    if (valueSat > INT64_MAX) return invalid("bad-txns-vout-negative");
    if (valueSat > MONEY_MAX_SAT) return invalid("bad-txns-vout-toolarge");
    totalSat += valueSat;
    if (totalSat > MONEY_MAX_SAT) return invalid("bad-txns-txouttotal-toolarge");
  }
  const spent = new Set(tx.inputs.map(({ outPoint }) => coinKey(outPoint)));
  if (spent.size !== tx.inputs.length) return invalid("bad-txns-inputs-duplicate");
  if (isCoinbase(tx)) {
    const length = tx.inputs[0]!.scriptSig.length;
    return length < 2 || length > 100 ? invalid("bad-cb-length") : ok(null);
  }
  const hasNull = tx.inputs.some(({ outPoint }) => outPoint.txid === NULL_TXID && outPoint.vout === 0xffffffff);
  return hasNull ? invalid("bad-txns-prevout-null") : ok(null);
}

/** Where a transaction would be confirmed. */
export type SpendContext = {
  readonly height: number;
  /** Median time of the block before, seconds. */
  readonly medianTime: number;
  /** Median time of the block at a height, seconds. */
  medianTimeAt(height: number): number;
};

/** Lock times (BIP113): passed, or switched off by final sequences. */
export function isFinal(tx: BitcoinTransaction, { height, medianTime }: SpendContext): boolean {
  const passed = tx.lockTime < LOCK_TIME_THRESHOLD ? height : medianTime;
  return tx.lockTime === 0 || tx.lockTime < passed || tx.inputs.every(({ sequence }) => sequence === SEQUENCE_FINAL);
}

/** Relative lock times (BIP68). `coins` in the order of the inputs. */
export function sequenceLocksPassed(tx: BitcoinTransaction, coins: readonly Coin[], at: SpendContext): boolean {
  // Core reads the version unsigned
  if (tx.version >= 0 && tx.version < 2) return true;
  return tx.inputs.every(({ sequence }, i) => {
    if ((sequence & SEQUENCE_DISABLED) !== 0) return true;
    const { height } = coins[i]!;
    const lock = sequence & SEQUENCE_MASK;
    if ((sequence & SEQUENCE_IS_TIME) === 0) return height + lock <= at.height;
    return at.medianTimeAt(Math.max(height - 1, 0)) + lock * 512 <= at.medianTime;
  });
}

/** The coins a transaction spends, in order; null when one of them doesn't exist or is spent. */
export function coinsOf(tx: BitcoinTransaction, view: CoinView): Coin[] | null {
  const coins: Coin[] = [];
  for (const { outPoint } of tx.inputs) {
    const coin = view.coin(coinKey(outPoint));
    if (coin === undefined) return null;
    coins.push(coin);
  }
  return coins;
}

/** `Consensus::CheckTxInputs`: the fee, if the coins are mature and cover the outputs. */
export function checkAmounts(tx: BitcoinTransaction, coins: readonly Coin[], height: number): Checked<bigint> {
  let inSat = 0n;
  for (const coin of coins) {
    const depth = height - coin.height;
    if (coin.coinbase && depth < COINBASE_MATURITY_BLOCKS) {
      return invalid("bad-txns-premature-spend-of-coinbase", `tried to spend coinbase at depth ${depth}`);
    }
    inSat += coin.valueSat;
    if (coin.valueSat > MONEY_MAX_SAT || inSat > MONEY_MAX_SAT) return invalid("bad-txns-inputvalues-outofrange");
  }
  const outSat = tx.outputs.reduce((sum, { valueSat }) => sum + valueSat, 0n);
  if (inSat < outSat) {
    return invalid("bad-txns-in-belowout", `value in (${btcText(inSat)}) < value out (${btcText(outSat)})`);
  }
  return ok(inSat - outSat);
}

/** Cost of the signature checks (BIP141): those of witnesses once, the others four times. */
export function sigopsCost(tx: BitcoinTransaction, coins: readonly Coin[]): number {
  const scripts = [...tx.inputs.map(({ scriptSig }) => scriptSig), ...tx.outputs.map(({ script }) => script)];
  const bare = scripts.reduce((sum, script) => sum + countSigops(script, false), 0);
  if (isCoinbase(tx)) return bare * WITNESS_SCALE;
  return tx.inputs.reduce((sum, input, i) => {
    const { script } = coins[i]!;
    const redeemScript = scriptKind(script).kind === "p2sh" ? lastPush(input.scriptSig) : null;
    const p2sh = redeemScript === null ? 0 : countSigops(redeemScript, true) * WITNESS_SCALE;
    return sum + p2sh + witnessSigops(redeemScript ?? script, input.witness);
  }, bare * WITNESS_SCALE);
}

function witnessSigops(program: Bytes, witness: readonly Bytes[]): number {
  switch (scriptKind(program).kind) {
    case "p2wpkh":
      return 1;
    case "p2wsh":
      return countSigops(witness.at(-1) ?? new Uint8Array(0), true);
    default:
      return 0;
  }
}
