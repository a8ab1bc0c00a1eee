/**
 * Places for connections: so many in all, so many a source. Who comes when there is none takes the place of the
 * connection that has been idle longest; so strangers who hold connections and say nothing shut nobody out.
 */
import { UNNAMED_SOURCE } from "./source.ts";

export type Place = {
  /** Nothing is under way: may be given to somebody else. A place begins idle. */
  idle(isIdle: boolean): void;
  /** Again does nothing. */
  release(): void;
};

type Taken = { readonly source: string; readonly evict: () => void };

/** Of one source: those that are busy, and the idle ones, longest idle first. */
type Group = { readonly busy: Set<Taken>; readonly idle: Set<Taken> };

export class Places {
  readonly #max: number;
  readonly #sourceMax: number;
  readonly #groups = new Map<string, Group>();
  #count = 0;

  /** @param sourceMax places a source */
  constructor(bounds: { readonly max: number; readonly sourceMax: number }) {
    this.#max = bounds.max;
    this.#sourceMax = bounds.sourceMax;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * @param source null = bounded by all places alone
   * @param evict called when somebody else gets the place, which is released then
   * @returns null when all places are busy that it could have
   */
  take(source: string | null, evict: () => void): Place | null {
    const key = source ?? UNNAMED_SOURCE;
    const own = this.#groups.get(key);
    if (source !== null && own && sizeOf(own) >= this.#sourceMax) {
      if (!this.#evictFrom(own)) return null;
    } else if (this.#count >= this.#max && !this.#evictFrom(this.#largestIdle())) return null;
    return this.#add({ source: key, evict });
  }

  #add(taken: Taken): Place {
    const group = this.#groups.get(taken.source) ?? { busy: new Set(), idle: new Set() };
    this.#groups.set(taken.source, group);
    group.idle.add(taken);
    this.#count++;
    return {
      idle: (isIdle) => {
        const [from, to] = isIdle ? [group.busy, group.idle] : [group.idle, group.busy];
        if (from.delete(taken)) to.add(taken);
      },
      release: () => this.#release(taken),
    };
  }

  #release(taken: Taken): void {
    const group = this.#groups.get(taken.source);
    if (!group || !(group.idle.delete(taken) || group.busy.delete(taken))) return;
    this.#count--;
    if (sizeOf(group) === 0) this.#groups.delete(taken.source);
  }

  /** Of the groups with idle connections that with the most connections: whoever holds many gives first. */
  #largestIdle(): Group | undefined {
    let largest: Group | undefined;
    for (const group of this.#groups.values()) {
      if (group.idle.size > 0 && (!largest || sizeOf(group) > sizeOf(largest))) largest = group;
    }
    return largest;
  }

  #evictFrom(group: Group | undefined): boolean {
    const [oldest] = group?.idle ?? [];
    if (!oldest) return false;
    this.#release(oldest);
    oldest.evict();
    return true;
  }
}

function sizeOf({ busy, idle }: Group): number {
  return busy.size + idle.size;
}
