/**
 * A log for lines that strangers can bring about, as often as they like: so many of each at once, then one now and then
 * that says how many were left out. A line is known by its level and message: messages are constants, what varies is in
 * the facts.
 */
import { TokenBucket } from "../core/token_bucket.ts";
import { LOG_LINE_MS, LOG_LINES_BURST } from "./limits.ts";
import type { LogFacts, Logger, LogLevel } from "./logger.ts";
import type { Clock } from "./platform/platform.ts";

/** Whether one more may happen now; counts those that may not. */
export class LimitedRate {
  readonly #lines: TokenBucket;
  #leftOut = 0;

  constructor(nowMs: number) {
    this.#lines = new TokenBucket({ burst: LOG_LINES_BURST, tokens: 1, ms: LOG_LINE_MS }, nowMs);
  }

  /** @returns how many were left out since the last one that was not; null when this one is left out */
  take(nowMs: number): number | null {
    if (!this.#lines.tryTake(1, nowMs)) {
      this.#leftOut++;
      return null;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}

/** `log`, limited. Every line that goes through costs a place in a small table: no texts of strangers as messages. */
export function limitedLogger(log: Logger, clock: Clock): Logger {
  const rates = new Map<string, LimitedRate>();
  const at = (level: LogLevel) => (message: string, facts: LogFacts = {}): void => {
    const nowMs = clock.monotonicMs();
    const key = `${level} ${message}`;
    const rate = rates.get(key) ?? new LimitedRate(nowMs);
    rates.set(key, rate);
    const leftOut = rate.take(nowMs);
    if (leftOut !== null) log[level](message, leftOut === 0 ? facts : { ...facts, leftOut });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
