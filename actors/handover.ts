/**
 * Hands things that are no plain data (sockets) from one actor to another: put here, only the number travels in the
 * message. What nobody takes is closed by `clear`.
 */
export class Handover<T> {
  readonly #waiting = new Map<number, T>();
  #next = 0;

  get size(): number {
    return this.#waiting.size;
  }

  put(thing: T): number {
    this.#waiting.set(this.#next, thing);
    return this.#next++;
  }

  has(id: number): boolean {
    return this.#waiting.has(id);
  }

  take(id: number): T | undefined {
    const thing = this.#waiting.get(id);
    this.#waiting.delete(id);
    return thing;
  }

  clear(close: (thing: T) => void): void {
    for (const thing of this.#waiting.values()) close(thing);
    this.#waiting.clear();
  }
}
