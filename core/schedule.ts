/** What is due later, by time, and of one time in the order in which it was scheduled: a binary heap. */

type Entry<T> = { readonly dueMs: number; readonly order: number; readonly what: T };

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

export class Schedule<T> {
  #heap: Entry<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next is due; undefined when there is none. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** The next, whenever it is due. */
  get next(): T | undefined {
    return this.#heap[0]?.what;
  }

  add(dueMs: number, what: T): void {
    const heap = this.#heap;
    const entry = { dueMs, order: this.#order++, what };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes out the next that is due at `nowMs`. */
  take(nowMs: number): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first.what;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first.what;
  }

  /** Leaves only what still matters. Costs a sort. */
  keep(matters: (what: T) => boolean): void {
    this.#heap = this.#heap.filter(({ what }) => matters(what)).sort((a, b) => isBefore(a, b) ? -1 : 1);
  }
}
