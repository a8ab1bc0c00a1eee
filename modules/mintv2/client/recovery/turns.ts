/**
 * Guardians in turn: each is asked for one slice at a time, so a slow one gets less work without anybody measuring it.
 * The front of the log goes first.
 */
import type { Clock } from "../../../../actors/platform/platform.ts";
import type { PeerId } from "../../../../core/types/ids.ts";

/** How long a guardian is left alone that gave nothing of use. */
const REST_MS = 60_000;

type Waiting = { readonly start: number; readonly resolve: (peer: PeerId) => void };

export class Turns {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** Longest idle first. */
  readonly #idle: PeerId[];
  readonly #waiting: Waiting[] = [];

  constructor(peers: readonly PeerId[], clock: Clock, signal: AbortSignal) {
    this.#idle = [...peers];
    this.#clock = clock;
    this.#signal = signal;
  }

  /** A guardian that is asked for nothing. @param start of the slice that it is for: the lowest goes first */
  take(start: number): Promise<PeerId> {
    const { promise, resolve, reject } = Promise.withResolvers<PeerId>();
    const signal = this.#signal;
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    this.#waiting.push({ start, resolve });
    this.#waiting.sort((a, b) => a.start - b.start);
    this.#serve();
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** It has answered. */
  giveBack(peer: PeerId): void {
    this.#idle.push(peer);
    this.#serve();
  }

  /** It comes back by itself. */
  rest(peer: PeerId): void {
    const timer = this.#clock.setTimer(REST_MS, () => {
      this.#signal.removeEventListener("abort", cancel);
      this.giveBack(peer);
    });
    const cancel = (): void => timer.cancel();
    this.#signal.addEventListener("abort", cancel, { once: true });
  }

  #serve(): void {
    while (this.#idle.length > 0 && this.#waiting.length > 0) this.#waiting.shift()!.resolve(this.#idle.shift()!);
  }
}
