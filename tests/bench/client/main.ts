/**
 * `deno task bench:client`: our command line, from its sources and built, beside fedimint-cli, each on our guardians
 * and on official ones. CPU, time and memory of a new wallet's commands, and of one that waits.
 */
import { Command } from "commander";
import { fromFileUrl, join } from "@std/path";
import { errorText } from "../../../core/result.ts";
import { ownProgram, runOwnProgram } from "../../../server/dev/federation/processes.ts";
import { findPrograms } from "../../interop/programs.ts";
import type { Suite } from "../../interop/suite.ts";
import { inFolder } from "../../interop/suite.ts";
import type { Guardians } from "../federation/guardians.ts";
import { byTurns, startPair } from "../federation/pair.ts";
import { wholeNumber, wholeNumbers } from "../options.ts";
import type { ClientFigures } from "./report.ts";
import { clientLines, idleLines } from "./report.ts";
import type { Costs } from "./steps.ts";
import { takeSteps } from "./steps.ts";
import type { Idle } from "./wallet.ts";
import { MeasuredWallet } from "./wallet.ts";

const ROOT = fromFileUrl(import.meta.resolve("../../../"));

type Options = {
  readonly runs: number;
  readonly notes: readonly number[];
  readonly settle: number;
  readonly idle: number;
  readonly oursOnly?: true;
  readonly json?: string;
};

type Client = { readonly name: keyof ClientFigures; readonly program: readonly string[] };

type Raced = {
  readonly costs: ReadonlyMap<Client["name"], readonly Costs[]>;
  readonly idle: ReadonlyMap<string, Idle>;
};

/** All of one federation: clients by turns, each run with new wallets; at last one wallet of each waits. */
async function race(
  suite: Suite,
  guardians: Guardians,
  clients: readonly Client[],
  { runs, notes, settle, idle }: Options,
): Promise<Raced> {
  const costs = new Map<Client["name"], Costs[]>(clients.map(({ name }) => [name, []])),
    idles = new Map<string, Idle>();
  for (let run = 0; run < runs; run++) {
    for (const { name, program } of clients) {
      const title = `${name} client of ${guardians.name} ${run + 1}`;
      console.error(title);
      const wallet = new MeasuredWallet(program, join(suite.dir, title));
      costs.get(name)!.push(await takeSteps(guardians, wallet, notes));
      if (run === runs - 1) idles.set(name, await wallet.idle(settle * 1_000, idle * 1_000));
    }
  }
  return { costs, idle: idles };
}

function print(guardians: Guardians, { costs, idle }: Raced): void {
  const title = `${guardians.name}, machine's load ${Deno.loadavg()[0]!.toFixed(1)}`;
  const figures = { ours: costs.get("ours")!, built: costs.get("built")!, official: costs.get("official") ?? null };
  for (const line of clientLines(title, figures)) console.log(line);
  const waiting = { ours: idle.get("ours")!, built: idle.get("built")!, official: idle.get("official") ?? null };
  for (const line of idleLines(waiting)) console.log(line);
}

/** As `deno task build:client` makes it, in its place. @returns what runs it, with the Deno of this process */
async function builtClient(): Promise<string[]> {
  await runOwnProgram("tests/build/main.ts", []);
  return ["env", `DENO=${Deno.execPath()}`, join(ROOT, "dist", "fedimint-client")];
}

/** Figures of a federation are told as soon as they are there. @returns all runs */
async function bench(suite: Suite, programs: { fedimintd: string; cli: string } | null, options: Options) {
  const pair = await startPair(suite, { fedimintd: programs && programs.fedimintd, down: false });
  const clients: Client[] = [
    { name: "ours", program: ownProgram("client/main.ts") },
    { name: "built", program: await builtClient() },
  ];
  if (programs) clients.push({ name: "official", program: [programs.cli] });
  return await byTurns(pair, async (guardians) => {
    const raced = await race(suite, guardians, clients, options);
    print(guardians, raced);
    const runs = Object.fromEntries(
      [...raced.costs].map(([name, each]) => [name, each.map((costs) => Object.fromEntries(costs))]),
    );
    return { runs, idle: Object.fromEntries(raced.idle) };
  });
}

if (import.meta.main) {
  const options = new Command("bench:client")
    .option("--runs <number>", "with new wallets each; more give a spread", wholeNumber, 1)
    .option("--notes <numbers>", "notes that a wallet receives at once, commas between", wholeNumbers, [10, 76])
    .option("--settle <seconds>", "before a waiting wallet is looked at", wholeNumber, 15)
    .option("--idle <seconds>", "for which it is looked at", wholeNumber, 20)
    .option("--ours-only", "our client on our guardians alone")
    .option("--json <file>", "writes all figures there too")
    .parse(["deno", "bench", ...Deno.args]).opts<Options>();
  try {
    const found = options.oursOnly ? null : await findPrograms("fedimintd", "fedimint-cli");
    if (found && !found.ok) console.log(`nothing official to compare with: ${found.error}`);
    const programs = found?.ok ? { fedimintd: found.value.fedimintd, cli: found.value["fedimint-cli"] } : null;
    await inFolder("fedimint-bench-", async (suite) => {
      const figures = await bench(suite, programs, options);
      if (options.json) await Deno.writeTextFile(options.json, JSON.stringify({ options, ...figures }, null, 2));
    });
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
