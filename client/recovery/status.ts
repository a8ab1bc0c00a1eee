/** How the recovery of each module stands, as applications see it. */
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { Recovered, StepCount } from "../../modules/contract/recovery.ts";

/** How the recovery of one module stands. */
export type RecoveryStatus =
  & { readonly instance: ModuleInstanceId; readonly kind: string }
  & StepCount
  & (
    | { readonly status: "running" }
    /** Other modules go on; it is tried again when the wallet is opened the next time. */
    | { readonly status: "failed"; readonly error: string }
    | ({ readonly status: "done" } & Recovered)
  );
