/**
 * Which notes a wallet spends and which it asks for, so that a transaction is paid for, fits into a unit, and the
 * wallet keeps about three notes of each denomination. Pure, and by counts: notes of one denomination are alike, so ten
 * thousand cost no more than ten. After fedimint-mintv2-client 0.13.0 (`lib.rs`); docs/protocol/04-mint.md §8.
 *
 * Where it differs: a transaction never exceeds the room it has; notes that are being issued count as held; the
 * wallet's own notes are spent only for what there is to pay, so that what comes in never makes the balance smaller;
 * what a note that is spent only to get smaller ones costs in fees is counted.
 */
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Spending } from "../../contract/client_env.ts";
import type { Denomination } from "../denomination.ts";
import { CLIENT_DENOMINATIONS, denominationAmount } from "../denomination.ts";
import type { FeeConsensus } from "../fees.ts";
import { feeOf } from "../fees.ts";
import { CONSOLIDATED_NOTES_MAX, INPUT_BYTES, OUTPUT_BYTES } from "../limits.ts";

/** Notes of each denomination that a wallet aims at. */
const TARGET = 3;
/** Beyond so many of a denomination, those above the target are spent at the next payment. */
const CONSOLIDATE_ABOVE = 6;

/** How many notes of each denomination. */
export type Counts = ReadonlyMap<Denomination, number>;

export type Purse = {
  readonly held: Counts;
  /** Notes that transactions under way bring. */
  readonly underWay: Counts;
};

export type Terms = {
  readonly fees: FeeConsensus;
  /** Bytes of a transaction that are left for the wallet's inputs and outputs. */
  readonly roomBytes: number;
  readonly spending: Spending;
};

export type Balanced = {
  readonly spend: Counts;
  /** Ascending. */
  readonly issue: readonly Denomination[];
  /** What is left over and lost, msat; less than the smallest note with its fee. */
  readonly burnedMsat: bigint;
};

/**
 * `fragmented`: there is enough, but in more notes than a transaction takes. `no_room`: what the transaction brings
 * leaves none.
 */
export type BalanceError = "insufficient" | "fragmented" | "no_room";

const descending = CLIENT_DENOMINATIONS.toReversed();

export function countOf(counts: Counts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

export function valueOf(counts: Counts): bigint {
  let sumMsat = 0n;
  for (const [denomination, count] of counts) sumMsat += denominationAmount(denomination) * BigInt(count);
  return sumMsat;
}

export function countsOf(denominations: Iterable<Denomination>): Map<Denomination, number> {
  const counts = new Map<Denomination, number>();
  for (const denomination of denominations) counts.set(denomination, (counts.get(denomination) ?? 0) + 1);
  return counts;
}

/** Value less the fee for spending it. */
export function worthMsat(denomination: Denomination, fees: FeeConsensus): bigint {
  const valueMsat = denominationAmount(denomination);
  return valueMsat - feeOf(fees, valueMsat);
}

/** What issuing a note costs: its value and its fee. */
export function issueCostMsat(denomination: Denomination, fees: FeeConsensus): bigint {
  const valueMsat = denominationAmount(denomination);
  return valueMsat + feeOf(fees, valueMsat);
}

/** What notes bring at most: those that their fee eats up are not spent. */
export function worthOf(counts: Counts, fees: FeeConsensus): bigint {
  let sumMsat = 0n;
  for (const [denomination, count] of counts) {
    const worth = worthMsat(denomination, fees);
    if (worth > 0n) sumMsat += worth * BigInt(count);
  }
  return sumMsat;
}

/** As many notes as fit, largest first, from the denominations that clients use. */
export function greedyIssuance(
  amountMsat: bigint,
  fees: FeeConsensus,
): { readonly issue: Denomination[]; readonly restMsat: bigint } {
  const issue: Denomination[] = [];
  let restMsat = amountMsat;
  for (const denomination of descending) {
    const costMsat = issueCostMsat(denomination, fees);
    for (; restMsat >= costMsat; restMsat -= costMsat) issue.push(denomination);
  }
  return { issue, restMsat };
}

/** Denominations that are worth spending, largest first. */
function spendable(held: Counts, fees: FeeConsensus): Denomination[] {
  return [...held.keys()].filter((denomination) => worthMsat(denomination, fees) > 0n).sort((a, b) => b - a);
}

/** A pile of notes from which a transaction takes. */
class Pile {
  readonly #held: Counts;
  readonly #fees: FeeConsensus;
  readonly #descending: readonly Denomination[];
  readonly taken = new Map<Denomination, number>();
  worthMsat = 0n;

  constructor(held: Counts, fees: FeeConsensus) {
    this.#held = held;
    this.#fees = fees;
    this.#descending = spendable(held, fees);
  }

  left(denomination: Denomination): number {
    return (this.#held.get(denomination) ?? 0) - (this.taken.get(denomination) ?? 0);
  }

  take(denomination: Denomination, count: number): void {
    if (count <= 0) return;
    this.taken.set(denomination, (this.taken.get(denomination) ?? 0) + count);
    this.worthMsat += worthMsat(denomination, this.#fees) * BigInt(count);
  }

  /** Largest first until `needMsat` is covered, all but `keep` of each denomination. */
  cover(needMsat: bigint, keep: number): void {
    for (const denomination of this.#descending) {
      const available = this.left(denomination) - keep;
      if (available <= 0) continue;
      const missingMsat = needMsat - this.worthMsat;
      if (missingMsat <= 0n) return;
      const worth = worthMsat(denomination, this.#fees);
      const wanted = (missingMsat + worth - 1n) / worth;
      this.take(denomination, wanted < BigInt(available) ? Number(wanted) : available);
    }
  }

  /** Of denominations that there are too many of, the small ones first. */
  consolidate(): void {
    let left = CONSOLIDATED_NOTES_MAX;
    for (const denomination of this.#descending.toReversed()) {
      const held = this.left(denomination);
      const count = held > CONSOLIDATE_ABOVE ? Math.min(held - TARGET, left) : 0;
      this.take(denomination, count);
      left -= count;
    }
  }

  largest(): Denomination | undefined {
    return this.#descending.find((denomination) => this.left(denomination) > 0);
  }
}

/**
 * Issues the small notes that are missing, from the surplus and, for a payment, from large notes that are spent for
 * them.
 */
function rebalance(
  pile: Pile,
  underWay: Counts,
  surplusMsat: bigint,
  fees: FeeConsensus,
  breaksNotes: boolean,
): { readonly issue: Denomination[]; readonly surplusMsat: bigint } {
  const missing = new Map(
    CLIENT_DENOMINATIONS.map((denomination) => [
      denomination,
      TARGET - pile.left(denomination) - (underWay.get(denomination) ?? 0),
    ]),
  );
  const issue: Denomination[] = [];
  let leftMsat = surplusMsat;
  for (const denomination of CLIENT_DENOMINATIONS) {
    const costMsat = issueCostMsat(denomination, fees);
    for (let count = missing.get(denomination)!; count > 0; count--) {
      if (leftMsat < costMsat) {
        const larger = breaksNotes ? pile.largest() : undefined;
        if (larger === undefined || denominationAmount(larger) <= costMsat) break;
        const gainMsat = worthMsat(larger, fees);
        if (leftMsat + gainMsat < costMsat) break;
        pile.take(larger, 1);
        leftMsat += gainMsat;
      }
      issue.push(denomination);
      leftMsat -= costMsat;
    }
  }
  return { issue, surplusMsat: leftMsat };
}

function balancedBy(pile: Pile, issue: readonly Denomination[], burnedMsat: bigint): Balanced {
  return { spend: pile.taken, issue: issue.toSorted((a, b) => a - b), burnedMsat };
}

export function balancedBytes({ spend, issue }: Pick<Balanced, "spend" | "issue">): number {
  return countOf(spend) * INPUT_BYTES + issue.length * OUTPUT_BYTES;
}

/**
 * @param inputMsat what the transaction's inputs bring
 * @param outputMsat what its outputs take, all fees among them
 */
export function balance(
  { held, underWay }: Purse,
  inputMsat: bigint,
  outputMsat: bigint,
  { fees, roomBytes, spending }: Terms,
): Result<Balanced, BalanceError> {
  const needMsat = outputMsat - inputMsat;
  const pays = needMsat > 0n;
  if (pays && (spending === "nothing" || worthOf(held, fees) < needMsat)) return err("insufficient");
  // first so that the wallet is in good order afterwards; if that takes too much room, with as few notes as possible
  const tidy = new Pile(held, fees);
  if (pays) {
    tidy.consolidate();
    tidy.cover(needMsat, TARGET);
    tidy.cover(needMsat, 0);
  }
  const rebalanced = rebalance(tidy, underWay, tidy.worthMsat - needMsat, fees, pays);
  const rest = greedyIssuance(rebalanced.surplusMsat, fees);
  const whole = balancedBy(tidy, [...rebalanced.issue, ...rest.issue], rest.restMsat);
  if (balancedBytes(whole) <= roomBytes) return ok(whole);
  const few = new Pile(held, fees);
  if (pays) few.cover(needMsat, 0);
  const greedy = greedyIssuance(few.worthMsat - needMsat, fees);
  const least = balancedBy(few, greedy.issue, greedy.restMsat);
  if (balancedBytes(least) <= roomBytes) return ok(least);
  return err(pays && countOf(few.taken) > 1 ? "fragmented" : "no_room");
}

/**
 * As much of an amount as notes make up, the largest first, and what is missing: nothing where notes make it up
 * exactly, as each note's value is a multiple of the smaller ones'.
 */
export function exactPart(
  held: Counts,
  amountMsat: bigint,
): { readonly chosen: Map<Denomination, number>; readonly missingMsat: bigint } {
  const chosen = new Map<Denomination, number>();
  let missingMsat = amountMsat;
  for (const denomination of [...held.keys()].sort((a, b) => b - a)) {
    const valueMsat = denominationAmount(denomination);
    const fits = missingMsat / valueMsat, available = BigInt(held.get(denomination)!);
    const count = fits < available ? fits : available;
    if (count === 0n) continue;
    chosen.set(denomination, Number(count));
    missingMsat -= count * valueMsat;
  }
  return { chosen, missingMsat };
}

/** Notes that make up an amount exactly; null when the wallet has no such notes. */
export function exactNotes(held: Counts, amountMsat: bigint): Map<Denomination, number> | null {
  const { chosen, missingMsat } = exactPart(held, amountMsat);
  return missingMsat === 0n ? chosen : null;
}
