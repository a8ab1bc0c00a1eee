/**
 * A wallet that has enough, but in more notes than a transaction takes, exchanges many small ones for few large ones
 * first. Pure. The official client has no such thing: there such a wallet is stuck.
 */
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { Balanced, BalanceError, Counts, Purse, Terms } from "./balancing.ts";
import { balance, countOf, worthMsat, worthOf } from "./balancing.ts";
import type { Denomination } from "../denomination.ts";
import type { FeeConsensus } from "../fees.ts";
import { EMPTY_BYTES, INPUT_BYTES, MERGED_NOTES_MAX, MERGES_AT_ONCE } from "../limits.ts";

/** One transaction: notes for fewer notes. */
export type Merge = { readonly spend: Counts; readonly issue: readonly Denomination[] };

/**
 * A merge must make so many times fewer notes. One of `MERGED_NOTES_MAX` always does: its outputs have less room than
 * that.
 */
const GAIN = 2;

/** Notes that cover the need, the largest ones, with the smallest of them first. */
function needed(held: Counts, needMsat: bigint, fees: FeeConsensus): [Denomination, number][] {
  const chosen: [Denomination, number][] = [];
  let missingMsat = needMsat;
  for (const [denomination, count] of [...held].sort(([a], [b]) => b - a)) {
    if (missingMsat <= 0n || worthMsat(denomination, fees) <= 0n) break;
    chosen.push([denomination, count]);
    missingMsat -= worthMsat(denomination, fees) * BigInt(count);
  }
  return chosen.reverse();
}

/**
 * A round of merges, so that fewer notes cover the need, with the notes that their transactions will ask for. Empty
 * when nothing is gained.
 */
export function mergesFor({ held, underWay }: Purse, needMsat: bigint, fees: FeeConsensus): Merge[] {
  const merges: Merge[] = [];
  let spend = new Map<Denomination, number>(), size = 0;
  let left: Counts = held, coming: Counts = underWay;
  const close = (): void => {
    const without = merged(left, [{ spend, issue: [] }]);
    const roomBytes = TRANSACTION_BYTES_MAX - EMPTY_BYTES - size * INPUT_BYTES;
    const terms: Terms = { fees, roomBytes, spending: "nothing" };
    const balanced = balance({ held: without, underWay: coming }, worthOf(spend, fees), 0n, terms);
    if (balanced.ok && balanced.value.issue.length > 0 && balanced.value.issue.length * GAIN <= size) {
      const { issue } = balanced.value;
      merges.push({ spend, issue });
      left = without;
      coming = withMore(coming, issue);
    }
    spend = new Map();
    size = 0;
  };
  for (const [denomination, count] of needed(held, needMsat, fees)) {
    for (let more = count; more > 0 && merges.length < MERGES_AT_ONCE;) {
      const some = Math.min(more, MERGED_NOTES_MAX - size);
      spend.set(denomination, some);
      size += some;
      more -= some;
      if (size === MERGED_NOTES_MAX) close();
    }
  }
  if (size > 0 && merges.length < MERGES_AT_ONCE) close();
  return merges;
}

export function withMore(counts: Counts, issue: readonly Denomination[]): Counts {
  return merged(counts, [{ spend: new Map(), issue }]);
}

/** What a wallet holds when the merges are done. */
export function merged(held: Counts, merges: readonly Merge[]): Map<Denomination, number> {
  const after = new Map(held);
  const add = (denomination: Denomination, count: number): void =>
    void after.set(denomination, (after.get(denomination) ?? 0) + count);
  for (const { spend, issue } of merges) {
    for (const [denomination, count] of spend) add(denomination, -count);
    for (const denomination of issue) add(denomination, 1);
  }
  return after;
}

/** As `balance`, with the rounds of merges that must come before. */
export function balanceMerging(
  purse: Purse,
  inputMsat: bigint,
  outputMsat: bigint,
  terms: Terms,
): Result<{ readonly rounds: readonly (readonly Merge[])[]; readonly balanced: Balanced }, BalanceError> {
  const rounds: Merge[][] = [];
  for (let { held } = purse;;) {
    const balanced = balance({ ...purse, held }, inputMsat, outputMsat, terms);
    if (balanced.ok) return ok({ rounds, balanced: balanced.value });
    if (balanced.error !== "fragmented") return balanced;
    const merges = mergesFor({ ...purse, held }, outputMsat - inputMsat, terms.fees);
    const after = merged(held, merges);
    if (countOf(after) >= countOf(held)) return err("fragmented");
    rounds.push(merges);
    held = after;
  }
}
