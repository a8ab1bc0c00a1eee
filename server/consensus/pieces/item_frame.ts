/**
 * Accepted items as they stand in a list that a peer told: cut off and hashed first, decoded when their signatures are
 * known to be good.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Reader } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { CONSENSUS_ITEM_VARIANTS } from "../../../core/types/session.ts";
import type { SessionTree } from "../../../core/types/session_tree.ts";
import { HASHED_ITEMS_MAX } from "../limits.ts";

/** An accepted item's encoding, cut off without looking into it. */
function nextItem(reader: Reader, encoded: Bytes, total: number): Bytes {
  const from = reader.offset;
  const variant = reader.bigSize();
  // all others are rejected, so no session holds them
  if (variant >= CONSENSUS_ITEM_VARIANTS) {
    reader.fail("unknown_variant", `Guardians accept no items of kind ${variant}`);
  }
  reader.skip(reader.length());
  if (reader.bigSize() >= total) reader.fail("out_of_range", "An item is of no guardian");
  return encoded.subarray(from, reader.offset);
}

/**
 * Adds the next `count` items to a tree, with pauses.
 * @param encoded what is read; items are accepted ones of `total` guardians
 * @param onItem called with each one's encoding
 * @throws {DecodeError} at the first that can't be one · the signal's reason
 */
export async function hashItems(
  encoded: Bytes,
  reader: Reader,
  count: number,
  { tree, total, clock, signal, onItem }: {
    readonly tree: SessionTree;
    readonly total: PeerId;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    readonly onItem?: (item: Bytes) => void;
  },
): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i % HASHED_ITEMS_MAX === HASHED_ITEMS_MAX - 1) await sleep(clock, 0, signal);
    const item = nextItem(reader, encoded, total);
    tree.add(item);
    onItem?.(item);
  }
}
