/** A federation for development as people start it, and the lines that it prints, copied into another terminal. */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const WAIT_MS = 600_000;

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** A line as it is printed: words, and texts in quotes. */
export async function shell(line: string): Promise<Ran> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
  assertEquals(words.slice(0, 2), ["deno", "task"]);
  const command = new Deno.Command(Deno.execPath(), { args: words.slice(1), cwd: ROOT, stdin: "null" });
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

  private constructor(parent: string, child: Deno.ChildProcess) {
    this.#parent = parent;
    this.#child = child;
    this.#listening = this.#listen();
    this.#out = new Response(child.stdout).text();
    this.#input = child.stdin.getWriter();
  }

  /** With one guardian. @param flags further ones */
  static async start(...flags: string[]): Promise<DevfedProgram> {
    const parent = await Deno.makeTempDir(), config = ["--config", join(ROOT, "deno.json")];
    const devfed = [join(ROOT, "server/main.ts"), "devfed", "--peers", "1", "--dir", join(parent, "fed"), ...flags];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...config, ...devfed],
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
    return this.told.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("deno task"));
  }

  /** Ctrl-C. @returns exit code and output */
  async end(): Promise<{ readonly code: number; readonly out: string }> {
    this.#child.kill("SIGINT");
    await this.#input.close().catch(() => undefined);
    const [{ code }] = await Promise.all([this.#child.status, this.#listening]);
    await Deno.remove(this.#parent, { recursive: true });
    return { code, out: await this.#out };
  }
}
