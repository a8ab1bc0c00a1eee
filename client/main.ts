/** `deno task client`: the command line on this machine. What it does is in `cli/`. */
import type { ProcessHost } from "../actors/platform/process.ts";
import { realProcessHost } from "../actors/platform/process.ts";
import { realPlatform } from "../actors/platform/real.ts";
import { openKvStore } from "../actors/store/mod.ts";
import type { Importer } from "../modules/contract/loading.ts";
import { loadModules } from "../modules/contract/loading.ts";
import { ExitCode } from "./cli/error.ts";
import { Input } from "./cli/input.ts";
import { runCli } from "./cli/run.ts";
import { clientModules } from "./modules.ts";

/** Both streams in the order of the calls, for callers that don't wait; a reader that has gone is nobody's error. */
class Output {
  #written: Promise<void> = Promise.resolve();

  add(write: () => Promise<void>): void {
    this.#written = this.#written.then(write).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
    });
  }

  written(): Promise<void> {
    return this.#written;
  }
}

/** Aborted by the first Ctrl-C; the second one ends the process where it is: what was committed is on disk. */
function interruption(host: ProcessHost): AbortSignal {
  const controller = new AbortController();
  host.onSignal(() => {
    if (controller.signal.aborted) host.exit(ExitCode.interrupted);
    controller.abort(new Error("Interrupted"));
  });
  return controller.signal;
}

/**
 * A bundle (`tests/build/`) has its parts in itself: a module from outside would bring a second copy of them, whose
 * errors and codecs are others.
 */
function load(specifier: string): Promise<Record<string, unknown>> {
  if (!import.meta.url.endsWith(".ts")) throw new Error("a built client takes no modules: run it from its sources");
  return import(specifier);
}

if (import.meta.main) {
  const host = realProcessHost, platform = realPlatform();
  const importer: Importer = { directory: Deno.cwd(), load };
  const output = new Output(), input = new Input(() => host.stdin());
  const err = (text: string): void => output.add(() => host.stderr(text));
  const ask = async (question: string): Promise<string> => {
    err(question);
    await output.written();
    return await input.line() ?? "";
  };
  const exitCode = await runCli({
    args: host.args,
    env: (name) => host.env(name),
    platform,
    loadModules: async (specifiers) => clientModules(await loadModules("client", specifiers, importer)),
    openStore: (path) => openKvStore({ path, platform }),
    out: (text) => output.add(() => host.stdout(text)),
    err,
    terminal: host.isTerminal("stdout") ? Deno.consoleSize() : null,
    ask: host.isTerminal("stdin") && host.isTerminal("stderr") ? ask : null,
    stdin: (charactersMax) => input.rest(charactersMax),
    signal: interruption(host),
  });
  await output.written();
  host.exit(exitCode);
}
