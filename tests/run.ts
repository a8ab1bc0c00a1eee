/**
 * `deno task test`: everything that this machine can run, one suite after the other; names what it can't and why; ends with
 * `N passed, N failed`. A suite is a command that says in its last lines how many cases passed and failed.
 */

type Suite = {
  readonly name: string;
  readonly args: readonly string[];
  /** Why it can't run here; undefined when it can. */
  readonly missing?: () => string | undefined;
};

const deno = Deno.execPath();

/** They are not called `…_test.ts`, so that `deno test` by itself stays quick. */
const slowTests = ["broadcast_seeds", "client_cli", "refunds", "simulation_seeds", "store_kill"].map((name) =>
  `tests/slow/${name}.ts`
);

const suites: readonly Suite[] = [
  { name: "quick tests", args: ["test", "-P", "--quiet"] },
  { name: "vectors", args: ["task", "vectors"] },
  { name: "AlephBFT recordings", args: ["task", "replay-aleph"] },
  { name: "slow tests", args: ["test", "-A", "--quiet", "--config", "deno.json", ...slowTests] },
];

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

/** Runs a suite, passing its output on as it comes. */
async function run({ args }: Suite): Promise<Counts> {
  const child = new Deno.Command(deno, { args: [...args], stdout: "piped", stderr: "piped" }).spawn();
  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      Deno.stdout.writeSync(new TextEncoder().encode(text));
    }
  };
  const [status] = await Promise.all([child.status, follow(child.stdout), follow(child.stderr)]);
  const counts = countsOf(output) ?? { passed: 0, failed: 0, ignored: 0 };
  return status.success || counts.failed > 0 ? counts : { ...counts, failed: counts.failed + 1 };
}

const skipped: string[] = [];
let passed = 0, failed = 0;
for (const suite of suites) {
  const why = suite.missing?.();
  if (why !== undefined) {
    skipped.push(`${suite.name}: ${why}`);
    continue;
  }
  console.log(`\n== ${suite.name}`);
  const begun = performance.now();
  const counts = await run(suite);
  passed += counts.passed;
  failed += counts.failed;
  console.log(
    `-- ${suite.name}: ${counts.passed} passed, ${counts.failed} failed in ${
      ((performance.now() - begun) / 1000).toFixed(0)
    } s`,
  );
}
for (const line of skipped) console.log(`not run here: ${line}`);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
