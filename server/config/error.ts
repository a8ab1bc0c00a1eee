/** Errors of setup and config that a guardian's operator is told. */
import { FedimintError } from "../../core/result.ts";

/** Why there is no config, or none that can be used. */
export class SetupError extends FedimintError<
  | { readonly code: "refused"; readonly reason: string }
  | { readonly code: "peer_failed"; readonly peer: number; readonly reason: string }
  | {
    readonly code: "config_missing" | "config_half" | "config_broken" | "config_exists" | "config_mismatch";
    readonly path: string;
  }
  | { readonly code: "foreign_database" }
  | { readonly code: "unsupported_module"; readonly kinds: readonly string[] }
> {}
