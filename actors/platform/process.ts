/**
 * What a main program gets from its system: arguments, environment, terminal, signals, an exit, other programs.
 * Programs are handed a `ProcessHost`, so that tests run them with one of their own.
 */
import { assert } from "../../core/assert.ts";
import { FedimintError } from "../../core/result.ts";
import { LINE_UNITS_MAX } from "./limits.ts";
import { linesOf } from "./lines.ts";

export type Signal = "SIGINT" | "SIGTERM";

export interface ProcessHost {
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly pid: number;
  /** Undefined when it is not set. */
  env(name: string): string | undefined;
  /** Lines of standard input until it closes; may be asked for once. @throws {LineError} `line_too_long` */
  stdin(): AsyncIterable<string>;
  /** Text as it is, without a newline added. Resolves when the system took it. */
  stdout(text: string): Promise<void>;
  stderr(text: string): Promise<void>;
  isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean;
  /** Calls `handle` for each signal instead of ending the program, until the returned function is called. */
  onSignal(handle: (signal: Signal) => void): () => void;
  /** Ends the program now. */
  exit(code: number): never;
  /** The program that runs this one: it runs other files of ours too. */
  readonly runtime: string;
  /** Starts another program. @throws {ProcessError} `not_started` */
  spawn(command: string, options?: SpawnOptions): Child;
}

export type SpawnOptions = {
  readonly args?: readonly string[];
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** `text`: the child reads what `write` gives it; otherwise it has no standard input. */
  readonly input?: "text" | "none";
  /** `lines`: both of the child's outputs must be read, or it will wait for that. Default `drop`. */
  readonly output?: "lines" | "inherit" | "drop";
};

export interface Child {
  readonly pid: number;
  /** Each once, and with `output: "lines"` only. @throws {LineError} `line_too_long` */
  stdout(): AsyncIterable<string>;
  stderr(): AsyncIterable<string>;
  /**
   * To its standard input, with `input: "text"` only. Resolves when the system took it; false when it reads no more.
   */
  write(text: string): Promise<boolean>;
  /** Its standard input ends, with `input: "text"` only. */
  closeInput(): Promise<void>;
  /** Does nothing once it has ended. */
  kill(signal: Signal | "SIGKILL"): void;
  /** Exit code, or 128 and the number of the signal that ended it, as shells have it. */
  readonly ended: Promise<number>;
}

export class ProcessError extends FedimintError<{ readonly code: "not_started"; readonly command: string }> {}

const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM"];

export const realProcessHost: ProcessHost = {
  args: Deno.args,
  pid: Deno.pid,
  get runtime() {
    return Deno.execPath();
  },
  env: (name) => Deno.env.get(name),
  stdin: () => linesOf(Deno.stdin.readable, LINE_UNITS_MAX),
  stdout: (text) => writeAll(Deno.stdout, text),
  stderr: (text) => writeAll(Deno.stderr, text),
  isTerminal: (stream) => Deno[stream].isTerminal(),
  onSignal,
  exit: (code) => Deno.exit(code),
  spawn,
};

async function writeAll(to: { write(bytes: Uint8Array): Promise<number> }, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function onSignal(handle: (signal: Signal) => void): () => void {
  const handlers = SIGNALS.map((signal) => ({ signal, call: () => handle(signal) }));
  for (const { signal, call } of handlers) Deno.addSignalListener(signal, call);
  return () => {
    for (const { signal, call } of handlers) Deno.removeSignalListener(signal, call);
  };
}

function spawn(command: string, options: SpawnOptions = {}): Child {
  const pipe = ({ lines: "piped", inherit: "inherit", drop: "null" } as const)[options.output ?? "drop"];
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args: [...options.args ?? []],
      env: { ...options.env },
      ...(options.folder === undefined ? {} : { cwd: options.folder }),
      stdin: options.input === "text" ? "piped" : "null",
      stdout: pipe,
      stderr: pipe,
    }).spawn();
  } catch (cause) {
    throw new ProcessError({ code: "not_started", command }, `${command} cannot be started.`, { cause });
  }
  const input = options.input === "text" ? child.stdin.getWriter() : null;
  return {
    pid: child.pid,
    write: async (text) => {
      assert(input !== null, "only a program that was started with an input is written to");
      try {
        await input.write(new TextEncoder().encode(text));
        return true;
      } catch (thrown) {
        // It has closed its input, or has ended.
        if (thrown instanceof Deno.errors.BrokenPipe || thrown instanceof TypeError) return false;
        throw thrown;
      }
    },
    closeInput: async () => {
      assert(input !== null, "only a program that was started with an input has one to end");
      try {
        await input.close();
      } catch (thrown) {
        // It has ended.
        if (!(thrown instanceof Deno.errors.BrokenPipe || thrown instanceof TypeError)) throw thrown;
      }
    },
    stdout: () => linesOf(child.stdout, LINE_UNITS_MAX),
    stderr: () => linesOf(child.stderr, LINE_UNITS_MAX),
    kill: (signal) => {
      try {
        child.kill(signal);
      } catch (thrown) {
        // It ended by itself meanwhile.
        if (!(thrown instanceof Deno.errors.NotFound || thrown instanceof TypeError)) throw thrown;
      }
    },
    ended: child.status.then((status) => status.code),
  };
}
