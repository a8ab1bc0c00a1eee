/**
 * Arguments that people paste: in pieces when they aren't quoted, or from standard input with `-`, as a shell's
 * argument has a bound.
 */
import { PASTED_CHARACTERS_MAX } from "../../core/types/limits.ts";
import { compactText } from "../../core/types/pasted_text.ts";
import { parseAmount } from "../../core/types/amount_text.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import { PastedError, readSetupCode } from "../pasted.ts";
import { CliError } from "./error.ts";
import type { Session } from "./session.ts";

/** Stands for standard input. */
export const STDIN = "-";

export async function pastedArgument(session: Session, pieces: readonly string[]): Promise<string> {
  if (pieces.length !== 1 || pieces[0] !== STDIN) return pieces.join(" ");
  if (session.io.ask !== null) session.io.err("Paste it here, then press Ctrl-D on a line of its own.\n");
  return await session.orInterrupted(session.io.stdin(PASTED_CHARACTERS_MAX));
}

/** What can't be read as what was wanted is an error of usage. @throws {CliError} `usage` */
export function asArgument<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof PastedError || thrown instanceof DecodeError) {
      throw CliError.usage(`${name}: ${thrown.message}`);
    }
    throw thrown;
  }
}

/**
 * An amount above nothing, msat, in as many pieces as it came in: `100 sat` without quotes. @throws {CliError} `usage`
 */
export function amountPieces(pieces: readonly string[]): bigint {
  const msat = asArgument("amount", () => parseAmount(pieces.join(" ")));
  if (msat <= 0n) throw CliError.usage("amount: Expected more than nothing.");
  return msat;
}

/**
 * A setup code for a guardian. One that this program can't read may be of a newer one: the guardian decides. What is
 * known to be something else, e-cash perhaps, is not handed to it.
 * @throws {PastedError}
 */
export function setupCodeForGuardian(pasted: string): string {
  try {
    return readSetupCode(pasted).text;
  } catch (thrown) {
    if (!(thrown instanceof PastedError)) throw thrown;
    const { found } = thrown.facts;
    if (found !== "unknown" && found !== "damaged") throw thrown;
    return compactText(pasted);
  }
}
