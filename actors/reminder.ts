/**
 * A trouble that lasts, as the log tells it: at once, again when its text changes, and less and less often while it
 * stays the same. Who finds it calls `say` as often as it likes; the log grows with the logarithm of the time.
 */
import { REMINDER_FIRST_MS, REMINDER_LAST_MS } from "./limits.ts";
import type { LogFacts, Logger } from "./logger.ts";
import type { Clock } from "./platform/platform.ts";

export class Reminder {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #level: "info" | "warn" | "error";
  /** What was said last, and when it may be said again; null while there is no trouble. */
  #said: { readonly what: string; readonly againMs: number; readonly delayMs: number } | null = null;

  constructor(clock: Clock, log: Logger, level: "info" | "warn" | "error" = "warn") {
    this.#clock = clock;
    this.#log = log;
    this.#level = level;
  }

  /** @param reason what makes it another trouble than before; the other facts may change without a word */
  say(message: string, reason: string, facts: LogFacts = {}): void {
    const what = `${message}\n${reason}`, nowMs = this.#clock.monotonicMs();
    const before = this.#said;
    if (before?.what === what && nowMs < before.againMs) return;
    const delayMs = before?.what === what ? Math.min(2 * before.delayMs, REMINDER_LAST_MS) : REMINDER_FIRST_MS;
    this.#said = { what, againMs: nowMs + delayMs, delayMs };
    this.#log[this.#level](message, reason === "" ? facts : { ...facts, reason });
  }

  /** Whether a trouble was said that isn't over. */
  get isTold(): boolean {
    return this.#said !== null;
  }

  /** It is over, which is said once, where it was said that there is trouble. */
  over(message: string, facts: LogFacts = {}): void {
    if (this.#said === null) return;
    this.#said = null;
    this.#log.info(message, facts);
  }
}
