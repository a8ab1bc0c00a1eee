/** Why a command can't be done: told to the user as it stands. */
import { FedimintError } from "../../core/result.ts";

/** `usage`: the arguments are wrong · `failed`: it was tried */
export class CommandError extends FedimintError<{ readonly code: "usage" | "failed" }> {
  static usage(message: string): CommandError {
    return new CommandError({ code: "usage" }, message);
  }

  static failed(message: string, options?: ErrorOptions): CommandError {
    return new CommandError({ code: "failed" }, message, options);
  }
}
