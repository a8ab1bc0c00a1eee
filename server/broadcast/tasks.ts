/** What is due later, by time: a heap. Nothing is cancelled; who takes a task out checks whether it still matters. */

type Entry<T> = { readonly dueMs: number; readonly order: number; readonly task: T };

/** Earlier time first, and at the same time who was scheduled first. */
function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

export class Tasks<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the next task is due; undefined when there is none. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  schedule(dueMs: number, task: T): void {
    const heap = this.#heap;
    const entry = { dueMs, order: this.#order++, task };
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Takes out the next task that is due at `nowMs`. */
  take(nowMs: number): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first.task;
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
    return first.task;
  }
}
