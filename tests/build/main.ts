/**
 * `deno task build:client`: the client in `dist/`, as few files instead of five hundred, and `dist/fedimint-client`,
 * which runs it. `deno bundle` gets its bundler from the registry the first time.
 */
import { dirname, fromFileUrl, join } from "@std/path";
import { assert } from "../../core/assert.ts";
import { launcher, readsSecpWasm, startsThread, withLateBuiltins } from "./outputs.ts";

const ROOT = fromFileUrl(import.meta.resolve("../../")), DIST = join(ROOT, "dist");
const PROGRAM = "client/main.ts";
/** The only file that the bundler starts from lies on top, whatever folder it is of. */
const BUNDLED = "main.js";

type Config = { readonly tasks: { readonly client: string }; readonly unstable: readonly string[] };

async function bundle(): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--code-splitting", "--outdir", DIST, PROGRAM],
    cwd: ROOT,
    stdout: "null",
  }).output();
  if (!success) throw new Error(`deno bundle failed:\n${new TextDecoder().decode(stderr)}`);
}

async function* filesIn(folder: string, below = ""): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    if (isDirectory) yield* filesIn(folder, join(below, name));
    else yield join(below, name);
  }
}

async function complete(): Promise<void> {
  const library = fromFileUrl(import.meta.resolve("tiny-secp256k1"));
  for (const path of await Array.fromAsync(filesIn(DIST))) {
    const at = join(DIST, path), text = await Deno.readTextFile(at);
    assert(!startsThread(text), "a thread's module would have to be built too");
    await Deno.writeTextFile(at, withLateBuiltins(text));
    if (readsSecpWasm(text)) {
      await Deno.copyFile(join(dirname(library), "secp256k1.wasm"), join(dirname(at), "secp256k1.wasm"));
    }
  }
}

await Deno.remove(DIST, { recursive: true }).catch((thrown) => {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
});
await bundle();
await complete();
const { tasks, unstable }: Config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
const program = join(DIST, "fedimint-client");
await Deno.writeTextFile(program, launcher(tasks.client, PROGRAM, BUNDLED, unstable));
await Deno.chmod(program, 0o755);
console.log(program);
