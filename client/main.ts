/** `deno task client`: the command line on this machine. What it does is in `cli/`. */
import { realPlatform } from "../actors/platform/real.ts";
import { openKvStore } from "../actors/store/mod.ts";
import { fromUtf8, utf8 } from "../core/bytes.ts";
import { runCli } from "./cli/run.ts";
import { builtInModules } from "./modules.ts";

/** Files of a process that was asked to end twice stay as its last commit left them. */
const EXIT_INTERRUPTED = 130;
const ANSWER_BYTES_MAX = 1_024;

/** All of it, also into a pipe that takes a little at a time; a reader that has gone is nobody's error. */
function write(stream: typeof Deno.stdout, text: string): void {
  let bytes: Uint8Array = utf8(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
  }
}

async function ask(question: string): Promise<string> {
  write(Deno.stderr, question);
  const answer = new Uint8Array(ANSWER_BYTES_MAX);
  const count = await Deno.stdin.read(answer) ?? 0;
  return fromUtf8(answer.subarray(0, count));
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    controller.abort(new Error("Interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  return controller.signal;
}

if (import.meta.main) {
  const platform = realPlatform();
  Deno.exit(
    await runCli({
      args: Deno.args,
      env: Deno.env.toObject(),
      platform,
      modules: builtInModules,
      openStore: (path) => openKvStore({ path, platform }),
      out: (text) => write(Deno.stdout, text),
      err: (text) => write(Deno.stderr, text),
      terminal: Deno.stdout.isTerminal() ? Deno.consoleSize() : null,
      ask: Deno.stdin.isTerminal() && Deno.stderr.isTerminal() ? ask : null,
      signal: interruption(),
    }),
  );
}
