/**
 * An ordered map over binary strings: sorted leaves of at most `LEAF_MAX` keys under one sorted list of leaves. Two
 * levels are enough for the million entries that a commit may have, and there is little to get wrong.
 */
const LEAF_MAX = 512;

type Leaf<V> = { readonly keys: string[]; readonly values: V[] };

export class SortedMap<V> {
  // Never empty; only a lone leaf may have no keys.
  readonly #leaves: Leaf<V>[] = [{ keys: [], values: [] }];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const leaf = this.#leaves[this.#leafOf(key)]!;
    const at = lowerBound(leaf.keys, key);
    return leaf.keys[at] === key ? leaf.values[at] : undefined;
  }

  set(key: string, value: V): void {
    const index = this.#leafOf(key);
    const leaf = this.#leaves[index]!;
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] === key) {
      leaf.values[at] = value;
      return;
    }
    leaf.keys.splice(at, 0, key);
    leaf.values.splice(at, 0, value);
    this.#size++;
    if (leaf.keys.length <= LEAF_MAX) return;
    // Keys often come in ascending order: a split at the end keeps leaves full then.
    const cut = at === LEAF_MAX && index === this.#leaves.length - 1 ? LEAF_MAX : LEAF_MAX >> 1;
    this.#leaves.splice(index + 1, 0, { keys: leaf.keys.splice(cut), values: leaf.values.splice(cut) });
  }

  delete(key: string): boolean {
    const index = this.#leafOf(key);
    const leaf = this.#leaves[index]!;
    const at = lowerBound(leaf.keys, key);
    if (leaf.keys[at] !== key) return false;
    leaf.keys.splice(at, 1);
    leaf.values.splice(at, 1);
    this.#size--;
    if (leaf.keys.length === 0 && this.#leaves.length > 1) this.#leaves.splice(index, 1);
    return true;
  }

  /** The entry with the least key ≥ `key`. */
  atOrAfter(key: string): readonly [string, V] | undefined {
    let index = this.#leafOf(key);
    let leaf = this.#leaves[index]!;
    let at = lowerBound(leaf.keys, key);
    if (at === leaf.keys.length) {
      const next = this.#leaves[++index];
      if (next === undefined) return undefined;
      leaf = next;
      at = 0;
    }
    return [leaf.keys[at]!, leaf.values[at]!];
  }

  /** The entry with the greatest key < `key`; of all when `key` is undefined. */
  before(key: string | undefined): readonly [string, V] | undefined {
    let index = key === undefined ? this.#leaves.length - 1 : this.#leafOf(key);
    let leaf = this.#leaves[index]!;
    let at = key === undefined ? leaf.keys.length : lowerBound(leaf.keys, key);
    if (at === 0) {
      const previous = this.#leaves[--index];
      if (previous === undefined) return undefined;
      leaf = previous;
      at = leaf.keys.length;
    }
    return [leaf.keys[at - 1]!, leaf.values[at - 1]!];
  }

  /** All entries in order. The map must not change meanwhile. */
  *[Symbol.iterator](): Generator<readonly [string, V]> {
    for (const leaf of this.#leaves) {
      for (let i = 0; i < leaf.keys.length; i++) yield [leaf.keys[i]!, leaf.values[i]!];
    }
  }

  /** Index of the last leaf whose first key is ≤ `key`, or the first leaf. */
  #leafOf(key: string): number {
    let low = 0;
    let high = this.#leaves.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#leaves[middle]!.keys[0]! <= key) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first of sorted `keys` that is ≥ `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
