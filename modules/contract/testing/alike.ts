/** Guardians of a test must come to the same. */
import { assertEquals } from "@std/assert";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";

/** On every guardian as its engine does: a refusal leaves nothing behind. All must say the same. */
export async function onAll<Guardian extends { readonly store: StoreView }, T extends { readonly ok: boolean }>(
  guardians: readonly Guardian[],
  body: (guardian: Guardian, tx: StoreTx) => Promise<T>,
): Promise<T> {
  const results: T[] = [];
  for (const guardian of guardians) {
    const { value } = await guardian.store.transact<T>(async (tx) => {
      const result = await body(guardian, tx);
      return result.ok ? result : rollback<T>(result);
    });
    results.push(value);
  }
  for (const result of results) assertEquals(result, results[0], "all guardians decide alike");
  return results[0]!;
}
