/**
 * `deno task bench:lightning`: our gateway on a real LND beside the official one on another, in one federation of ours:
 * how long payments take and what CPU, direct swaps a second, memory in one federation and in many.
 */
import { Command } from "commander";
import { errorText } from "../../../core/result.ts";
import { findPrograms } from "../../interop/programs.ts";
import type { Suite } from "../../interop/suite.ts";
import { inFolder } from "../../interop/suite.ts";
import { megabytes } from "../figures.ts";
import { comparison, tableLine } from "../table.ts";
import { joinMany, memoryOfBoth, startForReal } from "./federations.ts";
import type { PaymentFigures } from "./payments.ts";
import { cpuAtRest, measure, measureSwaps, payIn, payOut } from "./payments.ts";
import type { Found, Pair, World } from "./world.ts";
import { startWorld } from "./world.ts";

type Options = {
  readonly peers: number;
  readonly payments: number;
  readonly swaps: number;
  readonly atOnce: number;
  readonly federations: number;
  readonly restSeconds: number;
};

function row(name: string, { ours, official }: Pair<number>, shown: (value: number) => string): void {
  console.log(comparison(name, [ours, official], shown));
}

function each<T>({ ours, official }: Pair<T>, figure: (of: T) => number): Pair<number> {
  return { ours: figure(ours), official: figure(official) };
}

const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const mb = (value: number): string => `${megabytes(value)} MB`;
const count = (value: number): string => value.toFixed(0);

const idle = (value: number): string => `${(value / 10).toFixed(2)} %`;

function paymentRows(name: string, figures: Pair<PaymentFigures>): void {
  row(`${name}, median`, each(figures, (of) => of.medianMs), ms);
  row(`${name}, p99`, each(figures, (of) => of.p99Ms), ms);
  row(`${name}, CPU of the gateway`, each(figures, (of) => of.cpuMs), ms);
}

/** When what came before is over. */
async function restRows(name: string, world: World, restMs: number): Promise<void> {
  await cpuAtRest(world, restMs);
  const rest = await cpuAtRest(world, restMs), memory = await memoryOfBoth(world);
  row(`${name}, at rest, CPU of a core`, rest, idle);
  row(`${name}, memory of its own`, each(memory, (of) => of.ownBytes), mb);
  row(`${name}, with the program's pages`, each(memory, (of) => of.residentBytes), mb);
  row(`${name}, sockets`, each(memory, (of) => of.sockets), count);
}

/** Figures are told as they come. */
async function bench(suite: Suite, programs: Found, options: Options): Promise<void> {
  const { peers, payments, swaps, atOnce, federations, restSeconds } = options;
  const world = await startWorld(suite, programs, peers), restMs = restSeconds * 1_000;
  await cpuAtRest(world, restMs);
  const rest = await cpuAtRest(world, restMs);
  const size = `${peers} guardians, ${payments} payments, load ${Deno.loadavg()[0]!.toFixed(1)}`;
  console.log(`\n${tableLine(size, ["ours", "gatewayd", "ratio"])}`);
  row("at rest with a test federation's rates, CPU of a core", rest, idle);
  paymentRows("invoice → paid", await measure(world, payOut, { count: payments, rest }));
  paymentRows("paid → credited", await measure(world, payIn, { count: payments, rest }));
  const swapped = await measureSwaps(world, { count: swaps, atOnce, rest });
  row(`direct swaps a second, ${atOnce} at a time`, each(swapped, (of) => of.perSecond), (value) => value.toFixed(1));
  row("direct swap, CPU of the gateway", each(swapped, (of) => of.cpuMs), ms);
  row("direct swaps that came back", each(swapped, (of) => of.refunded), count);
  row("after the payments, memory of its own", each(await memoryOfBoth(world), (of) => of.ownBytes), mb);
  await startForReal(world);
  await restRows("1 federation", world, restMs);
  await joinMany(suite, world, federations - 1);
  await restRows(`${federations} federations`, world, restMs);
}

if (import.meta.main) {
  const flags = new Command("bench:lightning")
    .option("--peers <number>", "guardians, 1 or 4 and more", "4")
    .option("--payments <number>", "each way, by each gateway", "50")
    .option("--swaps <number>", "by each gateway", "40")
    .option("--at-once <number>", "swaps at a time", "20")
    .option("--federations <number>", "that the gateways are in at the end", "20")
    .option("--rest <seconds>", "for which they are left alone", "8")
    .parse(["deno", "bench", ...Deno.args]).opts<Record<string, string>>();
  const options = {
    peers: Number(flags.peers),
    payments: Number(flags.payments),
    swaps: Number(flags.swaps),
    atOnce: Number(flags.atOnce),
    federations: Number(flags.federations),
    restSeconds: Number(flags.rest),
  };
  const programs = await findPrograms("gatewayd", "gateway-cli", "lnd", "lncli", "bitcoind");
  if (!programs.ok) {
    console.log(`not run here: ${programs.error}`);
    Deno.exit(0);
  }
  try {
    await inFolder("fedimint-bench-", (suite) => bench(suite, programs.value, options));
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
