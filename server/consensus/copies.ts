/**
 * What a session's header does not tell: how often its last items stand there. In the tree over the items an odd last node is paired with
 * itself, so the items below it may stand there twice under the same root, and the same signatures.
 */
import { equalBytes } from "../../core/bytes.ts";
import type { AcceptedItem } from "../../core/types/session.ts";
import { leafHash } from "../../core/types/session.ts";

/**
 * The shortest beginning that has the same header, found from the items alone: nothing has to be processed to know it.
 *
 * First every node that is paired with itself is written out twice, which makes the number of leaves a power of two. Then the last half of
 * what ends with the same node twice is dropped, larger nodes first: what is left is an odd number of such nodes, in which only smaller
 * ones can stand twice.
 */
export function withoutCopies(items: readonly AcceptedItem[]): AcceptedItem[] {
  const leaves = items.map(leafHash);
  for (let block = 1; block < leaves.length; block *= 2) {
    if (leaves.length / block % 2 === 0) continue;
    for (const leaf of leaves.slice(-block)) leaves.push(leaf);
  }
  let length = leaves.length;
  for (let block = leaves.length / 4; block >= 1; block /= 2) {
    if (length / block % 2 !== 0) continue;
    const last = leaves.slice(length - block, length);
    const before = leaves.slice(length - 2 * block, length - block);
    if (last.every((leaf, i) => equalBytes(leaf, before[i]!))) length -= block;
  }
  return items.slice(0, length);
}
