/** Errors of the world outside: network, files and threads. */
import { FedimintError } from "../../core/result.ts";

/** Why something outside can't be reached, or has ended. */
export class NetworkError extends FedimintError<
  | {
    readonly code: "unreachable" | "timeout" | "tls" | "reset" | "address_in_use" | "too_large";
    readonly target: string;
  }
  | { readonly code: "refused"; readonly target: string; readonly status: number }
> {}

/** Why a file can't be read or written. */
export class FilesError extends FedimintError<
  { readonly code: "exists" | "denied" | "too_large" | "failed"; readonly path: string }
> {}

/** Why a thread gives no answer: what asked may compute by itself. */
export class ThreadError extends FedimintError<{ readonly code: "closed" | "failed" }> {}
