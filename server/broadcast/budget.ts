/** What one guardian may cost us. An honest one never notices; see limits.ts. */
import { ANSWER_BYTES_BURST, ANSWER_BYTES_MIN, ANSWER_BYTES_PER_SECOND } from "./limits.ts";
import { BUDGET_WINDOW_MS, SAME_ANSWERS_MAX } from "./limits.ts";
import { USELESS_WORK_US, WORK_US_BURST, WORK_US_BURST_MIN, WORK_US_PER_SECOND } from "./limits.ts";

type Account = {
  /** Bytes of answers that may still go out; refilled by time. */
  answerBytes: number;
  /** How often each thing was answered in this window. */
  readonly answered: Map<string, number>;
  useless: number;
  /** Microseconds of work that may still be spent on its messages; below 0 after useless ones. Refilled by time. */
  workUs: number;
};

export class Budget {
  readonly #accounts: Account[];
  readonly #workUsPerMs: number;
  readonly #workUsBurst: number;
  #nowMs = -Infinity;
  #windowMs = -Infinity;

  constructor(peers: number) {
    const others = Math.max(1, peers - 1);
    this.#workUsPerMs = WORK_US_PER_SECOND / 1_000 / others;
    this.#workUsBurst = Math.max(WORK_US_BURST_MIN, WORK_US_BURST / others);
    this.#accounts = Array.from({ length: peers }, () => ({
      answerBytes: ANSWER_BYTES_BURST,
      answered: new Map(),
      useless: 0,
      workUs: this.#workUsBurst,
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
        account.workUs = Math.min(this.#workUsBurst, account.workUs + passedMs * this.#workUsPerMs);
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
    const account = this.#accounts[peer]!;
    account.workUs -= USELESS_WORK_US;
    return ++account.useless === 1;
  }

  /**
   * Charges the work for a message before it is done. When the guardian has spent its share, nothing is charged.
   * @returns 0, or after how many milliseconds to ask again
   */
  admit(peer: number, costUs: number): number {
    const account = this.#accounts[peer]!;
    const lacking = Math.min(costUs, this.#workUsBurst) - account.workUs;
    if (lacking > 0) return Math.ceil(lacking / this.#workUsPerMs);
    account.workUs -= costUs;
    return 0;
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
