/**
 * What the node has on disk, written by callbacks that can't wait: a write is queued and marks a number; a commit takes
 * all that is queued at one moment; whoever tells the outside world something waits until its number is durable. So a
 * byte for a peer, a transaction for the chain and an answer for the gateway leave only after what they rest on.
 */
import type { Store } from "../../../../../actors/store/store.ts";
import { assert } from "../../../../../core/assert.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../../../../core/bytes.ts";
import type { Codec } from "../../../../../core/encoding/mod.ts";
import { decode, encode } from "../../../../../core/encoding/mod.ts";

type Writes = Map<string, Bytes | null>;

export class Disk {
  readonly #store: Store;
  #queued: Writes = new Map();
  /** On its way into the store; there is one commit at a time. */
  #flying: Writes = new Map();
  #marked = 0;
  #durable = 0;
  #waiting: { readonly mark: number; readonly resolve: () => void }[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  /** Number of the newest change. */
  get mark(): number {
    return this.#marked;
  }

  get hasChanges(): boolean {
    return this.#queued.size > 0;
  }

  /** @param value not changed by anybody any more */
  putBytes(key: string, value: Uint8Array): void {
    this.#queued.set(key, value as Bytes);
    this.#marked++;
  }

  put<T>(codec: Codec<T>, key: string, value: T): void {
    this.putBytes(key, encode(codec, value));
  }

  remove(key: string): void {
    this.#queued.set(key, null);
    this.#marked++;
  }

  async getBytes(key: string): Promise<Bytes | null> {
    for (const writes of [this.#queued, this.#flying]) {
      const value = writes.get(key);
      if (value !== undefined) return value;
    }
    return await this.#store.read((tx) => tx.get(utf8(key))) ?? null;
  }

  async get<T>(codec: Codec<T>, key: string): Promise<T | null> {
    const value = await this.getBytes(key);
    return value === null ? null : decode(codec, value);
  }

  /** Of what is committed: keys without the prefix, in their order. */
  async list(prefix: string): Promise<[string, Bytes][]> {
    const bytes = utf8(prefix);
    return await this.#store.read(async (tx) => {
      const found: [string, Bytes][] = [];
      for await (const { key, value } of tx.range({ prefix: bytes })) {
        found.push([fromUtf8(key.subarray(bytes.length)), value]);
      }
      return found;
    });
  }

  /** Commits what is queued now. Rejects when the store failed: the process must end then. */
  async commit(): Promise<void> {
    assert(this.#flying.size === 0, "one commit at a time");
    const writes = this.#queued, mark = this.#marked;
    this.#queued = new Map();
    this.#flying = writes;
    const { durable } = await this.#store.transact((tx) => {
      for (const [key, value] of writes) {
        if (value === null) tx.delete(utf8(key));
        else tx.set(utf8(key), value);
      }
    });
    await durable;
    this.#flying = new Map();
    this.#durable = mark;
    const ready = this.#waiting.filter((each) => each.mark <= mark);
    this.#waiting = this.#waiting.filter((each) => each.mark > mark);
    for (const { resolve } of ready) resolve();
  }

  /** One entry by itself, whatever is queued or on its way. */
  async commitAlone(key: string, value: Bytes): Promise<void> {
    await (await this.#store.transact((tx) => tx.set(utf8(key), value))).durable;
  }

  isDurable(mark: number): boolean {
    return mark <= this.#durable;
  }

  /** Resolves when all changes up to this number are on disk. Never, when the store has failed before. */
  whenDurable(mark: number = this.#marked): Promise<void> {
    if (this.isDurable(mark)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ mark, resolve }));
  }
}
