/**
 * What a wallet exchanges to be able to pay an amount exactly. Pure. As the official client: all of the amount anew.
 * Where that takes more of the largest notes than a transaction has room for, merging doesn't help: then only what the
 * notes at hand don't make up.
 */
import type { Counts } from "./balancing.ts";
import { countOf, exactPart, greedyIssuance, valueOf } from "./balancing.ts";
import type { Denomination } from "../denomination.ts";
import { CLIENT_DENOMINATIONS } from "../denomination.ts";
import { NO_FEES } from "../fees.ts";

/** `notes`: how many the payment has afterwards. */
export type Exchange = { readonly issue: readonly Denomination[]; readonly notes: number };

/** To be tried in this order. @param amountMsat a multiple of the smallest note that clients use */
export function exchangesFor(held: Counts, amountMsat: bigint): readonly [Exchange, ...Exchange[]] {
  const whole = greedyIssuance(amountMsat, NO_FEES).issue;
  const [smallest] = CLIENT_DENOMINATIONS;
  // smaller notes of others would leave something that no note of ours makes up
  const usable = new Map([...held].filter(([denomination]) => denomination >= smallest!));
  const { chosen, missingMsat } = exactPart(usable, amountMsat);
  const missing = greedyIssuance(missingMsat, NO_FEES).issue;
  return [
    { issue: whole, notes: whole.length },
    ...(valueOf(chosen) > 0n ? [{ issue: missing, notes: countOf(chosen) + missing.length }] : []),
  ];
}
