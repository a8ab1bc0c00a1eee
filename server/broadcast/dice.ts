/**
 * Dice for choices that need not be secret (whom to ask, jitter), from a seed that is handed in: the same seed, the
 * same choices.
 */

const WARM_UP = 20;

/** xoshiro128** by Blackman and Vigna. */
export class SeededDice {
  readonly #state: Uint32Array;

  /** @param seed 16 bytes */
  constructor(seed: Uint8Array) {
    if (seed.length !== 16) throw new RangeError(`A seed has 16 bytes, not ${seed.length}`);
    const view = new DataView(seed.buffer, seed.byteOffset, 16);
    this.#state = Uint32Array.from({ length: 4 }, (_, i) => view.getUint32(4 * i, true));
    // the all-zero state would never leave itself
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
    // seeds that are mostly zeros, like those of tests, take a while to mix
    for (let i = 0; i < WARM_UP; i++) this.#word();
  }

  /** Uniform in 0 … 2^32 − 1. */
  #word(): number {
    const s = this.#state;
    const times5 = Math.imul(s[1]!, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.#word() / 0x1_0000_0000;
  }

  /** Uniform in 0 … bound − 1. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  u64(): bigint {
    return (BigInt(this.#word()) << 32n) | BigInt(this.#word());
  }

  /** `count` different ones of `items`, or all. */
  choose<T>(items: readonly T[], count: number): T[] {
    const left = [...items];
    const chosen: T[] = [];
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.below(left.length), 1));
    return chosen;
  }
}
