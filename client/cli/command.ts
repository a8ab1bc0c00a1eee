/** Commands of commander that speak through `CliIo` and throw where commander would end the process. */
import { Command } from "commander";
import type { CommanderError } from "commander";
import { parsePasted, pastedAdvice } from "../pasted.ts";
import { ExitCode } from "./error.ts";
import type { CliIo } from "./io.ts";

/** Without the arguments that it quotes. */
function withoutValues(message: string): string {
  const invalid = /^error: option '([^']*)' argument '[\s\S]*' is invalid\. ([\s\S]*)$/.exec(message) ??
    /^error: command-argument value '[\s\S]*' is invalid for argument '([^']*)'\. ([\s\S]*)$/.exec(message);
  if (invalid) return `error: ${invalid[1]}: ${invalid[2]}`;
  const tooMany = /^error: too many arguments[^.]*\. Expected \d+ arguments? but got \d+/.exec(message);
  if (tooMany) return `${tooMany[0]}.`;
  // a name is repeated only where it is close to one that there is: anything else may be e-cash, or a secret
  const unknown = /^error: unknown (command|option) '([\s\S]*)'(\n\(Did you mean [^)]*\))?$/.exec(message);
  if (!unknown || unknown[3] !== undefined) return message;
  const [, what, given = ""] = unknown;
  if (what === "option" && /^-[0-9.₿]/u.test(given)) {
    return "error: an amount can't be less than nothing, and what begins with - is read as an option";
  }
  const found = parsePasted(given);
  return `error: unknown ${what}.${found.is === "unknown" ? "" : ` ${pastedAdvice(found)}`}`;
}

/** Tells what is wrong with an argument without repeating it. */
class DiscreetCommand extends Command {
  override createCommand(name?: string): Command {
    return new DiscreetCommand(name);
  }

  override error(message: string, options?: { exitCode?: number; code?: string }): never {
    return super.error(withoutValues(message), options);
  }
}

/** Subcommands inherit all of it. */
export function newProgram(name: string, io: CliIo): Command {
  return new DiscreetCommand(name)
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.err,
      getOutHelpWidth: () => io.terminal?.columns ?? HELP_COLUMNS,
      getErrHelpWidth: () => io.terminal?.columns ?? HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    // as in the reference: flags of a command stand behind it, global ones before it
    .enablePositionalOptions()
    .helpCommand("help [command]", "help for a command");
}

const HELP_COLUMNS = 110;

/** Help and version were asked for: fine. Everything else that commander throws is about the arguments. */
export function exitCodeOf({ exitCode }: CommanderError): number {
  return exitCode === 0 ? ExitCode.ok : ExitCode.usage;
}
