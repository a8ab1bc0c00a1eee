/**
 * `deno task bench:recovery`: a wallet restored from its words, by guardians whose recovery log has years in it.
 * Items a second, time until the money is there, memory, CPU of the guardians; by the official client beside ours, in
 * the same federation. Guardians are started anew before each, so that nobody finds what another asked for.
 */
import { Command } from "commander";
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { wordsOfEntropy } from "../../../core/crypto/bip39.ts";
import { errorText } from "../../../core/result.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import { findPrograms } from "../../interop/programs.ts";
import { giveLongLog } from "../../recovery/federation.ts";
import { usageOf } from "../usage.ts";
import { megabytes } from "../figures.ts";
import type { Restored, Restorer } from "./restorers.ts";
import { officialRestorer, ourRestorer } from "./restorers.ts";

const platform = realPlatform();
const DENOMINATION = 14;
const MILLION = 1_000_000;

type Options = { readonly items: number; readonly notes: number; readonly peers: number };
type Figures = Restored & {
  /** A guardian's, beyond what it takes in as long a time when nobody restores. */
  readonly guardianCpuSeconds: number;
  readonly guardianBytes: readonly number[];
};

/** So long guardians are left alone, to see what they take then. */
const REST_MS = 10_000;

async function startAnew(federation: DevFederation): Promise<void> {
  const peers = federation.guardians.map(({ peer }) => peer);
  await Promise.all(peers.map((peer) => federation.halt(peer)));
  await Promise.all(peers.map((peer) => federation.restart(peer)));
}

async function measure(federation: DevFederation, restore: () => Promise<Restored>): Promise<Figures> {
  await startAnew(federation);
  const usages = async () => {
    const each = await Promise.all(federation.guardians.map(({ process }) => usageOf(process.pid)));
    const cpuSeconds = each.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / each.length;
    return { cpuSeconds, bytes: each.map(({ ownBytes }) => ownBytes), atMs: performance.now() };
  };
  const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));
  // what their start takes is over then
  await rest();
  const atRest = await usages();
  await rest();
  const before = await usages();
  const restored = await restore();
  const after = await usages();
  const restPerMs = (before.cpuSeconds - atRest.cpuSeconds) / (before.atMs - atRest.atMs);
  return {
    ...restored,
    guardianCpuSeconds: after.cpuSeconds - before.cpuSeconds - restPerMs * (after.atMs - before.atMs),
    guardianBytes: after.bytes,
  };
}

function print(name: string, figures: Figures, { items, peers }: Options): void {
  const line = (text: string, value: string): void => console.log(`  ${text.padEnd(48)} ${value}`);
  console.log(`\n${name}, ${items} items, ${peers} guardians, load ${Deno.loadavg()[0]!.toFixed(1)}`);
  line("items a second", figures.itemsPerSecond.toFixed(0));
  line("until all e-cash is found", `${(items / figures.itemsPerSecond).toFixed(1)} s`);
  line("until all money is in the balance", `${(figures.tookMs / 1_000).toFixed(1)} s`);
  line("memory of the client at most", `${megabytes(figures.peakBytes)} MB`);
  line("… when it does nothing", `${megabytes(figures.idleBytes)} MB`);
  line(
    "CPU of a guardian a million items, beyond its rest",
    `${(figures.guardianCpuSeconds * MILLION / items).toFixed(1)} s`,
  );
  line("memory of each guardian, its own", `${figures.guardianBytes.map(megabytes).join(", ")} MB`);
}

async function run(options: Options): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-bench-" });
  const federation = await DevFederation.start({
    platform,
    dir: join(dir, "federation"),
    peers: options.peers,
    progress: (text) => console.error(text),
    env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
  });
  try {
    const programs = await findPrograms("fedimint-cli");
    const restorers: [string, Restorer][] = [["our client", ourRestorer]];
    if (programs.ok) restorers.push(["the official client", officialRestorer(programs.value["fedimint-cli"])]);
    const own = restorers.map(() => wordsOfEntropy(platform.dice.bytes(16)));
    console.error(`Writing ${options.items} items to the databases of ${options.peers} guardians`);
    const sumMsat = await giveLongLog(federation, {
      items: options.items,
      seed: 1,
      wallets: own.map((words) => ({ words, kept: options.notes, spent: options.notes, denomination: DENOMINATION })),
    });
    const figures: Figures[] = [];
    for (const [i, [name, restorer]] of restorers.entries()) {
      const wanted = { words: own[i]!, msat: sumMsat / BigInt(restorers.length), items: options.items };
      figures.push(
        await measure(federation, () => restorer({ ...wanted, dir: join(dir, `wallet${i}`), federation })),
      );
      print(name, figures.at(-1)!, options);
    }
    const [ours, official] = figures;
    if (ours && official) {
      console.log(
        `\nitems a second ×${(ours.itemsPerSecond / official.itemsPerSecond).toFixed(2)} of the official one`,
      );
    } else if (!programs.ok) console.log(`\nno official client to compare with: ${programs.error}`);
  } finally {
    await federation.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  const flags = new Command("bench:recovery")
    .option("--items <number>", "items of the recovery log", "100000")
    .option("--notes <number>", "notes that each wallet has, and as many that it had", "200")
    .option("--peers <number>", "guardians", "4")
    .parse(["deno", "bench", ...Deno.args]).opts<{ items: string; notes: string; peers: string }>();
  try {
    await run({ items: Number(flags.items), notes: Number(flags.notes), peers: Number(flags.peers) });
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
