/**
 * Whether a transaction may enter the mempool, in the place of others that spend its coins too. Source: Core
 * `validation.cpp` (`MemPoolAccept`).
 */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import {
  bitcoinTransaction,
  bitcoinTxidOf,
  bitcoinWtxidOf,
  isCoinbase,
  weightOf,
} from "../../../../core/bitcoin/mod.ts";
import { encode } from "../../../../core/encoding/mod.ts";
import { err, ok } from "../../../../core/result.ts";
import type { Chain } from "../chain.ts";
import type { Coin, CoinKey, CoinView } from "../coins.ts";
import { coinKey } from "../coins.ts";
import type { Mempool, MempoolEntry } from "../mempool.ts";
import { CHAIN_LENGTH_MAX, CHAIN_VBYTES_MAX, MEMPOOL_VBYTES_MAX } from "../params.ts";
import { checkStandard, checkStandardInputs, policyVbytes, relayFeeSat } from "./policy.ts";
import type { Checked } from "./reject.ts";
import { invalid, nonStandard } from "./reject.ts";
import { checkReplacement } from "./replacement.ts";
import type { ScriptFailure } from "./script_check.ts";
import { checkScripts } from "./script_check.ts";
import { checkAmounts, checkTransaction, coinsOf, isFinal, sequenceLocksPassed, sigopsCost } from "./tx_checks.ts";

/** Why it refuses a transaction that pays less than is relayed. */
export const FEE_TOO_LOW = "min relay fee not met";

/**
 * Changes nothing. Cheap checks come first, scripts last.
 * @param fee `any` for what was let in before, or with a child that pays for it
 */
export function checkForMempool(
  chain: Chain,
  mempool: Mempool,
  tx: BitcoinTransaction,
  nowSeconds: number,
  { fee: feePolicy = "relay" }: { readonly fee?: "relay" | "any" } = {},
): Checked<MempoolEntry> {
  const alone = checkAlone(chain, tx);
  if (!alone.ok) return alone;
  const txid = bitcoinTxidOf(tx);
  const wtxid = bitcoinWtxidOf(tx);
  const present = mempool.get(txid);
  if (present !== undefined) {
    return nonStandard(present.wtxid === wtxid ? "txn-already-in-mempool" : "txn-same-nonwitness-data-in-mempool");
  }
  // a child that pays for it doesn't pay for what it would replace
  if (feePolicy === "any" && mempool.conflictsOf(tx).size > 0) return nonStandard("txn-mempool-conflict");
  const coins = coinsOf(tx, new MempoolCoins(chain, mempool));
  if (coins === null) {
    return chain.locationOf(txid) === undefined
      ? err({ kind: "missing_inputs", reason: "bad-txns-inputs-missingorspent", detail: "" })
      : nonStandard("txn-already-known");
  }
  const at = chain.next();
  if (!sequenceLocksPassed(tx, coins, at)) return nonStandard("non-BIP68-final");
  const fee = checkAmounts(tx, coins, at.height);
  if (!fee.ok) return fee;
  const sigops = sigopsCost(tx, coins);
  const standard = checkStandardInputs(tx, coins, sigops);
  if (!standard.ok) return standard;
  const weight = weightOf(tx);
  const vbytes = policyVbytes(weight, sigops);
  const leastSat = feePolicy === "any" ? 0n : relayFeeSat(vbytes);
  if (fee.value < leastSat) return nonStandard(FEE_TOO_LOW, `${fee.value} < ${leastSat}`);
  const room = checkRoom(mempool, tx, vbytes);
  if (!room.ok) return room;
  const replacement = checkReplacement(mempool, { txid, tx, feeSat: fee.value, vbytes });
  if (!replacement.ok) return replacement;
  const scripts = checkAllScripts(tx, coins, txid, wtxid);
  if (!scripts.ok) return scripts;
  return ok({
    sequence: mempool.nextSequence,
    txid,
    wtxid,
    tx,
    raw: encode(bitcoinTransaction, tx),
    feeSat: fee.value,
    weight,
    sigops,
    vbytes,
    time: nowSeconds,
    height: chain.height,
  });
}

function checkAlone(chain: Chain, tx: BitcoinTransaction): Checked<null> {
  const checked = checkTransaction(tx);
  if (!checked.ok) return checked;
  if (isCoinbase(tx)) return invalid("coinbase");
  const standard = checkStandard(tx);
  if (!standard.ok) return standard;
  return isFinal(tx, chain.next()) ? ok(null) : nonStandard("non-final");
}

function checkRoom(mempool: Mempool, tx: BitcoinTransaction, vbytes: number): Checked<null> {
  if (mempool.vbytes + vbytes > MEMPOOL_VBYTES_MAX) return nonStandard("mempool full");
  const ancestors = mempool.ancestorsOf({ tx });
  // what takes one place leaves as much room as it had
  const conflicts = mempool.conflictsOf(tx);
  const [old] = conflicts.size === 1 ? conflicts : [];
  const leaves = old === undefined ? [] : [old, ...mempool.descendantsOf(old)];
  const countMax = CHAIN_LENGTH_MAX + (old === undefined ? 0 : 1), vbytesMax = CHAIN_VBYTES_MAX + sumVbytes(leaves);
  if (ancestors.size + 1 > CHAIN_LENGTH_MAX || sumVbytes(ancestors) + vbytes > CHAIN_VBYTES_MAX) {
    return nonStandard("too-long-mempool-chain", `too many unconfirmed ancestors [limit: ${CHAIN_LENGTH_MAX}]`);
  }
  for (const ancestor of ancestors) {
    const descendants = mempool.descendantsOf(ancestor);
    if (
      descendants.size + 2 > countMax || sumVbytes(descendants) + ancestor.vbytes + vbytes > vbytesMax
    ) {
      const detail = `too many descendants for tx ${ancestor.txid} [limit: ${CHAIN_LENGTH_MAX}]`;
      return nonStandard("too-long-mempool-chain", detail);
    }
  }
  return ok(null);
}

function sumVbytes(entries: Iterable<MempoolEntry>): number {
  let sum = 0;
  for (const { vbytes } of entries) sum += vbytes;
  return sum;
}

/** A failure by the rules of relay alone is told from one that no block may hold. */
function checkAllScripts(tx: BitcoinTransaction, coins: readonly Coin[], txid: string, wtxid: string): Checked<null> {
  const standard = checkScripts(tx, coins, "standard");
  if (standard.ok) return ok(null);
  const detail = failureDetail(tx, standard.error, txid, wtxid);
  return checkScripts(tx, coins, "consensus").ok
    ? nonStandard(`non-mandatory-script-verify-flag (${standard.error.text})`, detail)
    : invalid(`mandatory-script-verify-flag-failed (${standard.error.text})`, detail);
}

function failureDetail(tx: BitcoinTransaction, { input }: ScriptFailure, txid: string, wtxid: string): string {
  return `input ${input} of ${txid} (wtxid ${wtxid}), spending ${coinKey(tx.inputs[input]!.outPoint)}`;
}

/** Coins of the chain and of the mempool, those that the mempool spends too: their spender is replaced. */
class MempoolCoins implements CoinView {
  readonly #chain: Chain;
  readonly #mempool: Mempool;

  constructor(chain: Chain, mempool: Mempool) {
    this.#chain = chain;
    this.#mempool = mempool;
  }

  coin(key: CoinKey): Coin | undefined {
    const confirmed = this.#chain.coin(key);
    if (confirmed !== undefined) return confirmed;
    const [txid = "", vout = ""] = key.split(":");
    const output = this.#mempool.get(txid)?.tx.outputs[Number(vout)];
    return output && { ...output, height: this.#chain.height + 1, coinbase: false };
  }
}
