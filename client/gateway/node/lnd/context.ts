/** What the parts of the connection to an LND share. */
import { backOffMs } from "../../../../actors/rpc/back_off.ts";
import type { Clock, Dice } from "../../../../actors/platform/platform.ts";
import { sleep } from "../../../../actors/platform/platform.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { NodeError } from "../node.ts";
import { base64Url } from "./answers.ts";
import { AGAIN, STREAM_MS } from "./limits.ts";
import { LndRefusal, type LndRest, type StreamRequest } from "./rest.ts";

export type LndContext = {
  readonly rest: LndRest;
  readonly clock: Clock;
  readonly dice: Dice;
  /** Told why something is asked again. */
  readonly onTrouble: (what: string) => void;
  /** Payments that are followed by a stream at the moment. */
  readonly followed: { count: number };
};

/** Asks until LND has said; `ask` gives null for "not yet". Rejects only when aborted, or by a bug. */
export async function insist<T>(
  { clock, dice, onTrouble }: LndContext,
  what: string,
  ask: () => Promise<T | null>,
  signal?: AbortSignal,
): Promise<T> {
  for (let attempt = 0;; attempt++) {
    signal?.throwIfAborted();
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof NodeError)) throw thrown;
      onTrouble(`${what}: ${thrown.message}`);
    }
    await sleep(clock, backOffMs(AGAIN, attempt, dice), signal);
  }
}

/** A stream for `STREAM_MS` at most; that it ends then is no word of LND's, as any end of it. */
export async function* streamed(
  { rest, clock }: LndContext,
  path: string,
  { signal, ...request }: StreamRequest & { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<JsonObject> {
  const over = new AbortController();
  const timer = clock.setTimer(STREAM_MS, () => over.abort(new NodeError("unreachable", "The stream is begun again.")));
  const end = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  try {
    yield* rest.stream(path, { ...request, signal: end });
  } catch (thrown) {
    if (!over.signal.aborted || signal?.aborted) throw thrown;
  } finally {
    timer.cancel();
    over.abort(new NodeError("unreachable", "Nobody reads it any more."));
  }
}

const NO_INVOICE: readonly string[] = ["unable to locate invoice", "there are no existing invoices"];

/** LND's invoice of a 32-byte hash, null where it says that there is none. @throws {NodeError} */
export async function invoiceOf(
  { rest }: LndContext,
  paymentHash: Bytes,
  signal?: AbortSignal,
): Promise<JsonObject | null> {
  try {
    return await rest.get(`/v2/invoices/lookup?payment_hash=${base64Url(paymentHash)}`, { signal });
  } catch (thrown) {
    if (thrown instanceof LndRefusal && NO_INVOICE.includes(thrown.said)) return null;
    throw thrown;
  }
}
