/**
 * How many commits the embedded node has made, kept beside its folder and not in it: a folder that has fewer is an
 * older copy, whose channels' states are worth nothing.
 */
import type { StoreView } from "../../actors/store/store.ts";
import { nodeCommits } from "./records.ts";

export class NodeCommits {
  readonly #store: StoreView;
  #newest: number;
  #kept: number;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  private constructor(store: StoreView, kept: number) {
    this.#store = store;
    this.#newest = kept;
    this.#kept = kept;
  }

  /** From now on the database knows that a node of its words has begun. @param store the gateway's part */
  static async open(store: StoreView): Promise<NodeCommits> {
    const { value, durable } = await store.transact(async (tx) => {
      const known = await nodeCommits.get(tx);
      if (known === undefined) nodeCommits.set(tx, 0);
      return known ?? 0;
    });
    await durable;
    return new NodeCommits(store, value);
  }

  /** What the folder must have at least. */
  get newest(): number {
    return this.#newest;
  }

  /** So many are durable in the node's folder. Whatever comes while one is written is written together. */
  keep(count: number): void {
    this.#newest = Math.max(this.#newest, count);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#write();
    // told by `settled`; a database that fails ends the gateway by itself
    this.#writing.catch(() => undefined);
  }

  /** Resolves when all is on disk. @throws {StoreError} */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#kept < this.#newest) {
        const count = this.#newest;
        const { durable } = await this.#store.transact((tx) => nodeCommits.set(tx, count));
        await durable;
        this.#kept = count;
      }
    } finally {
      this.#isWriting = false;
    }
  }
}
