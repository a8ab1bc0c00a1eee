/** A payment from the faucet: which coins, what change, the signatures. */
import type { BitcoinTransaction, TxOut } from "../../../core/bitcoin/mod.ts";
import {
  dustLimitSat,
  hash160,
  p2wpkhScriptCode,
  parseBitcoinOutPoint,
  segwitSighashes,
  SEQUENCE_REPLACEABLE,
  SIGHASH_ALL,
  vbytesOf,
} from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import { ecdsaSign, ecdsaToDer, publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OwnCoin, Wallet } from "./wallet.ts";

export type Payment = {
  readonly script: Bytes;
  readonly amountSat: bigint;
  readonly feerateSatPerKvb: bigint;
  /** The receiver pays the fee. */
  readonly subtractFee: boolean;
};

export type PaymentError = "insufficient_funds" | "too_many_inputs" | "amount_below_fee";

/** 68 vbytes each: a transaction of more would not be relayed. */
const INPUTS_MAX = 1_000;
/** DER with sighash byte of a signature whose r and s are both below half, which is the longest; and the key. */
const WITNESS_DUMMY: readonly Bytes[] = [new Uint8Array(72), new Uint8Array(33)];

/**
 * @param coins in the order of preference: a few of the largest confirmed ones do, the others come when those don't
 * suffice
 */
export function pay(
  wallet: Wallet,
  coins: readonly OwnCoin[],
  payment: Payment,
): Result<BitcoinTransaction, PaymentError> {
  const ordered = coins.toSorted((a, b) =>
    Number(b.confirmed) - Number(a.confirmed) || (a.valueSat < b.valueSat ? 1 : a.valueSat > b.valueSat ? -1 : 0)
  );
  const chosen: OwnCoin[] = [];
  let sumSat = 0n;
  for (const coin of ordered) {
    if (chosen.length === INPUTS_MAX) return err("too_many_inputs");
    chosen.push(coin);
    sumSat += coin.valueSat;
    const feeSat = feeOf(wallet, chosen, payment);
    if (sumSat < payment.amountSat + (payment.subtractFee ? 0n : feeSat)) continue;
    const paidSat = payment.amountSat - (payment.subtractFee ? feeSat : 0n);
    if (paidSat <= 0n) return err("amount_below_fee");
    return ok(sign(wallet, chosen, draft(wallet, chosen, payment, paidSat, sumSat - paidSat - feeSat)));
  }
  return err("insufficient_funds");
}

/** For the form with change; without it the transaction pays a little more. */
function feeOf(wallet: Wallet, coins: readonly OwnCoin[], payment: Payment): bigint {
  const bare = draft(wallet, coins, payment, payment.amountSat, dustLimitSat(wallet.scriptAt(0)));
  const filled = { ...bare, inputs: bare.inputs.map((input) => ({ ...input, witness: WITNESS_DUMMY })) };
  return (BigInt(vbytesOf(filled)) * payment.feerateSatPerKvb + 999n) / 1000n;
}

/** Change that nobody would relay goes to the miner. */
function draft(
  wallet: Wallet,
  coins: readonly OwnCoin[],
  { script }: Payment,
  paidSat: bigint,
  changeSat: bigint,
): BitcoinTransaction {
  const change: TxOut = { valueSat: changeSat, script: wallet.scriptAt(0) };
  const worthwhile = changeSat >= dustLimitSat(change.script);
  return {
    version: 2,
    inputs: coins.map(({ key }) => ({
      outPoint: parseBitcoinOutPoint(key),
      scriptSig: new Uint8Array(0),
      sequence: SEQUENCE_REPLACEABLE,
      witness: [],
    })),
    outputs: [{ valueSat: paidSat, script }, ...(worthwhile ? [change] : [])],
    lockTime: 0,
  };
}

function sign(wallet: Wallet, coins: readonly OwnCoin[], tx: BitcoinTransaction): BitcoinTransaction {
  const secretKeys = coins.map(({ script }) => wallet.secretKeyFor(script));
  const publicKeys = secretKeys.map(publicKeyOf);
  const spent = coins.map(({ valueSat }, i) => ({ valueSat, scriptCode: p2wpkhScriptCode(hash160(publicKeys[i]!)) }));
  const digests = segwitSighashes(tx, spent);
  const inputs = tx.inputs.map((input, i) => {
    const signature = concat(ecdsaToDer(ecdsaSign(digests[i]!, secretKeys[i]!)), Uint8Array.of(SIGHASH_ALL));
    return { ...input, witness: [signature, publicKeys[i]!] };
  });
  return { ...tx, inputs };
}
