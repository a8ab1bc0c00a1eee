/**
 * `deno task test`: what this machine can run, and by name what it leaves out and why; ends with what failed and why,
 * and `N passed, N failed`. First the quick tests; then attacks and what real processes do, at whose side simulated
 * worlds, to which time is nothing, take what is left of the machine. With `--long` also the suites that others have
 * most parts of. `deno task test WORD…` runs the suites whose names have one of the words.
 *
 * A suite is a command that says in its last lines how many cases passed and failed; one that can't run here says
 * `not run here: WHY` and that none did.
 */
import { WIDE_FLAG } from "../core/crypto/wasm/probe.ts";
import { BITCOIND_TEST } from "../server/dev/chain/testing/core_node.ts";
import type { SourceFile } from "./check/sources.ts";
import { sourcesBelow } from "./check/sources.ts";
import type { Counts, Failure } from "./suite_output.ts";
import { countsOf, failuresOf, linesOf, notRunOf, toldAtTheEnd } from "./suite_output.ts";

type Suite = {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Others have most of its parts: only `--long` runs it, or its name. */
  readonly isLong?: boolean;
};

const deno = Deno.execPath();

const inSlow = (name: string): string => `tests/slow/${name}.ts`;

/** They are not called `…_test.ts`, so that `deno test` by itself stays quick. Longest first. */
const simulatedWorlds = [
  "gateway_crash",
  "lnv1_gateway_crash",
  "simulation_seeds",
  "restore_seeds",
  "lightning_seeds",
  "lightning_cheats",
  "old_databases",
  "dead_bitcoin_node",
  "broadcast_seeds",
  "copy_of_guardian",
  "copies_seeds",
  "lost_database",
  "crowded_wallet",
  "refunds",
  "large_session",
  "many_notes",
  "hostile_links",
  "lost_database_in_session",
  "setup_stops",
  "bls_field",
  "secp_field",
  "secp_crafted",
].map(inSlow);

const realPrograms = [
  "restore_killed",
  "devfed",
  "demo",
  "gateway_embedded",
  "without_permissions",
  "ldk_forced",
  "store_kill",
  "ldk_killed",
  "client_cli",
  "build_client",
  "service",
].map(inSlow);

/** Tests of whole wallets, guardians, gateways and programs: of some seconds each, and too many for the quick part. */
const wholeTests = (await sourcesBelow(["core", "actors", "modules", "server", "client", "tests"]))
  .filter(({ path }) => path.endsWith("_whole.ts"));
const isReal = ({ text }: SourceFile): boolean => text.includes("testsNeeding(");
const pathOf = ({ path }: SourceFile): string => path;

// types are `deno task check`'s; tests with a real bitcoind go by this variable, and are a suite of their own
const NO_BITCOIND = { BITCOIND_DIR: "" };

/** As `deno task guardian` and `deno task client` run; children get it from their environment. */
const V8_FLAGS = [Deno.env.get("DENO_V8_FLAGS") ?? "", WIDE_FLAG].filter((flags) => flags !== "").join(",");

/** Files of tests, so many at a time. */
function files(name: string, jobs: number, paths: readonly string[]): Suite {
  const args = ["test", "-A", "--no-check", "--parallel", "--quiet", "--config", "deno.json", ...paths];
  return { name, args, env: { ...NO_BITCOIND, DENO_JOBS: String(jobs) } };
}

function interop(name: string, file: string, ...args: readonly string[]): Suite {
  return { name, args: ["run", "-A", `tests/interop/${file}.ts`, ...args] };
}

function long(suite: Suite): Suite {
  return { ...suite, isLong: true };
}

const quick: Suite = {
  name: "quick tests",
  args: ["test", "-P", "--no-check", "--parallel", "--quiet"],
  env: NO_BITCOIND,
};

/** They measure before and during, and have nothing beside them but what takes the processor when nobody wants it. */
const attacks: Suite = { name: "attacks on real guardians", args: ["task", "hostile", "--short"] };

const REAL_AT_ONCE = 2;

/** Longest first, so that none is left alone at the end. */
const real: readonly Suite[] = [
  files("slow tests of real programs", 1, realPrograms),
  interop("wallets restored by the other client, in our federation", "recovery", "--in-ours"),
  long(interop("wallets restored by the other client, in an official federation", "recovery", "--in-official")),
  interop("official clients in our federation", "official_client"),
  interop("our gateways, with official guardians, clients and gateway-cli", "our_gateway"),
  long(interop("both clients pay over Lightning through the official gateway, in our federation", "lightning")),
  interop("both clients pay over Lightning, with both kinds of guardians", "lightning", "--mixed"),
  interop("official guardians and ours in one federation", "mixed"),
  interop("our client in an official federation", "our_client"),
  long(interop("both clients pay over Lightning's first module through our gateway", "lnv1_gateway")),
  long(interop("invoices within a federation of official guardians and ours", "ln")),
  files("whole tests of real programs", 1, wholeTests.filter(isReal).map(pathOf)),
  interop("a gateway's side of a real LND", "lnd"),
  interop("forwards that a real LND has handed over to a gateway that is gone", "lnd_forwards"),
  interop("a real LND on the embedded chain, and the embedded Lightning node", "embedded_node"),
  interop("backups that the other client reads", "backups"),
  interop("tests with a real bitcoind", "bitcoind"),
];

const simulated: readonly Suite[] = [
  files("slow and whole tests of simulated worlds", 2, [
    ...simulatedWorlds,
    ...wholeTests.filter((file) => !isReal(file)).map(pathOf),
  ]),
  { name: "AlephBFT recordings", args: ["task", "replay-aleph"] },
  { name: "vectors", args: ["task", "vectors"] },
];

const INTERRUPTED_EXIT = 130;

const running = new Set<Deno.ChildProcess>();
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    interrupted = true;
    for (const child of running) child.kill("SIGTERM");
  });
}

type Ran = Counts & {
  readonly notRun: readonly string[];
  readonly failures: readonly Failure[];
  readonly output: string;
  readonly seconds: number;
};

function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

/** It gets the processor when nobody else wants it. */
const LAST = ["nice", "-n", "19"];

type Options = { readonly isLast?: boolean; readonly tell?: (text: string) => void };

/** Runs a suite. `tell` is given its output as it comes. */
async function run({ args, env = {}, ...suite }: Suite, { isLast = false, tell = () => {} }: Options): Promise<Ran> {
  const begun = performance.now();
  const [program, ...rest] = [...(isLast ? LAST : []), deno, ...args] as [string, ...string[]];
  const all = { DENO_V8_FLAGS: V8_FLAGS, ...env };
  const child = new Deno.Command(program, { args: rest, env: all, stdout: "piped", stderr: "piped" }).spawn();
  running.add(child);
  const ended = child.status.finally(() => running.delete(child));
  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      tell(text);
    }
  };
  const [status] = await Promise.all([ended, follow(child.stdout), follow(child.stderr)]);
  if (interrupted) Deno.exit(INTERRUPTED_EXIT);
  const lines = linesOf(output);
  const counts = countsOf(lines) ?? { passed: 0, failed: 0 };
  // tests with a real bitcoind are a suite of their own
  const notRun = notRunOf(suite.name, lines).filter((name) => !name.startsWith(BITCOIND_TEST));
  const nothing = counts.passed === 0 && notRun.length === 0;
  const failed = counts.failed === 0 && (!status.success || nothing) ? 1 : counts.failed;
  const failures = failed === 0 ? [] : failuresOf(lines);
  return { ...counts, failed, failures, notRun, output, seconds: (performance.now() - begun) / 1000 };
}

const summary: string[] = [], skipped: string[] = [], failures: Failure[] = [];
let passed = 0, failed = 0;
function show({ name }: Suite, ran: Ran): void {
  passed += ran.passed;
  failed += ran.failed;
  skipped.push(...ran.notRun);
  failures.push(...ran.failures.map((failure) => ({ ...failure, name: `${name}: ${failure.name}` })));
  if (ran.passed + ran.failed === 0) return;
  const line = `-- ${name}: ${ran.passed} passed, ${ran.failed} failed in ${ran.seconds.toFixed(0)} s`;
  summary.push(line);
  console.log(line);
}

const LONG = "--long";
const words = Deno.args.filter((word) => word !== LONG), withLong = Deno.args.includes(LONG);

function isChosen({ name, isLong = false }: Suite): boolean {
  return words.length === 0 ? withLong || !isLong : words.some((word) => name.includes(word));
}

/** Runs suites, so many at once; each is shown as a whole when it has ended. */
async function runAll(suites: readonly Suite[], { atOnce = 1, isLast = false } = {}): Promise<void> {
  const waiting = suites.filter(isChosen);
  const lane = async (): Promise<void> => {
    for (let suite = waiting.shift(); suite !== undefined; suite = waiting.shift()) {
      const ran = await run(suite, { isLast });
      console.log(`\n== ${suite.name}`);
      print(ran.output);
      show(suite, ran);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

if (isChosen(quick)) {
  console.log(`== ${quick.name}`);
  show(quick, await run(quick, { tell: print }));
}
const worlds = runAll(simulated, { isLast: true });
await runAll([attacks]);
await Promise.all([worlds, runAll(real, { atOnce: REAL_AT_ONCE })]);
if (words.length === 0) {
  const left = real.filter((suite) => !isChosen(suite));
  skipped.push(...left.map(({ name }) => `${name}: others have most of its parts; deno task test ${LONG} runs it`));
}
console.log("\n== all suites, as they ended");
for (const line of summary) console.log(line);
for (const line of skipped) console.log(`not run here: ${line}`);
for (const line of toldAtTheEnd(failures)) console.log(line);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 && passed > 0 ? 0 : 1);
