/** `deno task build:client`, and what it makes: as real processes, with guardians of the test's own process. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Ran } from "./testing/devfed_program.ts";
import { shell } from "./testing/devfed_program.ts";
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
  const program = await Deno.readTextFile(join(DIST, "client", "main.js"));
  assertEquals(program.match(/^import .*"node:(child_process|fs|process)";$/m), null);
  const wallet = await Deno.makeTempDir(), guardians = await federation(realPlatform());
  try {
    const elsewhere = join(wallet, "link");
    await Deno.symlink(PROGRAM, elsewhere);
    const joined = await run(elsewhere, "--data-dir", wallet, "join", formatInviteCode(guardians.invite));
    assertEquals(joined.code, 0, joined.out + joined.err);
    const modules = await run(PROGRAM, "--data-dir", wallet, "module");
    assertStringIncludes(modules.out, '"toy"', modules.err);
    const words = await run(PROGRAM, "--data-dir", wallet, "print-secret");
    assertMatch(words.out, /([a-z]{3,8} ){11}[a-z]{3,8}/, words.err);
  } finally {
    await guardians.close();
    await Deno.remove(wallet, { recursive: true });
  }
});

Deno.test("threads of the built client are where it looks for them", async () => {
  let threads = 0;
  for await (const path of filesBelow(DIST)) {
    const text = await Deno.readTextFile(path);
    for (const [, place] of text.matchAll(/import\.meta\.resolve\("(\.[^"]*_thread\.\w+)"\)/g)) {
      await Deno.stat(fromFileUrl(new URL(place!, `file://${path}`)));
      threads++;
    }
  }
  assert(threads >= 2, `${threads} threads`);
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
