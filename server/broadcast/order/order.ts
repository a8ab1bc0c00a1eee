/**
 * A head's batch: the units it finalises, in the order that every guardian computes. `fedimint-aleph-bft`
 * extension/units.rs; A11.
 */
import type { DagUnit } from "../graph/dag.ts";

/**
 * Breadth first from the head over units that no earlier head reached (`pool`), parents by ascending creator; reversed,
 * so that the oldest come first and the head last. Takes the batch out of the pool.
 */
export function takeBatch(head: DagUnit, pool: Set<DagUnit>): DagUnit[] {
  const batch = [head];
  pool.delete(head);
  for (let next = 0; next < batch.length; next++) {
    for (const parent of batch[next]!.parents) {
      if (pool.delete(parent)) batch.push(parent);
    }
  }
  return batch.reverse();
}
