/**
 * What nodes relay, beyond what is valid. Source: Core `policy/policy.cpp`. Version 3 transactions (TRUC) have rules of
 * their own and are refused.
 */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import { dustLimitSat, encodeStripped, weightOf } from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { ok } from "../../../../core/result.ts";
import type { Coin } from "../coins.ts";
import {
  DATA_CARRIER_BYTES_MAX,
  P2SH_SIGOPS_STANDARD_MAX,
  RELAY_FEE_SAT_PER_KVB,
  SCRIPT_SIG_BYTES_STANDARD_MAX,
  TX_SIGOPS_COST_STANDARD_MAX,
  TX_STRIPPED_BYTES_LEAST,
  TX_WEIGHT_STANDARD_MAX,
  VBYTES_PER_SIGOP,
  WITNESS_ITEM_BYTES_STANDARD_MAX,
  WITNESS_ITEMS_STANDARD_MAX,
  WITNESS_SCALE,
  WITNESS_SCRIPT_BYTES_STANDARD_MAX,
} from "../params.ts";
import type { Checked } from "./reject.ts";
import { nonStandard } from "./reject.ts";
import { countSigops, isPushOnly, lastPush, scriptType } from "./script_ops.ts";

/** `IsStandardTx`, and the least size. */
export function checkStandard(tx: BitcoinTransaction): Checked<null> {
  if (tx.version !== 1 && tx.version !== 2) return nonStandard("version");
  if (weightOf(tx) > TX_WEIGHT_STANDARD_MAX) return nonStandard("tx-size");
  for (const { scriptSig } of tx.inputs) {
    if (scriptSig.length > SCRIPT_SIG_BYTES_STANDARD_MAX) return nonStandard("scriptsig-size");
    if (!isPushOnly(scriptSig)) return nonStandard("scriptsig-not-pushonly");
  }
  let dataOutputs = 0;
  for (const { script, valueSat } of tx.outputs) {
    const type = scriptType(script);
    if (type === "nonstandard") return nonStandard("scriptpubkey");
    if (type === "nulldata") {
      if (script.length > DATA_CARRIER_BYTES_MAX) return nonStandard("scriptpubkey");
      dataOutputs++;
    } else if (valueSat < dustLimitSat(script)) {
      return nonStandard("dust");
    }
  }
  if (dataOutputs > 1) return nonStandard("multi-op-return");
  return encodeStripped(tx).length < TX_STRIPPED_BYTES_LEAST ? nonStandard("tx-size-small") : ok(null);
}

/** `AreInputsStandard`, `IsWitnessStandard` and the count of signature checks. */
export function checkStandardInputs(tx: BitcoinTransaction, coins: readonly Coin[], sigops: number): Checked<null> {
  for (const [i, { script }] of coins.entries()) {
    const { scriptSig, witness } = tx.inputs[i]!;
    const type = scriptType(script);
    if (type === "nonstandard" || type === "witness_unknown" || type === "anchor") {
      return nonStandard("bad-txns-nonstandard-inputs");
    }
    const redeemScript = type === "scripthash" ? lastPush(scriptSig) : null;
    if (
      type === "scripthash" && (redeemScript === null || countSigops(redeemScript, true) > P2SH_SIGOPS_STANDARD_MAX)
    ) {
      return nonStandard("bad-txns-nonstandard-inputs");
    }
    if (!isStandardWitness(redeemScript ?? script, witness)) return nonStandard("bad-witness-nonstandard");
  }
  return sigops > TX_SIGOPS_COST_STANDARD_MAX ? nonStandard("bad-txns-too-many-sigops", String(sigops)) : ok(null);
}

const ANNEX_TAG = 0x50;

function isStandardWitness(program: Bytes, witness: readonly Bytes[]): boolean {
  const last = witness.at(-1);
  if (last === undefined) return true;
  switch (scriptType(program)) {
    case "witness_v0_scripthash":
      return last.length <= WITNESS_SCRIPT_BYTES_STANDARD_MAX && witness.length - 1 <= WITNESS_ITEMS_STANDARD_MAX &&
        witness.slice(0, -1).every((item) => item.length <= WITNESS_ITEM_BYTES_STANDARD_MAX);
    case "witness_v1_taproot":
      return witness.length < 2 || last[0] !== ANNEX_TAG;
    case "witness_v0_keyhash":
      return true;
    default:
      // a witness where the output asks for none
      return false;
  }
}

/** Size that fees are counted by: many signature checks count as more bytes. */
export function policyVbytes(weight: number, sigops: number): number {
  return Math.ceil(Math.max(weight, sigops * VBYTES_PER_SIGOP) / WITNESS_SCALE);
}

/** At one satoshi a vbyte. */
export function relayFeeSat(vbytes: number): bigint {
  return BigInt(vbytes) * RELAY_FEE_SAT_PER_KVB / 1000n;
}
