/** Reads arguments of modules' commands. What fedimint-cli's argument parser refuses is an error of usage. */
import { DecodeError, tryDecoding } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";
import { parseAmount } from "../../core/types/amount_text.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { operationId } from "../../core/types/ids.ts";
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

/** Takes `--name V` and `--name=V` out of the arguments. @throws {CommandError} `usage` */
export function takeArgument(
  args: readonly string[],
  name: string,
): { readonly value: string | null; readonly rest: readonly string[] } {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (at < 0) return { value: null, rest: args };
  const isJoined = args[at] !== name;
  const value = isJoined ? args[at]!.slice(name.length + 1) : args[at + 1];
  if (value === undefined) throw CommandError.usage(`${name} needs a value`);
  return { value, rest: args.toSpliced(at, isJoined ? 1 : 2) };
}

/** The only argument. @param what its name @throws {CommandError} `usage` */
export function oneArgument(args: readonly string[], what: string): string {
  const [first, ...more] = args;
  if (first === undefined || more.length > 0) throw CommandError.usage(`expected one ${what}`);
  return first;
}

/** An operation's id, the only argument. @throws {CommandError} `usage` */
export function operationArgument(args: readonly string[]): OperationId {
  const id = tryDecoding(() => operationId.fromJson(oneArgument(args, "OPERATION_ID")));
  if (!id.ok) throw CommandError.usage("OPERATION_ID is 64 hex digits");
  return id.value;
}
