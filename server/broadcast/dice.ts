/**
 * Dice for choices that need not be secret (whom to ask, jitter), from a seed that is handed in: the same seed, the
 * same choices.
 */
import { Xoshiro128 } from "../../core/xoshiro.ts";

const WARM_UP = 20;

export class SeededDice {
  readonly #words: Xoshiro128;

  /** @param seed 16 bytes */
  constructor(seed: Uint8Array) {
    if (seed.length !== 16) throw new RangeError(`A seed has 16 bytes, not ${seed.length}`);
    const state = Uint8Array.from(seed);
    // the all-zero state would never leave itself
    if (state.every((byte) => byte === 0)) state[0] = 1;
    this.#words = new Xoshiro128(state);
    // seeds that are mostly zeros, like those of tests, take a while to mix
    for (let i = 0; i < WARM_UP; i++) this.#words.word();
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.#words.word() / 0x1_0000_0000;
  }

  /** Uniform in 0 … bound − 1. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  u64(): bigint {
    return (BigInt(this.#words.word()) << 32n) | BigInt(this.#words.word());
  }

  /** `count` different ones of `items`, or all. */
  choose<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const chosen: T[] = [];
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.below(left.length), 1));
    return chosen;
  }
}
