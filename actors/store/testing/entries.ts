/** For tests: short entries of a store, as texts, and long values. */
import { type Bytes, fromUtf8, utf8 } from "../../../core/bytes.ts";
import type { RangeOptions, ReadTx, StoreView } from "../store.ts";

/** Sets texts, deletes where null, and waits until it is durable. */
export async function put(store: StoreView, entries: Record<string, string | null>): Promise<void> {
  const { durable } = await store.transact((tx) => {
    for (const [key, value] of Object.entries(entries)) {
      if (value === null) tx.delete(utf8(key));
      else tx.set(utf8(key), utf8(value));
    }
  });
  await durable;
}

export async function getText(tx: ReadTx, key: string): Promise<string | undefined> {
  const value = await tx.get(utf8(key));
  return value === undefined ? undefined : fromUtf8(value);
}

/** `key=value` of each entry. */
export async function listTexts(tx: ReadTx, options?: RangeOptions): Promise<string[]> {
  const texts: string[] = [];
  for await (const { key, value } of tx.range(options)) texts.push(`${fromUtf8(key)}=${fromUtf8(value)}`);
  return texts;
}

/** Bytes that are different for each seed and place. */
export function pattern(bytes: number, seed: number): Bytes {
  const out = new Uint8Array(bytes);
  let state = (seed + 1) * 2_654_435_761 >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}
