/**
 * Which notes a wallet spends and which it asks for, so that a transaction is paid for and the wallet keeps about three notes of each
 * denomination. Pure. Follows fedimint-mintv2-client 0.13.0 (`lib.rs`); sheet "e-cash" 8.
 *
 * Two places differ, because the reference crashes there: what a note that is spent only to get smaller ones costs in fees is counted,
 * and a note that brings nothing after its fee is not spent for it.
 */
import type { Spending } from "../contract/client.ts";
import type { Denomination } from "./denomination.ts";
import { CLIENT_DENOMINATIONS, denominationAmount } from "./denomination.ts";
import type { FeeConsensus } from "./fees.ts";
import { feeOf } from "./fees.ts";

/** Notes of each denomination that a wallet aims at. */
const TARGET = 3;
/** Beyond so many of a denomination, all above the target are spent at the next opportunity. */
const CONSOLIDATE_ABOVE = 6;

/** A wallet's notes by denomination, in the wallet's order. */
export type Holdings<Note> = ReadonlyMap<Denomination, readonly Note[]>;

export type Balanced<Note> = {
  /** Ascending by denomination. */
  readonly spend: readonly { readonly denomination: Denomination; readonly note: Note }[];
  /** Ascending. */
  readonly issue: readonly Denomination[];
  /** What is left over and lost, msat; less than the smallest note with its fee. */
  readonly burnedMsat: bigint;
};

type Held<Note> = { readonly denomination: Denomination; readonly note: Note };

const descending = CLIENT_DENOMINATIONS.toReversed();

/** Value less the fee for spending it. */
function worthMsat(denomination: Denomination, fees: FeeConsensus): bigint {
  const valueMsat = denominationAmount(denomination);
  return valueMsat - feeOf(fees, valueMsat);
}

/** What issuing a note costs: its value and its fee. */
export function issueCostMsat(denomination: Denomination, fees: FeeConsensus): bigint {
  const valueMsat = denominationAmount(denomination);
  return valueMsat + feeOf(fees, valueMsat);
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

/** Notes for `needMsat`: first those above the target, then the others, each largest first. Null when all of them are not enough. */
function fund<Note>(holdings: Holdings<Note>, needMsat: bigint, fees: FeeConsensus): Held<Note>[] | null {
  const chosen: Held<Note>[] = [], excess: Held<Note>[] = [], target: Held<Note>[] = [];
  for (const denomination of descending) {
    const held = (holdings.get(denomination) ?? []).map((note) => ({ denomination, note }));
    const above = held.length > CONSOLIDATE_ABOVE ? chosen : excess;
    for (const [i, note] of held.entries()) (i < TARGET ? target : above).push(note);
  }
  let fundedMsat = chosen.reduce((sum, { denomination }) => sum + worthMsat(denomination, fees), 0n);
  for (const held of [...excess, ...target]) {
    if (fundedMsat >= needMsat) break;
    chosen.push(held);
    fundedMsat += worthMsat(held.denomination, fees);
  }
  return fundedMsat >= needMsat ? chosen : null;
}

/** Issues the small notes that are missing, from the surplus and from large notes that are spent for them. */
function rebalance<Note>(
  holdings: Holdings<Note>,
  spent: ReadonlySet<Note>,
  surplusMsat: bigint,
  fees: FeeConsensus,
  spending: Spending,
): { readonly spend: Held<Note>[]; readonly issue: Denomination[]; readonly surplusMsat: bigint } {
  const rest = (denomination: Denomination): Note[] =>
    (holdings.get(denomination) ?? []).filter((note) => !spent.has(note));
  const remaining = spending === "nothing"
    ? []
    : descending.flatMap((denomination) => rest(denomination).map((note) => ({ denomination, note })));
  const spend: Held<Note>[] = [], issue: Denomination[] = [];
  let leftMsat = surplusMsat, next = 0;
  for (const denomination of CLIENT_DENOMINATIONS) {
    const costMsat = issueCostMsat(denomination, fees);
    for (let missing = TARGET - rest(denomination).length; missing > 0; missing--) {
      if (leftMsat < costMsat) {
        const larger = remaining[next++];
        if (!larger) break;
        const gainMsat = worthMsat(larger.denomination, fees);
        if (denominationAmount(larger.denomination) <= costMsat || leftMsat + gainMsat < costMsat) break;
        spend.push(larger);
        leftMsat += gainMsat;
      }
      issue.push(denomination);
      leftMsat -= costMsat;
    }
  }
  return { spend, issue, surplusMsat: leftMsat };
}

/**
 * @param inputMsat what the transaction's inputs bring
 * @param outputMsat what its outputs take, all fees among them
 * @returns null when the wallet doesn't hold enough
 */
export function balance<Note>(
  holdings: Holdings<Note>,
  inputMsat: bigint,
  outputMsat: bigint,
  fees: FeeConsensus,
  spending: Spending = "wallet",
): Balanced<Note> | null {
  const needMsat = outputMsat > inputMsat ? outputMsat - inputMsat : 0n;
  const funding = fund(spending === "wallet" ? holdings : new Map(), needMsat, fees);
  if (!funding) return null;
  const fundedMsat = funding.reduce((sum, { denomination }) => sum + worthMsat(denomination, fees), 0n);
  const surplusMsat = inputMsat + fundedMsat - outputMsat;
  // what comes in may be worth less than the fees it causes although nothing is to be paid: then it isn't covered
  if (surplusMsat < 0n) return null;
  const rebalanced = rebalance(holdings, new Set(funding.map(({ note }) => note)), surplusMsat, fees, spending);
  const greedy = greedyIssuance(rebalanced.surplusMsat, fees);
  const spend = [...funding, ...rebalanced.spend].sort((a, b) => a.denomination - b.denomination);
  const issue = [...rebalanced.issue, ...greedy.issue].sort((a, b) => a - b);
  return { spend, issue, burnedMsat: greedy.restMsat };
}

/** Notes that make up an amount exactly, largest first; null when the wallet has no such notes. */
export function exactNotes<Note>(holdings: Holdings<Note>, amountMsat: bigint): Held<Note>[] | null {
  const chosen: Held<Note>[] = [];
  let restMsat = amountMsat;
  for (const denomination of [...holdings.keys()].sort((a, b) => b - a)) {
    const valueMsat = denominationAmount(denomination);
    for (const note of holdings.get(denomination)!) {
      if (valueMsat > restMsat) break;
      chosen.push({ denomination, note });
      restMsat -= valueMsat;
    }
  }
  return restMsat === 0n ? chosen : null;
}
