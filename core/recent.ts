/**
 * What was found out lately, of a bounded number of things: a memory in two generations. What is remembered goes into
 * the younger; when that is full the older one is forgotten as a whole.
 */
export class Recent<T> {
  readonly #keptMin: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** @param keptMin so many are remembered at least, and never more than twice as many */
  constructor(keptMin: number) {
    this.#keptMin = keptMin;
  }

  get(key: string): T | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#keptMin) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
