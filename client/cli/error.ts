/** Why a command ends without its result, and with which exit code. */
import { FedimintError } from "../../core/result.ts";

/**
 * `failed`: it was tried · `usage`: the arguments are wrong · `no_data_dir`, `not_joined`: there is no wallet to do it
 * with · `interrupted`: by Ctrl-C
 */
export class CliError extends FedimintError<
  { readonly code: "failed" | "usage" | "no_data_dir" | "not_joined" | "interrupted" }
> {
  static failed(message: string, options?: ErrorOptions): CliError {
    return new CliError({ code: "failed" }, message, options);
  }

  static usage(message: string): CliError {
    return new CliError({ code: "usage" }, message);
  }

  static noTor(): CliError {
    return CliError.failed("This client has no Tor. Without --use-tor it shows your address to the guardians.");
  }
}

export const ExitCode = {
  ok: 0,
  /** What was asked could not be done. */
  failed: 1,
  /** It was asked in a wrong way. */
  usage: 2,
  /** A bug of this program; the reference's code for it. */
  bug: 101,
  /** As shells have it: 128 + SIGINT. */
  interrupted: 130,
} as const;
