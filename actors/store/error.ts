/** Errors of the store. */
import { FedimintError } from "../../core/result.ts";

/** Why a store can't do what is asked. `failed` and `corrupt` need a person. */
export class StoreError extends FedimintError<
  | { readonly code: "conflict"; readonly tries: number }
  | { readonly code: "closed" | "failed" | "corrupt" }
  | { readonly code: "too_large"; readonly bytes: number; readonly bytesMax: number }
  /** Nothing was done; the same may be asked again later. */
  | { readonly code: "busy"; readonly waiting: number; readonly waitingMax: number }
  | { readonly code: "locked"; readonly path: string; readonly pid: number | null }
  | { readonly code: "newer_schema"; readonly found: number; readonly supported: number }
> {}

/** A store that fails makes actors crash, as many as use it: it is what a person has to see to. @returns it, among the causes of what was thrown */
export function storeFailureIn(thrown: unknown): StoreError | null {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if (at instanceof StoreError && (at.code === "failed" || at.code === "corrupt")) return at;
  }
  return null;
}
