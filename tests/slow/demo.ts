/** `deno task demo` with one guardian: it ends well with its sums, and Ctrl-C in the middle leaves nothing running. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";

const MAIN = fromFileUrl(new URL("../demo/main.ts", import.meta.url));
const CONFIG = fromFileUrl(new URL("../../deno.json", import.meta.url));
/** All processes of a run inherit it. */
const MARK = "DEMO_TEST_MARK";

type Run = { readonly child: Deno.ChildProcess; readonly mark: string };

function start(...flags: string[]): Run {
  const mark = crypto.randomUUID();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", CONFIG, MAIN, "--peers", "1", ...flags],
    env: { [MARK]: mark },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return { child, mark };
}

/** Command lines of processes of a run. */
async function leftOf({ mark }: Run): Promise<string[]> {
  const left: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    try {
      const variables = await Deno.readTextFile(`/proc/${name}/environ`);
      if (variables.includes(`${MARK}=${mark}`)) left.push(await Deno.readTextFile(`/proc/${name}/cmdline`));
    } catch (thrown) {
      // it has ended meanwhile, or is another's
      const isGone = thrown instanceof Deno.errors.NotFound || thrown instanceof Deno.errors.PermissionDenied ||
        thrown instanceof Deno.errors.NotCapable || /ESRCH|No such process/.test(String(thrown));
      if (!isGone) throw thrown;
    }
  }
  return left;
}

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("the demo ends well, and its sums are right", onLinux, async () => {
  const run = start();
  const { code, stdout, stderr } = await run.child.output();
  const said = new TextDecoder().decode(stdout), told = new TextDecoder().decode(stderr);
  assertEquals([code, told], [0, ""], said);
  assertStringIncludes(said, "nothing is lost, nothing came from nowhere");
  assert(/^all +[0-9. ]+ sat +[0-9. ]+ sat +0 sat$/m.test(said), said);
  assert(/^outside world, channels .* \+20 000 sat$/m.test(said), said);
  assertEquals(await leftOf(run), []);
});

Deno.test("Ctrl-C while nodes open their channels leaves nothing running", onLinux, async () => {
  const run = start();
  let said = "", isStopped = false;
  const errors = new Response(run.child.stderr).text();
  for await (const text of run.child.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (isStopped || !said.includes("Opening a channel each way")) continue;
    isStopped = true;
    assert((await leftOf(run)).some((line) => line.includes("node/ldk/main.ts")), "the mark isn't inherited");
    run.child.kill("SIGINT");
  }
  const { code } = await run.child.status;
  assertEquals([code, await errors], [130, ""], said);
  assertEquals(await leftOf(run), []);
});
