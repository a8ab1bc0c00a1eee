/** Commands of commander that speak through `CliIo` and throw where commander would end the process. */
import { Command } from "commander";
import type { CommanderError } from "commander";
import { ExitCode } from "./error.ts";
import type { CliIo } from "./io.ts";

/** Subcommands inherit all of it. */
export function newProgram(name: string, io: CliIo): Command {
  return new Command(name)
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
