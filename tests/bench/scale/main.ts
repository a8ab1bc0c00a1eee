/**
 * `deno task bench:scale [CASE…]`: what an item costs as there are more of them: guardians, transactions of a session,
 * spent notes, operations of a wallet, sockets, sessions to catch up, gigabytes. Each size in a process of its own.
 */
import { Command } from "commander";
import { fromFileUrl } from "@std/path";
import { errorText } from "../../../core/result.ts";
import { cases } from "./cases.ts";
import type { Point, ScaleCase } from "./point.ts";
import { tableOf } from "./table.ts";

type Flags = { readonly sizes?: string; readonly json?: string; readonly point?: string };

/** `--expose-gc`: memory is measured when what nobody holds has been collected. */
const V8_FLAGS = "--expose-gc,--experimental-wasm-wide-arithmetic";

async function pointOf(name: string, size: number): Promise<Point> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--v8-flags=${V8_FLAGS}`, fromFileUrl(import.meta.url), name, "--point", String(size)],
    stdout: "piped",
    stderr: "inherit",
  });
  const { success, stdout } = await command.output();
  if (!success) throw new Error(`The case ${name} failed at size ${size}; what it said stands above`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Point;
}

async function run(name: string, wanted: ScaleCase, sizes: readonly number[]): Promise<Point[]> {
  const points: Point[] = [];
  for (const size of sizes) {
    console.error(`${name}: ${size.toLocaleString("en")} ${wanted.sizeOf}`);
    const point = await pointOf(name, size);
    // whatever becomes of the larger ones
    console.error(`  ${JSON.stringify(point)}`);
    points.push(point);
  }
  console.log(`\n${name}: ${wanted.title}\n`);
  for (const line of tableOf(wanted, points)) console.log(line);
  return points;
}

async function main(names: readonly string[], flags: Flags): Promise<void> {
  const chosen = (names.length === 0 ? Object.keys(cases) : names).map((name): [string, ScaleCase] => {
    const found = cases[name];
    if (!found) throw new Error(`There is no case ${name}: ${Object.keys(cases).join(", ")}`);
    return [name, found];
  });
  if (flags.point !== undefined) {
    const point = await chosen[0]![1].measure(Number(flags.point));
    console.log(JSON.stringify(point));
    return;
  }
  const sizes = flags.sizes?.split(",").map(Number);
  if (sizes?.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    throw new Error("--sizes takes numbers from 1 on");
  }
  const all: Record<string, Point[]> = {};
  for (const [name, wanted] of chosen) all[name] = await run(name, wanted, sizes ?? wanted.sizes);
  console.log(`\nload ${Deno.loadavg()[0]!.toFixed(1)}`);
  if (flags.json !== undefined) await Deno.writeTextFile(flags.json, JSON.stringify(all, null, 2) + "\n");
}

if (import.meta.main) {
  const command = new Command("bench:scale")
    .argument("[case...]", `of ${Object.keys(cases).join(", ")}; all by default`)
    .option("--sizes <list>", "sizes instead of the cases' own, as 10,1000")
    .option("--json <file>", "the sums of each point, to compare runs")
    .option("--point <size>", "one size in this process; prints its sums as JSON")
    .parse(["deno", "bench", ...Deno.args]);
  try {
    await main(command.args, command.opts<Flags>());
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
