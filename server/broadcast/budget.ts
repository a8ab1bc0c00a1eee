/** What one guardian may cost us. An honest one never notices; see limits.ts. */
import { ANSWER_BYTES_BURST, ANSWER_BYTES_MIN, ANSWER_BYTES_PER_SECOND } from "./limits.ts";
import { BUDGET_WINDOW_MS, SAME_ANSWERS_MAX } from "./limits.ts";

type Account = {
  /** Bytes of answers that may still go out; refilled by time. */
  answerBytes: number;
  /** How often each thing was answered in this window. */
  readonly answered: Map<string, number>;
  useless: number;
};

export class Budget {
  readonly #accounts: Account[];
  #nowMs = -Infinity;
  #windowMs = -Infinity;

  constructor(peers: number) {
    this.#accounts = Array.from({ length: peers }, () => ({
      answerBytes: ANSWER_BYTES_BURST,
      answered: new Map(),
      useless: 0,
    }));
  }

  /** Time passes: what was spent comes back. */
  tick(nowMs: number): void {
    const passedMs = nowMs - this.#nowMs;
    this.#nowMs = nowMs;
    if (passedMs > 0) {
      for (const account of this.#accounts) {
        const refilled = account.answerBytes + (passedMs / 1_000) * ANSWER_BYTES_PER_SECOND;
        account.answerBytes = Math.min(ANSWER_BYTES_BURST, refilled);
      }
    }
    if (nowMs - this.#windowMs < BUDGET_WINDOW_MS) return;
    this.#windowMs = nowMs;
    for (const account of this.#accounts) {
      account.answered.clear();
      account.useless = 0;
    }
  }

  /** Counts a message that was good for nothing. True for the first in the window: that is worth a line in the log. */
  useless(peer: number): boolean {
    return ++this.#accounts[peer]!.useless === 1;
  }

  /** Whether this guardian has got the same thing often enough. Asked before an answer is made. */
  isRepeated(peer: number, thing: string): boolean {
    return (this.#accounts[peer]!.answered.get(thing) ?? 0) >= SAME_ANSWERS_MAX;
  }

  /** Whether an answer of so many bytes may go to this guardian; if so it is counted. */
  answers(peer: number, thing: string, bytes: number): boolean {
    const account = this.#accounts[peer]!;
    const counted = Math.max(bytes, ANSWER_BYTES_MIN);
    if (this.isRepeated(peer, thing) || counted > account.answerBytes) return false;
    account.answerBytes -= counted;
    account.answered.set(thing, (account.answered.get(thing) ?? 0) + 1);
    return true;
  }
}
