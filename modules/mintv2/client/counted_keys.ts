/**
 * Keys that begin with a denomination, and beside them how many there are of each, kept in the same transaction: what a
 * wallet holds is known without going through it. The keys are the truth: where nothing was counted yet they are gone
 * through once, and so they are whenever the client opens (`recount`), whoever changed them meanwhile.
 *
 * Key: prefix 1 ‖ denomination 1 ‖ what tells them apart.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, equalBytes } from "../../../core/bytes.ts";
import { decode, encode, map, u64Number } from "../../../core/encoding/mod.ts";
import type { Denomination } from "../denomination.ts";
import { denomination } from "../denomination.ts";

const COUNTS = Uint8Array.of(0x06);
const counts = map(denomination, u64Number);

export class CountedKeys {
  /** One byte. */
  readonly #prefix: Uint8Array;
  readonly #record: Bytes;

  constructor(prefix: Uint8Array) {
    this.#prefix = prefix;
    this.#record = concat(COUNTS, prefix);
  }

  key(of: Denomination, rest: Uint8Array): Bytes {
    return concat(this.#prefix, Uint8Array.of(of), rest);
  }

  /** Those that there are, ascending. */
  async counts(tx: ReadTx): Promise<Map<Denomination, number>> {
    const record = await tx.get(this.#record);
    return record ? decode(counts, record) : await this.#counted(tx);
  }

  async #counted(tx: ReadTx): Promise<Map<Denomination, number>> {
    const found = new Map<Denomination, number>();
    for await (const { key } of tx.range({ prefix: this.#prefix })) found.set(key[1]!, (found.get(key[1]!) ?? 0) + 1);
    return found;
  }

  /** What is there already is written over and counts once. */
  async add(tx: StoreTx, entries: readonly (readonly [key: Bytes, value: Uint8Array])[]): Promise<void> {
    const now = await this.counts(tx);
    for (const [key, value] of entries) {
      if (await tx.get(key) === undefined) now.set(key[1]!, (now.get(key[1]!) ?? 0) + 1);
      tx.set(key, value);
    }
    this.#write(tx, now);
  }

  /** What isn't there doesn't count. */
  async remove(tx: StoreTx, keys: readonly Bytes[]): Promise<void> {
    const now = await this.counts(tx);
    for (const key of keys) {
      if (await tx.get(key) === undefined) continue;
      const left = (now.get(key[1]!) ?? 0) - 1;
      if (left > 0) now.set(key[1]!, left);
      else now.delete(key[1]!);
      tx.delete(key);
    }
    this.#write(tx, now);
  }

  /**
   * The same where hardly any is there: that costs reads alone, so that it is in no other transaction's way.
   * @returns how many were there
   */
  async removeThere(tx: StoreTx, keys: readonly Bytes[]): Promise<number> {
    const there: Bytes[] = [];
    for (const key of keys) if (await tx.get(key) !== undefined) there.push(key);
    if (there.length > 0) await this.remove(tx, there);
    return there.length;
  }

  /** Counts the keys themselves. @returns whether the count was wrong, not only missing */
  async recount(tx: StoreTx): Promise<boolean> {
    const before = await tx.get(this.#record), now = await this.#counted(tx);
    if (now.size === 0 ? before === undefined : before && equalBytes(before, encode(counts, now))) return false;
    this.#write(tx, now);
    return before !== undefined;
  }

  /** Without keys there is no record either: going through none of them costs nothing. */
  #write(tx: StoreTx, now: ReadonlyMap<Denomination, number>): void {
    if (now.size === 0) tx.delete(this.#record);
    else tx.set(this.#record, encode(counts, new Map([...now].sort(([a], [b]) => a - b))));
  }
}
