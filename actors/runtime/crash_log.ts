/**
 * Crashes as the log tells them: the first of a kind with its stack, the same again by its count, each time that has
 * doubled. What strangers can bring about (an actor a connection) has a rate besides, whatever its texts are.
 */
import { CRASH_KINDS_MAX } from "../limits.ts";
import { LimitedRate } from "../limited_log.ts";
import type { LogFacts, Logger } from "../logger.ts";
import type { Clock } from "../platform/platform.ts";

export type Crash = {
  readonly message: string;
  readonly reason: string;
  /** Of the message that was handled; absent where there was none. */
  readonly type?: string;
  readonly stack: string | undefined;
};

export class CrashLog {
  readonly #clock: Clock;
  /** The kinds told last, by who crashed and how. */
  readonly #counts = new Map<string, number>();
  readonly #rates = new Map<string, LimitedRate>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param who name of the actor's definition: its path may be one of many (a connection's, a session's) */
  tell(who: string, log: Logger, { message, reason, type, stack }: Crash): void {
    const kind = JSON.stringify([who, message, type, reason]);
    const times = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.delete(kind);
    this.#counts.set(kind, times);
    if (this.#counts.size > CRASH_KINDS_MAX) this.#counts.delete(this.#counts.keys().next().value!);
    if ((times & (times - 1)) !== 0) return;
    const nowMs = this.#clock.monotonicMs();
    const rate = this.#rates.get(who) ?? new LimitedRate(nowMs);
    this.#rates.set(who, rate);
    const leftOut = rate.take(nowMs);
    if (leftOut === null) return;
    const facts: LogFacts = { reason, ...(type !== undefined && { type }), ...(leftOut > 0 && { leftOut }) };
    if (times === 1) log.error(message, { ...facts, stack });
    else log.error(`${message}: the same again`, { ...facts, times });
  }
}
