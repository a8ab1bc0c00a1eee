/**
 * A suite of checks on real processes: a line a check, `N passed, N failed` last. Whatever happens, Ctrl-C too, its
 * processes are ended and its folder is removed; of a suite that failed the logs are kept.
 */
import { basename, join } from "@std/path";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { seconds } from "../demo/report.ts";

/** Three times what the longest one takes beside two others. */
const SUITE_MS = 1_500_000;
const INTERRUPTED_EXIT = 130;

class Interrupted extends Error {}
/** A failure that is counted and told of already. */
class Counted extends Error {}

export class Suite {
  /** Removed at the end. */
  readonly dir: string;
  /** Aborted when the suite must end: processes that are given it end with it. */
  readonly signal: AbortSignal;
  passed = 0;
  failed = 0;
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(dir: string, signal: AbortSignal) {
    this.dir = dir;
    this.signal = signal;
  }

  /** Called at the end, what came last first. */
  onEnd(end: () => Promise<unknown>): void {
    this.#ends.push(end);
  }

  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }

  fail(name: string, thrown: unknown): void {
    this.failed++;
    console.log(`FAILED ${name}: ${errorText(thrown)}`);
  }

  /** A check that the ones after it need: when it fails the suite ends. */
  async must<T>(name: string, body: () => Promise<T>): Promise<T> {
    const begunMs = performance.now();
    try {
      const value = await body();
      this.passed++;
      console.log(`ok     ${name} (${seconds(performance.now() - begunMs)})`);
      return value;
    } catch (thrown) {
      this.signal.throwIfAborted();
      this.fail(`${name} (${seconds(performance.now() - begunMs)})`, thrown);
      throw new Counted();
    }
  }

  /** One check: when it fails the others go on. */
  async check(name: string, body: () => Promise<void>): Promise<void> {
    try {
      await this.must(name, body);
    } catch (thrown) {
      if (!(thrown instanceof Counted)) throw thrown;
    }
  }
}

export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/**
 * Ends the program.
 * @param prepare what the scenario needs of this machine, or why it can't run here
 * @param withinMs for a scenario of more than others have
 */
export async function runSuite<T>(
  prepare: () => Promise<Result<T, string>>,
  scenario: (suite: Suite, prepared: T) => Promise<void>,
  { withinMs = SUITE_MS }: { readonly withinMs?: number } = {},
): Promise<never> {
  const prepared = await prepare();
  if (!prepared.ok) {
    console.log(`not run here: ${prepared.error}\n0 passed, 0 failed`);
    Deno.exit(0);
  }
  const end = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => end.abort(new Interrupted("interrupted")));
  }
  setTimeout(() => end.abort(new Error(`it took longer than ${seconds(withinMs)}`)), withinMs);
  const suite = new Suite(await Deno.makeTempDir({ prefix: "fedimint-interop-" }), end.signal);
  try {
    await scenario(suite, prepared.value);
  } catch (thrown) {
    if (!(thrown instanceof Counted || thrown instanceof Interrupted)) suite.fail("the suite", thrown);
  }
  await suite.end();
  if (suite.failed > 0) console.log(`logs: ${await keepLogs(suite.dir)}`);
  await Deno.remove(suite.dir, { recursive: true });
  if (end.signal.reason instanceof Interrupted) Deno.exit(INTERRUPTED_EXIT);
  console.log(`${suite.passed} passed, ${suite.failed} failed`);
  Deno.exit(suite.failed === 0 ? 0 : 1);
}

/**
 * What is no suite of checks, in a folder of its own: that is removed when all goes well, and named when it fails.
 * Ctrl-C ends all processes too.
 * @param prefix of the folder's name
 */
export async function inFolder(prefix: string, body: (suite: Suite) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix }), end = new AbortController();
  const suite = new Suite(dir, end.signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      end.abort(new Interrupted("interrupted"));
      const removed = suite.end().then(() => Deno.remove(dir, { recursive: true }));
      void removed.finally(() => Deno.exit(INTERRUPTED_EXIT));
    });
  }
  try {
    await body(suite);
  } catch (thrown) {
    // then the program ends as soon as all is stopped and removed
    if (end.signal.aborted) await new Promise<never>(() => {});
    console.error(`The folders of all processes are in ${dir}`);
    throw thrown;
  } finally {
    await suite.end();
  }
  await Deno.remove(dir, { recursive: true });
}

/** @returns a folder with the logs, each named after the folders that it was in */
async function keepLogs(dir: string): Promise<string> {
  const kept = await Deno.makeTempDir({ prefix: `${basename(dir)}-logs-` });
  const walk = async (folder: string, prefix: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      if (isDirectory) await walk(join(folder, name), `${prefix}${name}-`);
      // a database's own are numbers
      else if (isFile && /^[a-z].*\.log$/.test(name)) {
        await Deno.copyFile(join(folder, name), join(kept, `${prefix}${name}`));
      }
    }
  };
  await walk(dir, "");
  return kept;
}
