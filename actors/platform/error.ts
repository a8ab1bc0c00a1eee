/** Errors of the world outside: network, files and threads. */
import { FedimintError } from "../../core/result.ts";

export class NetworkError extends FedimintError<
  | {
    readonly code: "unreachable" | "timeout" | "tls" | "reset" | "address_in_use" | "too_large";
    readonly target: string;
  }
  | { readonly code: "refused"; readonly target: string; readonly status: number }
> {}

export class FilesError extends FedimintError<
  { readonly code: "exists" | "denied" | "too_large" | "failed"; readonly path: string }
> {}

export class ThreadError extends FedimintError<{ readonly code: "closed" | "failed" }> {}
