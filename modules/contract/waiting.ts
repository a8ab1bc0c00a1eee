/**
 * How waiting ends without what was waited for: by the caller's signal, by the client's end, or because nothing will
 * ever come.
 */
import { ActorError } from "../../actors/error.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { orAborted } from "../../core/abort.ts";
import { FedimintError } from "../../core/result.ts";
import type { OperationId } from "../../core/types/ids.ts";

/**
 * `aborted`: the caller's signal; `cause` is its reason · `closed`: the client has stopped · `unknown_operation`: there
 * is no such operation, or it has ended without what is waited for.
 */
export class WaitError extends FedimintError<
  { readonly code: "aborted" | "closed" } | { readonly code: "unknown_operation"; readonly operationId: OperationId }
> {
  /** The client has stopped. */
  static closed(options?: ErrorOptions): WaitError {
    return new WaitError({ code: "closed" }, "The client was closed", options);
  }

  /** There is nothing of this operation to wait for. */
  static unknownOperation(operationId: OperationId): WaitError {
    return new WaitError(
      { code: "unknown_operation", operationId },
      `This client has no operation ${operationId} of this kind that anything could be waited for`,
    );
  }
}

/** Why a wait is over whose signal was aborted; without a signal it can only be the client's end. */
export function endedBy(signal: AbortSignal | undefined): Error {
  if (!signal?.aborted) return WaitError.closed();
  const reason: unknown = signal.reason;
  // an actor's own signal ends with the actor
  if (reason instanceof ActorError) return WaitError.closed({ cause: reason });
  if (reason instanceof FedimintError) return reason;
  return new WaitError({ code: "aborted" }, "It was given up", { cause: reason });
}

/** Is this the failure of work that was given up by this signal? */
export function isEndBy(signal: AbortSignal, thrown: unknown): boolean {
  return signal.aborted && (thrown === signal.reason || thrown instanceof WaitError && thrown.cause === signal.reason);
}

/**
 * The work's outcome; its failure by the signal as a coded error. For work that must not be left alone before it is
 * settled.
 */
export async function codedEnd<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw endedBy(signal);
  try {
    return await work();
  } catch (thrown) {
    throw signal.aborted && thrown === signal.reason ? endedBy(signal) : thrown;
  }
}

/**
 * The work's outcome, or as soon as the signal is aborted why: the work is then left alone. For work that only waits.
 */
export async function orEnded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw endedBy(signal);
  return await orAborted(work(), signal, () => endedBy(signal));
}

/** The same, with a deadline that ends it by `late`'s error. */
export async function orLate<T>(
  { clock, deadlineMs, signal, late }: {
    readonly clock: Clock;
    readonly deadlineMs: number;
    readonly signal?: AbortSignal | undefined;
    readonly late: () => Error;
  },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const timer = clock.setTimer(deadlineMs, () => deadline.abort(late()));
  const until = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  try {
    if (until.aborted) throw endedBy(until);
    // `late`'s error as it is, whatever its kind
    return await orAborted(work(until), until, () => deadline.signal.aborted ? deadline.signal.reason : endedBy(until));
  } finally {
    timer.cancel();
  }
}
