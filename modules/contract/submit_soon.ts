/**
 * Submitting what is right for a moment alone. A wallet in many small notes first exchanges them, which takes as long
 * as guardians take: what was looked at before it is old then.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { OutPointRange } from "../../core/types/ids.ts";
import type { ClientCore, FinalizeError, NewTransaction } from "./client_env.ts";
import { isEndBy } from "./waiting.ts";

/** The wallet was not ready in time: nothing was submitted, and nothing will be by this call. */
export type Late = { readonly code: "late" };

/**
 * Submits a transaction, unless the wallet takes longer than `withinMs` for what comes before. Rejects as `submit`
 * does.
 */
export async function submitSoon<State>(
  core: Pick<ClientCore<State>, "submit">,
  { signal, ...transaction }: NewTransaction<State>,
  { clock, withinMs }: { readonly clock: Clock; readonly withinMs: number },
): Promise<Result<OutPointRange, FinalizeError | Late>> {
  const late = new AbortController();
  const timer = clock.setTimer(withinMs, () => late.abort(new Error("The wallet exchanges notes")));
  try {
    const until = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    // awaited to its end: what it has begun to submit it submits
    return await core.submit({ ...transaction, signal: until });
  } catch (thrown) {
    if (!signal?.aborted && isEndBy(late.signal, thrown)) return err({ code: "late" });
    throw thrown;
  } finally {
    timer.cancel();
  }
}
