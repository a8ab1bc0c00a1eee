/**
 * A request's answer within the time that a request may take. An endpoint's fault goes to the log, not to the caller.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { EndingWith } from "../../core/abort.ts";
import { errorText } from "../../core/result.ts";
import type { CallContext, Incoming } from "./dispatch.ts";
import { answerMessage } from "./dispatch.ts";
import type { Message } from "./encoded.ts";
import { REQUEST_TIMEOUT_MS } from "./limits.ts";

export type Answering = Pick<CallContext, "methods" | "onWork" | "source"> & {
  readonly clock: Clock;
  readonly log: Pick<Logger, "error">;
};

/** @param ended aborted when nobody waits for the answer any more @returns null when nothing is to be answered */
export async function answerInTime(
  incoming: Incoming,
  { methods, onWork, source = null, clock, log }: Answering,
  ended: AbortSignal,
): Promise<Message | null> {
  using inTime = new EndingWith(ended);
  const timer = clock.setTimer(REQUEST_TIMEOUT_MS, () => inTime.abort());
  try {
    return await answerMessage(incoming, {
      methods,
      source,
      ...(onWork ? { onWork } : {}),
      signal: inTime.signal,
      onBug: (method, thrown) => log.error("An endpoint failed", { method, reason: errorText(thrown) }),
    });
  } finally {
    timer.cancel();
  }
}
