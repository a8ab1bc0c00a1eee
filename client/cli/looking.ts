/** What has come while the wallet was closed is looked for before the balance is told. */
import { FedimintError } from "../../core/result.ts";
import { isEndBy } from "../../modules/contract/waiting.ts";
import type { FederationClient } from "../mod.ts";
import { walletv2Client } from "../mod.ts";
import { reasonFor } from "./advice.ts";
import type { Session } from "./session.ts";
import { agoText, minuteText } from "./time.ts";

/** Guardians answer in a fraction of it, and a payment that they have before them is through. */
const LOOK_MS = 5_000;
/** A slow machine, or a wallet with much behind it, needs longer than the command waits. */
const WAIT_ADVICE = "`deposit --wait` waits as long as it takes.";

/**
 * Asks guardians for deposits and waits for what is under way, a few seconds at the most.
 * @returns a line that says how old the figures are; null when they are of now
 */
export async function lookAround({ io }: Session, wallet: FederationClient): Promise<string | null> {
  const { clock } = io.platform, late = new AbortController();
  const timer = clock.setTimer(LOOK_MS, () => late.abort()), signal = AbortSignal.any([io.signal, late.signal]);
  const hasDeposits = wallet.client.modules().some(({ kind, active }) => kind === walletv2Client.kind && active);
  io.err(`Looking for what has come; ${LOOK_MS / 1_000} seconds at the most …\n`);
  let looked = false, reason: string | null = null;
  try {
    if (hasDeposits) await wallet.lookForDeposits(signal);
    looked = true;
    await wallet.client.awaitIdle(signal);
  } catch (thrown) {
    if (io.signal.aborted || !(thrown instanceof FedimintError)) throw thrown;
    if (!isEndBy(late.signal, thrown)) reason = reasonFor(thrown);
  } finally {
    timer.cancel();
  }
  // what is still under way then is told with the balance
  if (looked) return null;
  const { lastLookMs } = await wallet.depositsState();
  const why = reason ?? `it took longer than ${LOOK_MS / 1_000} seconds to look for more. ${WAIT_ADVICE}`;
  const age = lastLookMs === null
    ? "It was never looked for deposits"
    : `As of ${minuteText(lastLookMs)}, ${agoText(clock.nowMs() - lastLookMs)}`;
  return `${age}: ${why.replace(/[.]?$/, ".")}`;
}
