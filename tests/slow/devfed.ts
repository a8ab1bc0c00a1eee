/**
 * A federation for development as a newcomer uses it: the lines that it prints, copied into another terminal, and lines
 * for itself.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const WAIT_MS = 120_000;

type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** A line as it is printed: words, and texts in quotes. */
async function shell(line: string): Promise<Ran> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
  assertEquals(words.slice(0, 2), ["deno", "task"]);
  const command = new Deno.Command(Deno.execPath(), { args: words.slice(1), cwd: ROOT, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("what devfed prints can be copied: join, an address, the faucet, the balance; and guardians fall and come back", async () => {
  const parent = await Deno.makeTempDir();
  const dir = join(parent, "fed");
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--config",
      join(ROOT, "deno.json"),
      join(ROOT, "server/main.ts"),
      "devfed",
      "--peers",
      "1",
      "--dir",
      dir,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let told = "";
  let heard = Promise.withResolvers<void>();
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      told += text;
      heard.resolve();
      heard = Promise.withResolvers();
    }
    heard.resolve();
  })();
  const out = new Response(child.stdout).text();
  const untilTold = async (text: string): Promise<void> => {
    const late = setTimeout(() => child.kill("SIGKILL"), WAIT_MS);
    let ended = false;
    void listening.then(() => ended = true);
    while (!told.includes(text)) {
      await heard.promise;
      if (ended && !told.includes(text)) throw new Error(`It never said ${text}: ${told}`);
    }
    clearTimeout(late);
  };
  const input = child.stdin.getWriter();
  const say = (line: string): Promise<void> => input.write(new TextEncoder().encode(`${line}\n`));
  try {
    await untilTold("Ctrl-C ends everything");
    const lines = told.split("\n").map((line) => line.trim()).filter((line) => line.startsWith("deno task"));
    const [joining, address, paying, balance] = lines as [string, string, string, string];
    assertEquals((await shell(joining)).code, 0);
    const shown = await shell(address);
    const [deposit = ""] = /bcrt1\S+/.exec(shown.out) ?? [];
    assert(deposit !== "", shown.err);
    const paid = await shell(paying.replace("ADDRESS", deposit));
    assertEquals(paid.code, 0, paid.err);
    // a block is agreed on some moments after it was mined
    let came = await shell(balance);
    for (let tries = 0; tries < 20 && !/^9,9/.test(came.out); tries++) came = await shell(balance);
    assertStringIncludes(came.out, "sat (9,9");

    await say("kill 0");
    await untilTold("guardian 0 is down");
    await say("mine 2");
    await untilTold("2 blocks mined");
    const aside = await shell(balance);
    assertStringIncludes(aside.out, "As of 20");
    assertStringIncludes(aside.out, came.out.split(" sat")[0]!);
    await say("start 0");
    await untilTold("guardian 0 runs again");
    const again = await shell(balance);
    assert(!again.out.includes("As of"), again.out);
  } finally {
    child.kill("SIGINT");
    await input.close().catch(() => undefined);
    await Promise.all([child.status, listening]);
    await Deno.remove(parent, { recursive: true });
  }
  assertEquals((await child.status).code, 0);
  assertStringIncludes(await out, "fed11");
});
