/**
 * The most that a wallet can send. What pays for notes rises by steps, so it is searched for by trial.
 * fedimint-client-module 0.13.0 (`max_affordable_send_amount`).
 */
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { BITCOIN_SAT_MAX, MSAT_PER_SAT } from "../../core/types/amount.ts";
import type { ClientCore, FinalizeError, OutputBundle } from "./client_env.ts";

/** Why a payment can't be made that a smaller one may not have. */
const SMALLER_HELPS: ReadonlySet<FinalizeError["code"]> = new Set(["insufficient_funds", "too_large", "fragmented"]);

/**
 * The largest number that can be paid, found from the top down: it is just below `most`, as fees are small. Asks some
 * twice as often as the fees have bits.
 * @returns null where not even `least` can be paid
 */
export async function mostAffordable(
  { least, most }: { readonly least: bigint; readonly most: bigint },
  isAffordable: (value: bigint) => Promise<boolean>,
): Promise<bigint | null> {
  if (most < least) return null;
  // `high` can't be paid, `low` perhaps can
  let high = most + 1n, low = least, isLowAffordable = false;
  for (let below = 0n; !isLowAffordable && most - below > least; below = 2n * below + 1n) {
    isLowAffordable = await isAffordable(most - below);
    if (isLowAffordable) low = most - below;
    else high = most - below;
  }
  if (!isLowAffordable && !await isAffordable(low)) return null;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (await isAffordable(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The most that a payment may be for which a wallet funds one output, msat; 0 where it pays for nothing.
 * @param funding the output that is funded with so much
 * @param withFee what is funded for a payment of so much: more, never less for more
 */
export async function mostSendable<State>(
  core: Pick<ClientCore<State>, "quoteFee">,
  funding: (msat: bigint) => OutputBundle<State>,
  withFee: (amountMsat: bigint) => bigint,
): Promise<Result<bigint, FinalizeError>> {
  const quote = (msat: bigint) => core.quoteFee({ inputs: [], outputs: [funding(msat)] });
  // more than there can be is refused, and the refusal says what the wallet holds
  let most = BITCOIN_SAT_MAX * MSAT_PER_SAT;
  const all = await quote(most);
  if (!all.ok) {
    if (all.error.code !== "insufficient_funds") return err(all.error);
    most = all.error.availableMsat;
  }
  let failure: FinalizeError | null = null;
  const amountMsat = await mostAffordable({ least: 1n, most }, async (value) => {
    const contractMsat = withFee(value);
    if (failure || contractMsat > most) return false;
    const cost = await quote(contractMsat);
    if (!cost.ok && !SMALLER_HELPS.has(cost.error.code)) failure = cost.error;
    return cost.ok;
  });
  return failure ? err(failure) : ok(amountMsat ?? 0n);
}
