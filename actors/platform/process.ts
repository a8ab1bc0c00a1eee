/**
 * What a main program gets from its system: arguments, environment, terminal, signals, an exit, other programs. Programs are
 * handed a `ProcessHost`, so that tests run them with one of their own.
 */
import { env as nodeEnvironment } from "node:process";
import { FedimintError } from "../../core/result.ts";
import { PROCESS_LINE_BYTES_MAX } from "./limits.ts";
import { linesOf } from "./lines.ts";

export type Signal = "SIGINT" | "SIGTERM";

export interface ProcessHost {
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly pid: number;
  /** Undefined when it is not set. */
  env(name: string): string | undefined;
  /** Lines of standard input, without their ends, until it closes. @throws {ProcessError} `line_too_long` */
  stdin(): AsyncIterable<string>;
  /** One line; the newline is added. Resolves when the system took it. */
  stdout(line: string): Promise<void>;
  stderr(line: string): Promise<void>;
  isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean;
  /** Calls `handle` for each signal instead of ending the program, until the returned function is called. */
  onSignal(handle: (signal: Signal) => void): () => void;
  /** Ends the program now. */
  exit(code: number): never;
  /** Starts another program. @throws {ProcessError} `not_started` */
  spawn(command: string, options?: SpawnOptions): Child;
}

export type SpawnOptions = {
  readonly args?: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
};

export interface Child {
  readonly pid: number;
  /** Each may be read once; what nobody reads is dropped only when `ignoreOutput` was called. */
  stdout(): AsyncIterable<string>;
  stderr(): AsyncIterable<string>;
  ignoreOutput(): void;
  /** Does nothing once it has ended. */
  kill(signal: Signal | "SIGKILL"): void;
  /** Exit code, or 128 and the number of the signal that ended it, as shells say it. */
  readonly ended: Promise<number>;
}

export class ProcessError extends FedimintError<
  { readonly code: "not_started"; readonly command: string } | { readonly code: "line_too_long"; readonly bytesMax: number }
> {}

export function realProcessHost(): ProcessHost {
  return {
    args: Deno.args,
    pid: Deno.pid,
    env: (name) => nodeEnvironment[name],
    stdin: () => linesOf(Deno.stdin.readable, PROCESS_LINE_BYTES_MAX),
    stdout: (line) => writeLine(Deno.stdout, line),
    stderr: (line) => writeLine(Deno.stderr, line),
    isTerminal: (stream) => Deno[stream].isTerminal(),
    onSignal,
    exit: (code) => Deno.exit(code),
    spawn,
  };
}
