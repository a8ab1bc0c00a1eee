/** Why a command can't be done: told to the user as it stands. */
import { FedimintError } from "../../core/result.ts";

/** `usage`: the arguments are wrong · `failed`: it was tried */
export class CommandError extends FedimintError<{ readonly code: "usage" | "failed" }> {
  /** The command was written wrongly. */
  static usage(message: string): CommandError {
    return new CommandError({ code: "usage" }, message);
  }

  /** The command could not be done. */
  static failed(message: string, options?: ErrorOptions): CommandError {
    return new CommandError({ code: "failed" }, message, options);
  }
}
