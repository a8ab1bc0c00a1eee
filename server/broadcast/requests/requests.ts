/**
 * Asking for units that we lack: by coordinate, or all parents of a unit. `fedimint-aleph-bft` member.rs;
 * docs/protocol/03-consensus.md §A4, §A7.
 *
 * A request is repeated by its schedule until what it asks for has come. It is asked on behalf of the creator of the
 * unit that needs it; a creator has a bounded number of requests at once (see limits.ts), the others wait their turn.
 */
import { REQUESTS_ACTIVE_MAX } from "../limits.ts";

type Request<K, W> = { readonly key: K; readonly what: W; active: boolean; owner: number };

/** Open requests of one kind; `K` identifies what is asked for. */
export class Requests<K, W> {
  readonly #open = new Map<K, Request<K, W>>();
  readonly #activeOf = new Map<number, number>();
  readonly #waitingOf = new Map<number, Set<Request<K, W>>>();

  get size(): number {
    return this.#open.size;
  }

  has(key: K): boolean {
    return this.#open.has(key);
  }

  /** What to ask for and on whose behalf; undefined once it was resolved. */
  get(key: K): { readonly what: W; readonly owner: number } | undefined {
    return this.#open.get(key);
  }

  /** True when the asking begins now. */
  open(key: K, what: W, owner: number): boolean {
    const known = this.#open.get(key);
    if (known?.active) return false;
    const request = known ?? { key, what, active: false, owner };
    this.#open.set(key, request);
    if ((this.#activeOf.get(owner) ?? 0) >= REQUESTS_ACTIVE_MAX) {
      const waiting = this.#waitingOf.get(owner);
      if (waiting) waiting.add(request);
      else this.#waitingOf.set(owner, new Set([request]));
      return false;
    }
    this.#activate(request, owner);
    return true;
  }

  #activate(request: Request<K, W>, owner: number): void {
    request.active = true;
    request.owner = owner;
    this.#activeOf.set(owner, (this.#activeOf.get(owner) ?? 0) + 1);
  }

  /** It has come. Returns the key of a request that may be asked now in its place. */
  resolve(key: K): K | undefined {
    const request = this.#open.get(key);
    if (!request) return undefined;
    this.#open.delete(key);
    if (!request.active) return undefined;
    this.#activeOf.set(request.owner, this.#activeOf.get(request.owner)! - 1);
    const waiting = this.#waitingOf.get(request.owner);
    for (const next of waiting ?? []) {
      waiting!.delete(next);
      if (next.active || this.#open.get(next.key) !== next) continue;
      this.#activate(next, request.owner);
      return next.key;
    }
    return undefined;
  }

  /** Forgets all whose asking has become pointless. */
  drop(isPointless: (what: W) => boolean): K[] {
    const started: K[] = [];
    for (const { key, what } of [...this.#open.values()]) {
      if (!isPointless(what)) continue;
      const next = this.resolve(key);
      if (next !== undefined) started.push(next);
    }
    return started.filter((key) => this.#open.has(key));
  }
}
