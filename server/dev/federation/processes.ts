/**
 * Processes that a development federation consists of: started with their output in a file, stopped with it, never left
 * behind.
 */
import { basename, fromFileUrl, join } from "@std/path";
import { WIDE_FLAG } from "../../../core/crypto/wasm/probe.ts";
import type { Clock } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { assert } from "../../../core/assert.ts";

const STOP_MS = 10_000;

export type ProcessSpec = {
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly env: Record<string, string>;
  readonly logFile: string;
  /** Stops it, and keeps it from being started. */
  readonly signal?: AbortSignal;
};

/**
 * Of what lives shortly V8 keeps up to 48 MB by default before it cleans up; with 6 MB a guardian needs half the memory
 * and no more time. Wide arithmetic makes BLS12-381 three times as fast.
 */
const V8_FLAGS = `--max-semi-space-size=2,${WIDE_FLAG}`;
/**
 * Of what lives longer V8 lets a guardian's 25 MB grow to 60 before it cleans up for the first time, and to a multiple
 * of what is left later, the faster its processor the more. Cleaned up at 32 MB, and then whenever half as much again
 * has come, a guardian takes 30 MB less and no more time. `deno task guardian` and the service files set the same.
 */
const GUARDIAN_V8_FLAGS = `${V8_FLAGS},--initial-old-space-size=32,--heap-growing-percent=50`;
/**
 * A client works for seconds and waits for hours: a heap that grows slowly takes 25 MB less when it recovers, for 5 %
 * of its time. `deno task client` sets it too.
 */
const CLIENT_V8_FLAGS = `${V8_FLAGS},--optimize-for-size`;
const V8_FLAGS_OF: Readonly<Record<string, string>> = {
  "server/main.ts": GUARDIAN_V8_FLAGS,
  "client/main.ts": CLIENT_V8_FLAGS,
};

/** Arguments that run one of this program's own files with the Deno that runs now. */
export function ownProgram(file: string, ...args: string[]): string[] {
  const root = fromFileUrl(new URL("../../../", import.meta.url));
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "--allow-all",
    "--unstable-kv",
    `--v8-flags=${V8_FLAGS_OF[file] ?? V8_FLAGS}`,
    "--config",
    join(root, "deno.json"),
    join(root, file),
    ...args,
  ];
}

/** Runs one of this program's own files to its end. @returns its output @throws {Error} with what it said */
export async function runOwnProgram(file: string, args: readonly string[]): Promise<string> {
  const [program, ...own] = ownProgram(file);
  const command = new Deno.Command(program!, { args: [...own, ...args], stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  if (code === 0) return text.decode(stdout);
  throw new Error(`${file} ended with ${code}: ${text.decode(stderr).trim()} ${text.decode(stdout).trim()}`);
}

/** What another program said. */
export type Ran = { readonly exit: number; readonly out: string; readonly err: string };

/** How to run one. */
export type RunOptions = {
  readonly withinMs: number;
  readonly env?: Record<string, string>;
  /** Ends it. */
  readonly signal?: AbortSignal;
};

/** Runs another program to its end. @throws {Error} that says what took too long; the signal's reason */
export async function runProgram(
  clock: Clock,
  command: readonly string[],
  { withinMs, env = {}, signal }: RunOptions,
): Promise<Ran> {
  const [program, ...args] = command as [string, ...string[]];
  const end = new AbortController();
  const late = clock.setTimer(withinMs, () => end.abort());
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      env,
      stdin: "null",
      signal: signal ? AbortSignal.any([signal, end.signal]) : end.signal,
    }).output();
    signal?.throwIfAborted();
    if (end.signal.aborted) throw new Error(`${basename(program)} ${args.join(" ")} took longer than ${withinMs} ms`);
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    return { exit: code, out: text(stdout), err: text(stderr) };
  } finally {
    late.cancel();
  }
}

export class OwnedProcess {
  readonly spec: ProcessSpec;
  readonly #clock: Clock;
  readonly #child: Deno.ChildProcess;
  readonly #log: Deno.FsFile;
  /** Resolves when it has ended, with its exit code. */
  readonly ended: Promise<number>;
  #isRunning = true;

  private constructor(clock: Clock, spec: ProcessSpec, child: Deno.ChildProcess, log: Deno.FsFile) {
    this.spec = spec;
    this.#clock = clock;
    this.#child = child;
    this.#log = log;
    this.ended = this.#follow();
  }

  static async start(clock: Clock, spec: ProcessSpec): Promise<OwnedProcess> {
    const log = await Deno.open(spec.logFile, { append: true, create: true, mode: 0o600 });
    if (spec.signal?.aborted) log.close();
    spec.signal?.throwIfAborted();
    const [program, ...args] = spec.command;
    const child = new Deno.Command(program!, { args, env: spec.env, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    const owned = new OwnedProcess(clock, spec, child, log);
    const stop = (): void => void owned.stop();
    spec.signal?.addEventListener("abort", stop, { once: true });
    void owned.ended.then(() => spec.signal?.removeEventListener("abort", stop));
    return owned;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  async #follow(): Promise<number> {
    const copy = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      for await (const chunk of stream) await this.#log.write(chunk);
    };
    const [status] = await Promise.all([this.#child.status, copy(this.#child.stdout), copy(this.#child.stderr)]);
    this.#isRunning = false;
    this.#log.close();
    return status.code;
  }

  /** SIGKILL: as a power cut. */
  async kill(): Promise<void> {
    if (this.#isRunning) this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** SIGTERM, and SIGKILL if that takes too long. @returns how long it took, ms */
  async stop(): Promise<number> {
    const begunMs = this.#clock.monotonicMs();
    if (this.#isRunning) this.#child.kill("SIGTERM");
    const late = this.#clock.setTimer(STOP_MS, () => this.#isRunning && this.#child.kill("SIGKILL"));
    await this.ended;
    late.cancel();
    return this.#clock.monotonicMs() - begunMs;
  }

  /** The last lines of its output, for error messages. */
  async tail(lines = 15): Promise<string> {
    return (await Deno.readTextFile(this.spec.logFile)).trimEnd().split("\n").slice(-lines).join("\n");
  }
}

/**
 * Below those that systems give to connections that go out and to whoever asks for any port: Linux from 32,768 on,
 * macOS and Windows from 49,152 on. One of these is soon somebody's again, before the process that it is for listens on
 * it.
 */
const FIRST_PORT = 10_000, END_PORT = 32_000;

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) return false;
    throw thrown;
  }
}

/**
 * Ports that nothing listens on now, all different: in a row from one on, so that others who choose meanwhile seldom
 * choose the same.
 */
export function freePorts(
  count: number,
  first = FIRST_PORT + realPlatform().dice.below(END_PORT - FIRST_PORT),
): number[] {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    assert(tried < END_PORT - FIRST_PORT, "some port is free");
    const port = FIRST_PORT + (first - FIRST_PORT + tried) % (END_PORT - FIRST_PORT);
    if (isFree(port)) ports.push(port);
  }
  return ports;
}
