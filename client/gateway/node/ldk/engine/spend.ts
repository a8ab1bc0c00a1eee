/** Transactions of the node's own wallet: which coins, what fee, what change, the signatures. */
import type { BitcoinTransaction, TxOut } from "../../../../../core/bitcoin/mod.ts";
import {
  dustLimitSat,
  p2wpkhScriptCode,
  parseBitcoinOutPoint,
  segwitSighashes,
  SEQUENCE_REPLACEABLE,
  SIGHASH_ALL,
  weightOf,
} from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { concat } from "../../../../../core/bytes.ts";
import { ecdsaSign, ecdsaToDer } from "../../../../../core/crypto/ecdsa.ts";
import { publicKeyOf } from "../../../../../core/crypto/secp.ts";
import type { Result } from "../../../../../core/result.ts";
import { err, ok } from "../../../../../core/result.ts";
import type { WalletKeys } from "./keys.ts";
import type { SpendableCoin } from "./wallet.ts";

/** Beyond it a transaction is too large to be relayed. */
const INPUTS_MAX = 500;
/** The longest signature with its kind, and the key. */
const WITNESS_DUMMY: readonly Bytes[] = [new Uint8Array(72), new Uint8Array(33)];

export type Spend = {
  readonly script: Bytes;
  /** `all`: every coin, less the fee. */
  readonly amountSat: bigint | "all";
  /** Satoshi per 1,000 weight units. */
  readonly perKw: number;
  readonly changeScript: Bytes;
};

/** @param coins largest first. The error says how much there is. */
export function spendCoins(
  keys: WalletKeys,
  coins: readonly SpendableCoin[],
  spend: Spend,
): Result<BitcoinTransaction, { readonly haveSat: bigint; readonly needSat: bigint }> {
  const chosen: SpendableCoin[] = [];
  let haveSat = 0n, needSat = 0n;
  for (const coin of coins.slice(0, INPUTS_MAX)) {
    chosen.push(coin);
    haveSat += coin.valueSat;
    if (spend.amountSat === "all") continue;
    needSat = spend.amountSat + feeSat(chosen, spend);
    if (haveSat >= needSat) return ok(signed(keys, chosen, draft(chosen, spend, spend.amountSat, haveSat - needSat)));
  }
  if (spend.amountSat === "all" && chosen.length > 0) {
    const leftSat = haveSat - feeSat(chosen, spend);
    if (leftSat >= dustLimitSat(spend.script)) return ok(signed(keys, chosen, draft(chosen, spend, leftSat, 0n)));
  }
  const least = spend.amountSat === "all" ? dustLimitSat(spend.script) : spend.amountSat;
  return err({ haveSat, needSat: needSat > least ? needSat : least });
}

/** With change; without it the transaction pays a little more. */
function feeSat(coins: readonly SpendableCoin[], spend: Spend): bigint {
  const changeSat = spend.amountSat === "all" ? 0n : dustLimitSat(spend.changeScript);
  const bare = draft(coins, spend, 0n, changeSat);
  const filled = { ...bare, inputs: bare.inputs.map((input) => ({ ...input, witness: WITNESS_DUMMY })) };
  return BigInt(Math.ceil(weightOf(filled) * spend.perKw / 1_000));
}

/** Change that nobody would relay goes to the miner. */
function draft(
  coins: readonly SpendableCoin[],
  { script, changeScript }: Spend,
  paidSat: bigint,
  changeSat: bigint,
): BitcoinTransaction {
  const change: TxOut = { valueSat: changeSat, script: changeScript };
  const isWorthwhile = changeSat >= dustLimitSat(changeScript);
  return {
    version: 2,
    inputs: coins.map(({ outPoint }) => ({
      outPoint: parseBitcoinOutPoint(outPoint),
      scriptSig: new Uint8Array(0),
      sequence: SEQUENCE_REPLACEABLE,
      witness: [],
    })),
    outputs: [{ valueSat: paidSat, script }, ...(isWorthwhile ? [change] : [])],
    lockTime: 0,
  };
}

function signed(keys: WalletKeys, coins: readonly SpendableCoin[], tx: BitcoinTransaction): BitcoinTransaction {
  const spent = coins.map(({ valueSat, index }) => ({
    valueSat,
    scriptCode: p2wpkhScriptCode(keys.publicKeyHash(index)),
  }));
  const digests = segwitSighashes(tx, spent);
  const inputs = tx.inputs.map((input, i) => {
    const secret = keys.secretKey(coins[i]!.index);
    const signature = concat(ecdsaToDer(ecdsaSign(digests[i]!, secret)), Uint8Array.of(SIGHASH_ALL));
    return { ...input, witness: [signature, publicKeyOf(secret)] };
  });
  return { ...tx, inputs };
}
