/**
 * Whether a transaction may take the place of those in the mempool that spend its coins: it must pay more, by itself,
 * and for what was relayed in vain. Every transaction can be replaced, whatever it signals. Source: BIP125 without its
 * first rule; Core `policy/rbf.cpp`, `validation.cpp` (`ReplacementChecks`).
 */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import { btcText } from "../../../../core/bitcoin/mod.ts";
import type { BitcoinTxid } from "../../../../core/types/ids.ts";
import { ok } from "../../../../core/result.ts";
import type { Mempool, MempoolEntry } from "../mempool.ts";
import { REPLACED_MAX } from "../params.ts";
import { relayFeeSat } from "./policy.ts";
import type { Checked } from "./reject.ts";
import { invalid, nonStandard } from "./reject.ts";

export type Replacement = {
  readonly txid: BitcoinTxid;
  readonly tx: BitcoinTransaction;
  readonly feeSat: bigint;
  readonly vbytes: number;
};

/** Core's `FormatMoney`: two digits after the point at least. */
function money(sat: bigint): string {
  return btcText(sat).replace(/0{1,6}$/, "");
}

/** Core's `CFeeRate::ToString`. */
function feerate(feeSat: bigint, vbytes: number): string {
  return `${btcText(feeSat * 1_000n / BigInt(vbytes))} BTC/kvB`;
}

/** What stands in the mempool for the same coins is replaced, with all that depends on it; or why not. */
export function checkReplacement(mempool: Mempool, replacement: Replacement): Checked<null> {
  const { txid, tx, feeSat, vbytes } = replacement, direct = mempool.conflictsOf(tx);
  if (direct.size === 0) return ok(null);
  for (const ancestor of mempool.ancestorsOf({ tx })) {
    if (direct.has(ancestor)) {
      return invalid("bad-txns-spends-conflicting-tx", `${txid} spends conflicting transaction ${ancestor.txid}`);
    }
  }
  for (const each of direct) {
    // of fee rates the replacement's must be the higher one, rounded as they are shown
    if (feeSat * 1_000n / BigInt(vbytes) <= each.feeSat * 1_000n / BigInt(each.vbytes)) {
      const rates = `new feerate ${feerate(feeSat, vbytes)} <= old feerate ${feerate(each.feeSat, each.vbytes)}`;
      return nonStandard("insufficient fee", `rejecting replacement ${txid}; ${rates}`);
    }
  }
  // counted for each, though two may share some
  const count = [...direct].reduce((sum, each) => sum + 1 + mempool.descendantsOf(each).size, 0);
  if (count > REPLACED_MAX) {
    const detail = `rejecting replacement ${txid}; too many potential replacements (${count} > ${REPLACED_MAX})`;
    return nonStandard("too many potential replacements", detail);
  }
  const added = newUnconfirmedInput(mempool, tx, direct);
  if (added >= 0) {
    return nonStandard("replacement-adds-unconfirmed", `replacement ${txid} adds unconfirmed input, idx ${added}`);
  }
  const oldSat = [...mempool.replacedBy(tx)].reduce((sum, each) => sum + each.feeSat, 0n);
  if (feeSat < oldSat) {
    const fees = `less fees than conflicting txs; ${money(feeSat)} < ${money(oldSat)}`;
    return nonStandard("insufficient fee", `rejecting replacement ${txid}, ${fees}`);
  }
  const moreSat = feeSat - oldSat, relaySat = relayFeeSat(vbytes);
  if (moreSat >= relaySat) return ok(null);
  const fees = `not enough additional fees to relay; ${money(moreSat)} < ${money(relaySat)}`;
  return nonStandard("insufficient fee", `rejecting replacement ${txid}, ${fees}`);
}

/** Index of an input that spends an output of the mempool which those that are replaced don't spend; or −1. */
function newUnconfirmedInput(mempool: Mempool, tx: BitcoinTransaction, direct: ReadonlySet<MempoolEntry>): number {
  const parents = new Set([...direct].flatMap((each) => each.tx.inputs.map(({ outPoint }) => outPoint.txid)));
  return tx.inputs.findIndex(({ outPoint: { txid } }) => !parents.has(txid) && mempool.get(txid) !== undefined);
}
