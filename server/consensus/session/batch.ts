/**
 * What a unit carries, decoded by the rules of consensus. fedimint-server `consensus/engine.rs`;
 * docs/protocol/03-consensus.md §B4.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { decode, DecodeError, Reader } from "../../../core/encoding/mod.ts";
import type { KnownItem } from "../../../core/types/session.ts";
import { CONSENSUS_ITEM_VARIANTS, consensusItem } from "../../../core/types/session.ts";
import type { Modules } from "../engine/transaction.ts";
import { checkDecodes } from "../engine/transaction.ts";

/**
 * Items in order. Of those of unknown kinds only the number: all guardians reject them, so they take no place in the
 * session.
 */
export type Batch = { readonly items: readonly KnownItem[]; readonly unknown: number };

/** The next item; null for one of an unknown kind, of which nothing is made: a unit may hold 25,000 of two bytes. */
function nextItem(reader: Reader, bytes: Bytes): KnownItem | null {
  const from = reader.offset;
  const variant = reader.bigSize();
  reader.skip(reader.length());
  if (variant >= CONSENSUS_ITEM_VARIANTS) return null;
  return decode(consensusItem, bytes.subarray(from, reader.offset)) as KnownItem;
}

/**
 * A unit's items, or none at all when any of them is malformed or of an unknown module: that is a consensus rule.
 * Those of unknown kinds must be well formed too, and are rejected one by one.
 */
export function decodeBatch(modules: Modules, bytes: Bytes): Batch | DecodeError {
  try {
    const reader = new Reader(bytes);
    const items: KnownItem[] = [];
    const count = reader.length();
    for (let i = 0; i < count; i++) {
      const item = nextItem(reader, bytes);
      if (!item) continue;
      checkDecodes(modules, item);
      items.push(item);
    }
    reader.end();
    return { items, unknown: count - items.length };
  } catch (thrown) {
    if (thrown instanceof DecodeError) return thrown;
    throw thrown;
  }
}
