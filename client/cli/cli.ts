/**
 * How a command ends: its result on standard output, or why there is none, and the exit code. Two manners: that of
 * fedimint-cli (one JSON value, errors as JSON too), and that of the friendly commands (sentences).
 * docs/protocol/02b-cli.md §1.
 */
import type { Command } from "commander";
import type { LogLevel } from "../../actors/logger.ts";
import { consoleSink, levelFrom } from "../../actors/platform/console_sink.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { errorText, FedimintError } from "../../core/result.ts";
import { CommandError } from "../../modules/contract/command_error.ts";
import { friendlyError } from "./advice.ts";
import { CliError, ExitCode } from "./error.ts";
import { readGlobals } from "./globals.ts";
import type { CliIo } from "./io.ts";
import { Session } from "./session.ts";

export class Cli {
  readonly io: CliIo;
  readonly program: Command;
  exitCode: number = ExitCode.ok;

  constructor(io: CliIo, program: Command) {
    this.io = io;
    this.program = program;
  }

  #session(level: LogLevel): Session {
    const globals = readGlobals(this.program, this.io.env);
    const least = levelFrom(this.io.env("RUST_LOG"), globals.verbose ? "debug" : level);
    return new Session(this.io, globals, consoleSink(this.io.platform.clock, least, this.io.err));
  }

  /** An action of a command of fedimint-cli: prints what `body` gives as JSON. */
  official<Args extends unknown[]>(
    body: (session: Session, ...args: Args) => Promise<Json>,
  ): (...args: Args) => Promise<void> {
    return async (...args) => {
      try {
        const result = await body(this.#session("info"), ...args);
        this.io.out(`${stringifyJson(result, 2)}\n`);
      } catch (thrown) {
        this.#failed(thrown, (error) => this.io.out(`${stringifyJson({ error: errorText(error) }, 2)}\n`));
      }
    };
  }

  /** An action that prints for people as it goes. */
  friendly<Args extends unknown[]>(
    body: (session: Session, ...args: Args) => Promise<void>,
  ): (...args: Args) => Promise<void> {
    return async (...args) => {
      try {
        await body(this.#session("warn"), ...args);
      } catch (thrown) {
        this.#failed(thrown, (error) => this.io.err(friendlyError(error)));
      }
    };
  }

  #failed(thrown: unknown, tell: (error: FedimintError<{ code: string }>) => void): void {
    const code = thrown instanceof CliError || thrown instanceof CommandError ? thrown.code : null;
    if (code === "interrupted") {
      this.exitCode = ExitCode.interrupted;
    } else if (code === "usage") {
      this.io.err(`error: ${errorText(thrown)}\n\nFor more information, try '--help'.\n`);
      this.exitCode = ExitCode.usage;
    } else if (thrown instanceof FedimintError) {
      tell(thrown);
      this.exitCode = ExitCode.failed;
    } else {
      // not foreseen: the place in the program is what helps
      this.io.err(`This is a bug. ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      this.exitCode = ExitCode.bug;
    }
  }
}
