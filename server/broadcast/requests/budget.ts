/** What one guardian may cost us. An honest one never notices; see limits.ts. */
import type { BucketTerms } from "../../../core/token_bucket.ts";
import { TokenBucket } from "../../../core/token_bucket.ts";
import { ANSWER_BYTES_BURST, ANSWER_BYTES_MIN, ANSWER_BYTES_PER_SECOND } from "../limits.ts";
import { BUDGET_WINDOW_MS, HANDED_ON_US_BURST, HANDED_ON_US_PER_SECOND, SAME_ANSWERS_MAX } from "../limits.ts";
import { USELESS_WORK_US, WORK_US_BURST, WORK_US_BURST_MIN, WORK_US_PER_SECOND } from "../limits.ts";

type Account = {
  /** Bytes of answers that may still go out. */
  readonly answerBytes: TokenBucket;
  /** How often each thing was answered in this window. */
  readonly answered: Map<string, number>;
  useless: number;
  /** Microseconds of work that may still be spent on its messages; below 0 after useless ones. */
  readonly workUs: TokenBucket;
  /** … and those that its units may still take when they are processed; below 0, who hands on the next one pays. */
  readonly unitsUs: TokenBucket;
};

const UNITS: BucketTerms = { burst: HANDED_ON_US_BURST, tokens: HANDED_ON_US_PER_SECOND, ms: 1_000 };
const ANSWER_BYTES: BucketTerms = { burst: ANSWER_BYTES_BURST, tokens: ANSWER_BYTES_PER_SECOND, ms: 1_000 };

export class Budget {
  readonly #accounts: readonly Account[];
  readonly #work: BucketTerms;
  #nowMs = -Infinity;
  #windowMs = -Infinity;

  constructor(peers: number) {
    const others = Math.max(1, peers - 1);
    const burst = Math.max(WORK_US_BURST_MIN, WORK_US_BURST / others);
    this.#work = { burst, tokens: WORK_US_PER_SECOND / others, ms: 1_000 };
    this.#accounts = Array.from({ length: peers }, () => ({
      answerBytes: new TokenBucket(ANSWER_BYTES, this.#nowMs),
      answered: new Map(),
      useless: 0,
      workUs: new TokenBucket(this.#work, this.#nowMs),
      unitsUs: new TokenBucket(UNITS, this.#nowMs),
    }));
  }

  /** Time passes: what was spent comes back. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
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
    account.workUs.take(USELESS_WORK_US, this.#nowMs);
    return ++account.useless === 1;
  }

  /**
   * Charges the work for a message before it is done. When the guardian has spent its share, nothing is charged.
   * @returns 0, or after how many milliseconds to ask again
   */
  admit(peer: number, costUs: number): number {
    const { workUs } = this.#accounts[peer]!;
    const waitMs = workUs.waitMs(Math.min(costUs, this.#work.burst), this.#nowMs);
    if (waitMs > 0) return waitMs;
    workUs.take(costUs, this.#nowMs);
    return 0;
  }

  /** Charges what units of a guardian have cost beside their messages: its next ones wait for it. */
  spend(creator: number, costUs: number): void {
    this.#accounts[creator]!.workUs.take(costUs, this.#nowMs);
    this.#accounts[creator]!.unitsUs.take(costUs, this.#nowMs);
  }

  /**
   * Charges what a unit will cost when it is processed. Who hands on another's pays nothing for it: honest guardians
   * must. But beyond what they can have taken from its creator themselves, who hands on more pays for all of that, or
   * an accomplice could bring in what its creator has no share left for.
   * @param from who sent it
   */
  unit(creator: number, from: number, costUs: number): void {
    if (creator === from) return this.spend(creator, costUs);
    const { unitsUs } = this.#accounts[creator]!;
    unitsUs.take(costUs, this.#nowMs);
    const owedUs = -unitsUs.left(this.#nowMs);
    if (owedUs <= 0) return;
    unitsUs.give(owedUs);
    this.#accounts[from]!.workUs.take(owedUs, this.#nowMs);
  }

  /** Whether this guardian has got the same thing often enough. Asked before an answer is made. */
  isRepeated(peer: number, thing: string): boolean {
    return (this.#accounts[peer]!.answered.get(thing) ?? 0) >= SAME_ANSWERS_MAX;
  }

  /** Whether an answer of so many bytes may go to this guardian; if so it is counted. */
  answers(peer: number, thing: string, bytes: number): boolean {
    const account = this.#accounts[peer]!;
    const counted = Math.max(bytes, ANSWER_BYTES_MIN);
    if (this.isRepeated(peer, thing) || counted > account.answerBytes.left(this.#nowMs)) return false;
    account.answerBytes.take(counted, this.#nowMs);
    account.answered.set(thing, (account.answered.get(thing) ?? 0) + 1);
    return true;
  }
}
