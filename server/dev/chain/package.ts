/**
 * Transactions that come together: a child that pays for its parents, which alone pay too little to be relayed. Source:
 * Core `validation.cpp` (`AcceptPackage`), `policy/packages.cpp`. A transaction of a package may replace others by its
 * own fee, and not by its child's.
 */
import { assert } from "../../../core/assert.ts";
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { bitcoinTxidOf, bitcoinWtxidOf } from "../../../core/bitcoin/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Chain } from "./chain.ts";
import { coinKey } from "./coins.ts";
import { PACKAGE_TRANSACTIONS_MAX } from "./limits.ts";
import type { Mempool, MempoolEntry } from "./mempool.ts";
import { checkForMempool, FEE_TOO_LOW } from "./rules/accept.ts";
import { relayFeeSat } from "./rules/policy.ts";
import type { Reject } from "./rules/reject.ts";

/** What became of one transaction, in the package's order. */
export type PackageResult =
  | {
    readonly tag: "entered";
    readonly entry: MempoolEntry;
    /** Those whose fees were counted together, itself among them. */
    readonly together: readonly MempoolEntry[];
  }
  /** It was in the mempool before. */
  | { readonly tag: "present"; readonly entry: MempoolEntry }
  | { readonly tag: "refused"; readonly reject: Reject };

export type PackageOutcome = {
  /** Whether all of it is in the mempool. */
  readonly complete: boolean;
  readonly results: readonly PackageResult[];
  /** Out of the mempool, since one of these spends their coins. */
  readonly replaced: readonly MempoolEntry[];
};

/** Whether these may come together. The error is Core's `package_msg`. */
export function checkPackage(txs: readonly BitcoinTransaction[]): Result<null, string> {
  if (txs.length > PACKAGE_TRANSACTIONS_MAX) return err("package-too-many-transactions");
  const txids = txs.map(bitcoinTxidOf);
  if (new Set(txids).size !== txids.length) return err("package-contains-duplicates");
  const spent = txs.flatMap(({ inputs }) => inputs.map(({ outPoint }) => coinKey(outPoint)));
  if (new Set(spent).size !== spent.length) return err("conflict-in-package");
  const parents = new Set(txids.slice(0, -1));
  const needs = (tx: BitcoinTransaction): string[] => tx.inputs.map(({ outPoint }) => outPoint.txid);
  const direct = new Set(needs(txs.at(-1)!));
  const isTree = [...parents].every((txid) => direct.has(txid)) &&
    txs.slice(0, -1).every((tx) => !needs(tx).some((txid) => parents.has(txid) || txid === txids.at(-1)));
  return isTree
    ? ok(null)
    : err("package topology disallowed. not child-with-parents or parents depend on each other.");
}

/**
 * Puts into the mempool what passes: each parent by itself if it pays enough, the rest with the child if they pay
 * enough together. The package was checked.
 */
export function enterPackage(
  chain: Chain,
  mempool: Mempool,
  txs: readonly BitcoinTransaction[],
  nowSeconds: number,
): PackageOutcome {
  const results = new Map<number, PackageResult>();
  /** In the mempool while the package is looked at: they leave it unless the child pays for them. */
  const waiting = new Map<number, MempoolEntry>();
  const replaced: MempoolEntry[] = [];
  const enter = (index: number, fee: "relay" | "any"): Result<MempoolEntry, Reject> => {
    const checked = checkForMempool(chain, mempool, txs[index]!, nowSeconds, { fee });
    if (!checked.ok) return checked;
    for (const old of mempool.replacedBy(txs[index]!)) {
      mempool.remove(old);
      replaced.push(old);
    }
    mempool.add(checked.value);
    return checked;
  };
  for (const [index, tx] of txs.entries()) {
    const present = mempool.get(bitcoinTxidOf(tx));
    if (present !== undefined && present.wtxid === bitcoinWtxidOf(tx)) {
      results.set(index, { tag: "present", entry: present });
      continue;
    }
    const isChild = index === txs.length - 1;
    const alone = enter(index, isChild && waiting.size > 0 ? "any" : "relay");
    if (alone.ok && isChild && waiting.size > 0) waiting.set(index, alone.value);
    else if (alone.ok) results.set(index, { tag: "entered", entry: alone.value, together: [alone.value] });
    else if (isChild || alone.error.reason !== FEE_TOO_LOW) results.set(index, { tag: "refused", reject: alone.error });
    else {
      const late = enter(index, "any");
      if (late.ok) waiting.set(index, late.value);
      else results.set(index, { tag: "refused", reject: late.error });
    }
  }
  settleWaiting(mempool, txs.length, waiting, results);
  const list = txs.map((_, index) => results.get(index)!);
  return { complete: list.every(({ tag }) => tag !== "refused"), results: list, replaced };
}

/** They stay if a child is among them and all that came before has passed. */
function settleWaiting(
  mempool: Mempool,
  count: number,
  waiting: ReadonlyMap<number, MempoolEntry>,
  results: Map<number, PackageResult>,
): void {
  if (waiting.size === 0) return;
  const together = [...waiting.values()];
  const feeSat = together.reduce((sum, entry) => sum + entry.feeSat, 0n);
  const leastSat = relayFeeSat(together.reduce((sum, { vbytes }) => sum + vbytes, 0));
  const refused = [...results.values()].some(({ tag }) => tag === "refused");
  const passes = waiting.has(count - 1) && !refused && feeSat >= leastSat;
  const reject: Reject = { kind: "policy", reason: FEE_TOO_LOW, detail: `${feeSat} < ${leastSat}` };
  for (const [index, entry] of [...waiting].reverse()) {
    if (!passes) mempool.remove(entry);
    results.set(index, passes ? { tag: "entered", entry, together } : { tag: "refused", reject });
  }
  assert(results.size === count, "each transaction of a package has its outcome");
}
