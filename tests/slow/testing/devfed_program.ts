/**
 * For tests: a federation for development as people start it, and the lines that it prints, copied into another
 * terminal.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, isAbsolute, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url));
const WAIT_MS = 600_000;

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** A line as it is printed: words, and texts in quotes. Its program is ours, or one that is named by its path. */
export async function shell(line: string): Promise<Ran> {
  const [program = "", ...args] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
  const isOurs = program === "deno";
  if (isOurs) assertEquals(args[0], "task");
  else assert(isAbsolute(program), `${program} is not a path`);
  const command = new Deno.Command(isOurs ? Deno.execPath() : program, { args, cwd: ROOT, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

export class DevfedProgram {
  /** What it wrote to standard error. */
  told = "";
  readonly #parent: string;
  readonly #child: Deno.ChildProcess;
  readonly #listening: Promise<void>;
  readonly #out: Promise<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #heard = Promise.withResolvers<void>();
  #hasEnded = false;

  private constructor(parent: string, child: Deno.ChildProcess) {
    this.#parent = parent;
    this.#child = child;
    this.#listening = this.#listen();
    this.#out = new Response(child.stdout).text();
    this.#input = child.stdin.getWriter();
    void child.status.then(() => this.#hasEnded = true);
  }

  /** With one guardian. @param flags further ones @param env beside ours */
  static async start(flags: readonly string[] = [], env: Record<string, string> = {}): Promise<DevfedProgram> {
    const parent = await Deno.makeTempDir(), config = ["--config", join(ROOT, "deno.json")];
    const devfed = [join(ROOT, "server/main.ts"), "devfed", "--peers", "1", "--dir", join(parent, "fed"), ...flags];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...config, ...devfed],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new DevfedProgram(parent, child);
  }

  async #listen(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.told += text;
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    }
    this.#heard.resolve();
  }

  async untilTold(text: string): Promise<void> {
    const late = setTimeout(() => this.#child.kill("SIGKILL"), WAIT_MS);
    let ended = false;
    void this.#listening.then(() => ended = true);
    while (!this.told.includes(text)) {
      await this.#heard.promise;
      if (ended && !this.told.includes(text)) throw new Error(`It never said ${text}: ${this.told}`);
    }
    clearTimeout(late);
  }

  say(line: string): Promise<void> {
    return this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The lines to copy. */
  async lines(): Promise<string[]> {
    await this.untilTold("Ctrl-C ends everything");
    const [, shown = ""] = this.told.split("Next, in another terminal:\n");
    return shown.split("\nHere, a line each;")[0]!.split("\n").map((line) => line.trim());
  }

  /** Ctrl-C, unless it has ended by itself. @returns exit code and output */
  async end(): Promise<{ readonly code: number; readonly out: string }> {
    if (!this.#hasEnded) this.#child.kill("SIGINT");
    await this.#input.close().catch(() => undefined);
    const [{ code }] = await Promise.all([this.#child.status, this.#listening]);
    await Deno.remove(this.#parent, { recursive: true });
    return { code, out: await this.#out };
  }
}
