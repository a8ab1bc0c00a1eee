/** Errors that a client's user is told. */
import { FedimintError } from "../core/result.ts";

/** Why a wallet can't do what is asked. The message says what to do. */
export class ClientError extends FedimintError<
  {
    readonly code:
      | "not_joined"
      | "already_joined"
      | "no_words"
      /** The words may have money in the federation already: restoring brings it, joining afresh would not. */
      | "has_history"
      | "recovery_failed"
      /** What waits until everything that belongs to the words is back. */
      | "recovering"
      | "backup_too_large"
      /** A wallet that would be lost with money in it. */
      | "not_empty"
      | "wrong_federation"
      /** Guardians that must be asked now gave no answer. */
      | "no_answer"
      | "wrong_secret"
      | "no_common_version"
      | "no_module"
      | "no_primary_module"
      | "insufficient_funds"
      | "rejected"
      | "closed"
      | "invalid";
  }
> {}
