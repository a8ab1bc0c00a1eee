/** `deno task build:client`, and what it makes: as real processes, with guardians of the test's own process. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Ran } from "./testing/devfed_program.ts";
import { shell } from "./testing/devfed_program.ts";
import { startsThread } from "../build/outputs.ts";
import { federation } from "../../client/cli/testing/processes.ts";
import { formatInviteCode } from "../../core/types/invite_code.ts";

const DIST = join(import.meta.dirname!, "..", "..", "dist");
const PROGRAM = join(DIST, "fedimint-client");

async function run(program: string, ...args: string[]): Promise<Ran> {
  const env = { DENO: Deno.execPath() };
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("the built client has few files, and joins, and knows its wallet, as its sources do", async () => {
  const built = await shell("deno task build:client");
  assertEquals(built.code, 0, built.err);
  const files = (await Array.fromAsync(Deno.readDir(DIST))).length;
  assert(files < 60, `${files} files`);
  // what no command uses isn't loaded at its start
  const program = await Deno.readTextFile(join(DIST, "main.js"));
  assertEquals(program.match(/^import .*"node:(child_process|fs|process)";$/m), null);
  const wallet = await Deno.makeTempDir(), guardians = await federation(realPlatform());
  try {
    const elsewhere = join(wallet, "link");
    await Deno.symlink(PROGRAM, elsewhere);
    const joined = await run(elsewhere, "--data-dir", wallet, "join", formatInviteCode(guardians.invite));
    assertEquals(joined.code, 0, joined.out + joined.err);
    const modules = await run(PROGRAM, "--data-dir", wallet, "module");
    assertStringIncludes(modules.out, '"toy"', modules.err);
    await looksWithoutLibsecp(wallet);
    const words = await run(PROGRAM, "--data-dir", wallet, "print-secret");
    assertMatch(words.out, /([a-z]{3,8} ){11}[a-z]{3,8}/, words.err);
  } finally {
    await guardians.close();
    await Deno.remove(wallet, { recursive: true });
  }
});

/** A command that only looks doesn't load the library; others do, and wouldn't do without it. */
async function looksWithoutLibsecp(wallet: string): Promise<void> {
  const library = join(DIST, "secp256k1.wasm"), away = `${library}.away`;
  await Deno.rename(library, away);
  try {
    const looked = await run(PROGRAM, "--data-dir", wallet, "list-operations");
    assertEquals([looked.code, looked.out], [0, '{\n  "operations": []\n}\n'], looked.err);
    const modules = await run(PROGRAM, "--data-dir", wallet, "module");
    assertEquals(modules.code, 0, modules.err);
    const opened = await run(PROGRAM, "--data-dir", wallet, "dev", "next-event-log-id");
    assertStringIncludes(opened.err, "secp256k1.wasm");
  } finally {
    await Deno.rename(away, library);
  }
}

/** Each costs a command's start 0.1 to 0.2 ms of CPU and 20 KB. */
const FILES_MAX = 545;

type Graph = {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier: string }; readonly isDynamic?: true }[];
  }[];
};

Deno.test("what a command loads at its start doesn't grow unnoticed, and big libraries are loaded when they are used", async () => {
  const { out } = await run(Deno.execPath(), "info", "--json", join(DIST, "..", "client", "main.ts"));
  const graph: Graph = JSON.parse(out), byName = new Map(graph.modules.map((module) => [module.specifier, module]));
  const loaded = new Set<string>(), waiting = [...graph.roots];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (loaded.has(next) || !byName.has(next)) continue;
    loaded.add(next);
    for (const { code, isDynamic } of byName.get(next)!.dependencies ?? []) {
      if (code && !isDynamic) waiting.push(code.specifier);
    }
  }
  assert(loaded.size > 100 && loaded.size <= FILES_MAX, `${loaded.size} files`);
  for (const late of ["secp/tiny.ts", "bls/mcl.ts", "real/http_client.ts", "real/tls.ts"]) {
    const known = [...byName.keys()].filter((name) => name.endsWith(late));
    assertEquals([known.length, known.some((name) => loaded.has(name))], [1, false], late);
  }
});

Deno.test("the built client begins no thread: its module would not be in the bundle", async () => {
  const found: string[] = [];
  for await (const path of filesBelow(DIST)) {
    if (startsThread(await Deno.readTextFile(path))) found.push(path);
  }
  assertEquals(found, []);
});

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(join(folder, name));
    else if (name.endsWith(".js")) yield join(folder, name);
  }
}

Deno.test("the built client refuses modules from outside, which would bring a second copy of its parts", async () => {
  const { code, out, err } = await run(PROGRAM, "--module", "./counter.ts", "--data-dir", "/nowhere", "info");
  assert(code !== 0);
  assertStringIncludes(out + err, "from its sources");
});
