/** Reads arguments of modules' commands. What fedimint-cli's argument parser refuses is an error of usage. */
import { DecodeError } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";
import { parseAmount } from "../../core/types/amount_text.ts";
import { CommandError } from "./command_error.ts";

/**
 * Millisatoshi unless the text has a unit.
 * @param what the argument's name
 * @throws {CommandError} `usage`
 */
export function amountArgument(text: string, what: string): Amount {
  try {
    return parseAmount(text);
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw CommandError.usage(`${what}: ${thrown.message}`);
    throw thrown;
  }
}

/** Refuses arguments where a command takes none. @throws {CommandError} `usage` */
export function noArguments(args: readonly string[], command: string): void {
  if (args.length > 0) throw CommandError.usage(`${command} takes no arguments`);
}
