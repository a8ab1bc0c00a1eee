/**
 * `deno task test`: everything that this machine can run, one suite after the other; names what it can't and why; ends with
 * `N passed, N failed`. A suite is a command that says in its last lines how many cases passed and failed; one that can't run here says
 * `not run here: WHY` and that none did.
 */

type Suite = { readonly name: string; readonly args: readonly string[]; readonly env?: Record<string, string> };

const deno = Deno.execPath();

/** They are not called `…_test.ts`, so that `deno test` by itself stays quick. */
const slowTests = [
  "simulation_seeds_1_to_10",
  "simulation_seeds_11_to_20",
  "broadcast_seeds",
  "client_cli",
  "refunds",
  "store_kill",
].map((name) => `tests/slow/${name}.ts`);

function interop(name: string, file: string): Suite {
  return { name, args: ["run", "-A", `tests/interop/${file}.ts`] };
}

const suites: readonly Suite[] = [
  // those with a real bitcoind go by this variable, and are a suite of their own
  { name: "quick tests", args: ["test", "-P", "--parallel", "--quiet"], env: { BITCOIND_DIR: "" } },
  { name: "vectors", args: ["task", "vectors"] },
  { name: "AlephBFT recordings", args: ["task", "replay-aleph"] },
  { name: "slow tests", args: ["test", "-A", "--parallel", "--quiet", "--config", "deno.json", ...slowTests] },
  interop("tests with a real bitcoind", "bitcoind"),
  interop("our client in an official federation", "our_client"),
  interop("official clients in our federation", "official_client"),
  interop("official guardians and ours in one federation", "mixed"),
];

const INTERRUPTED_EXIT = 130;

type Counts = { readonly passed: number; readonly failed: number; readonly ignored: number };

/** Of `deno test`'s closing line, or of a line `N passed, N failed`. */
function countsOf(output: string): Counts | null {
  // deno-lint-ignore no-control-regex -- colours
  const lines = output.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  for (const line of lines.toReversed()) {
    const match = /(\d+) passed(?: \(\d+ steps?\))?(?: \| |, )(\d+) failed(?:.*?(\d+) ignored)?/.exec(line);
    if (match) return { passed: Number(match[1]), failed: Number(match[2]), ignored: Number(match[3] ?? 0) };
  }
  return null;
}

let running: Deno.ChildProcess | undefined;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    interrupted = true;
    running?.kill("SIGTERM");
  });
}

/** Runs a suite, passing its output on as it comes. */
async function run({ args, env = {} }: Suite): Promise<Counts & { readonly notRun: string | null }> {
  const child = new Deno.Command(deno, { args: [...args], env, stdout: "piped", stderr: "piped" }).spawn();
  running = child;
  const ended = child.status.finally(() => running = undefined);
  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      Deno.stdout.writeSync(new TextEncoder().encode(text));
    }
  };
  const [status] = await Promise.all([ended, follow(child.stdout), follow(child.stderr)]);
  if (interrupted) Deno.exit(INTERRUPTED_EXIT);
  const counts = countsOf(output) ?? { passed: 0, failed: 0, ignored: 0 };
  const notRun = /^not run here: (.*)$/m.exec(output)?.[1] ?? null;
  const failed = status.success || counts.failed > 0 ? counts.failed : 1;
  return { ...counts, failed, notRun };
}

const skipped: string[] = [];
let passed = 0, failed = 0;
for (const suite of suites) {
  console.log(`\n== ${suite.name}`);
  const begun = performance.now();
  const counts = await run(suite);
  passed += counts.passed;
  failed += counts.failed;
  if (counts.notRun !== null) {
    skipped.push(`${suite.name}: ${counts.notRun}`);
    continue;
  }
  console.log(
    `-- ${suite.name}: ${counts.passed} passed, ${counts.failed} failed in ${
      ((performance.now() - begun) / 1000).toFixed(0)
    } s`,
  );
}
for (const line of skipped) console.log(`not run here: ${line}`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
