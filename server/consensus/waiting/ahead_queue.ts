/** Submitted transactions that wait for their batch: of each sender in order, and each sender in turn. */

type Queued<Key> = { readonly key: Key; readonly bytes: number };

/** `Key`: what a transaction is named by. */
export class AheadQueue<Key> {
  /** None is empty; whose turn is next comes first. */
  readonly #bySource = new Map<string, Queued<Key>[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param bytes what it adds to a batch */
  add(source: string, key: Key, bytes: number): void {
    const queue = this.#bySource.get(source);
    if (queue) queue.push({ key, bytes });
    else this.#bySource.set(source, [{ key, bytes }]);
    this.#size++;
  }

  /** One of each sender, again and again, until there are so many bytes; at least one where there is any. */
  take(bytesMax: number): Key[] {
    const taken: Key[] = [];
    let bytes = 0;
    for (const [source, queue] of this.#bySource) {
      if (bytes >= bytesMax) break;
      const first = queue.shift()!;
      taken.push(first.key);
      bytes += first.bytes;
      // behind the others: the loop comes to it again
      this.#bySource.delete(source);
      if (queue.length > 0) this.#bySource.set(source, queue);
    }
    this.#size -= taken.length;
    return taken;
  }
}
