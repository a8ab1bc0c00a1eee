/** Why e-cash can't be sent or received. */
import { FedimintError } from "../../../core/result.ts";
import type { FinalizeError } from "../../contract/client_env.ts";

/** Why e-cash can't be sent or received. */
export class EcashError extends FedimintError<
  {
    readonly code:
      | "not_ecash"
      | "zero_amount"
      | "offline"
      | "insufficient_balance"
      | "wrong_federation"
      | "wrong_unit"
      | "uneconomical"
      | "repeated_note"
      | "invalid_signature"
      | "already_received"
      | "failed";
  }
> {}

export function notFinalized(error: FinalizeError): EcashError {
  if (error.code === "operation_exists") {
    return new EcashError({ code: "already_received" }, "The ECash was already received");
  }
  return new EcashError({ code: "failed" }, "A non-recoverable error has occurred", { cause: new Error(error.code) });
}

export function insufficientBalance(): EcashError {
  return new EcashError({ code: "insufficient_balance" }, "The clients balance is insufficient");
}
