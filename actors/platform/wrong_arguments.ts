/** What a main program ends with when commander doesn't know its arguments. */
import type { ProcessHost } from "./process.ts";

/** Of a program with subcommands that don't inherit it, as far as this needs it: commander's `Command`. */
export type Commands = {
  exitOverride(handle: (error: { readonly exitCode: number }) => void): unknown;
  readonly commands: readonly Commands[];
};

/** As scripts and service managers know it from the official programs, which don't try wrong arguments again. */
const WRONG_ARGUMENTS = 2;

/** Ends with 2, which by itself commander does with 1; with 0 after help and version, that were asked for. */
export function endOnWrongArguments(command: Commands, host: Pick<ProcessHost, "exit">): void {
  command.exitOverride(({ exitCode }) => host.exit(exitCode === 0 ? 0 : WRONG_ARGUMENTS));
  for (const each of command.commands) endOnWrongArguments(each, host);
}
