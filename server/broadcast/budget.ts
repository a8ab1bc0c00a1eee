/** What one guardian may cost us in a window of time. An honest one never notices; see limits.ts. */
import { ANSWER_BYTES_MAX, BUDGET_WINDOW_MS, USELESS_MESSAGES_MAX } from "./limits.ts";

type Spent = { answerBytes: number; useless: number };

export class Budget {
  readonly #spent: Spent[];
  #windowMs = -Infinity;

  constructor(peers: number) {
    this.#spent = Array.from({ length: peers }, () => ({ answerBytes: 0, useless: 0 }));
  }

  /** Begins a new window when the last is over. */
  tick(nowMs: number): void {
    if (nowMs - this.#windowMs < BUDGET_WINDOW_MS) return;
    this.#windowMs = nowMs;
    for (const spent of this.#spent) {
      spent.answerBytes = 0;
      spent.useless = 0;
    }
  }

  /** Whether this guardian's messages are looked at. */
  listens(peer: number): boolean {
    return this.#spent[peer]!.useless < USELESS_MESSAGES_MAX;
  }

  /** Counts a message that was good for nothing. True for the first in the window: that is worth a line in the log. */
  useless(peer: number): boolean {
    return ++this.#spent[peer]!.useless === 1;
  }

  /** Whether an answer of so many bytes may go out on this guardian's request. */
  answers(peer: number, bytes: number): boolean {
    const spent = this.#spent[peer]!;
    if (spent.answerBytes + bytes > ANSWER_BYTES_MAX) return false;
    spent.answerBytes += bytes;
    return true;
  }
}
