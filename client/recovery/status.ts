/** How the recovery of each module stands, as applications see it. */
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import type { Recovered, StepCount } from "../../modules/contract/recovery.ts";
import { doneCount, type RecoveryRecord } from "./records.ts";

/** How the recovery of one module stands. */
export type RecoveryStatus =
  & {
    readonly instance: ModuleInstanceId;
    readonly kind: string;
    /** When the recovery itself is done: to which belongs what is still on its way of what it found. */
    readonly operationId: OperationId;
  }
  & StepCount
  & (
    | { readonly status: "running" }
    /** Other modules go on; it is tried again when the wallet is opened the next time. */
    | { readonly status: "failed"; readonly error: string }
    | ({ readonly status: "done" } & Recovered)
  );

/**
 * What a record says, and the failure of this opening. Null for a module that has none.
 * @param failure its text
 */
export function statusOf(
  instance: ModuleInstanceId,
  { kind, operationId, complete, total, stage }: RecoveryRecord,
  failure: string | undefined,
): RecoveryStatus | null {
  const about = { instance, kind, operationId };
  if (stage.tag === "None") return null;
  if (failure !== undefined) return { ...about, complete, total, status: "failed", error: failure };
  if (stage.tag === "Done" || stage.tag === "Later") {
    const recovered = stage.tag === "Done" ? stage.value : stage.value.recovered;
    return { ...about, ...doneCount({ complete, total }), status: "done", ...recovered };
  }
  return { ...about, complete, total, status: "running" };
}
