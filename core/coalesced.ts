/** Asking once for many. */

/**
 * Does for all that ask at a time what one asks. Who comes while it is being done waits for the next time, so that
 * nobody is told what was before they asked.
 */
export class Coalesced<T> {
  readonly #turns = new Map<string, { readonly running: Promise<T>; next: Promise<T> | null }>();

  /** @param key two calls with the same are the same question */
  ask(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(key);
    if (!turn) return this.#start(key, work);
    const again = (): Promise<T> => this.#turns.get(key)?.running ?? this.#start(key, work);
    return turn.next ??= turn.running.then(again, again);
  }

  get size(): number {
    return this.#turns.size;
  }

  #start(key: string, work: () => Promise<T>): Promise<T> {
    const running = work();
    this.#turns.set(key, { running, next: null });
    // before whoever waits for the next turn begins it
    const forget = (): void => void this.#turns.delete(key);
    running.then(forget, forget);
    return running;
  }
}
