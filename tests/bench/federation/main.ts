/**
 * `deno task bench:federation`: four guardian processes under a load of e-cash transactions of ten notes in and ten
 * out. Transactions accepted a second, submit → accepted (median, p99), CPU seconds a transaction, memory a guardian;
 * beside the same load on official guardians where `fedimintd` is found.
 */
import { Command } from "commander";
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openClient } from "../../../client/deno.ts";
import { errorText } from "../../../core/result.ts";
import type { DevFederationOptions } from "../../../server/dev/federation/federation.ts";
import { DevFederation } from "../../../server/dev/federation/federation.ts";
import { fund } from "../../demo/fund.ts";
import { within } from "../../demo/waits.ts";
import { officialGuardian } from "../../interop/federation.ts";
import { findPrograms } from "../../interop/programs.ts";
import { megabytes, percentile } from "../figures.ts";
import type { Lane, Latency } from "./lane.ts";
import { lanesOf } from "./lane.ts";
import type { Usage } from "./usage.ts";
import { usageOf } from "./usage.ts";

const platform = realPlatform();
const PEERS = 4;
const DEPOSIT_BTC = 0.01;

type Options = { readonly seconds: number; readonly lanes: number };

type Figures = {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly usage: readonly Usage[];
  readonly bytes: number;
};

async function measure(federation: DevFederation, lanes: readonly Lane[], { seconds }: Options): Promise<Figures> {
  const pids = federation.guardians.map(({ process }) => process.pid);
  const before = await Promise.all(pids.map(usageOf));
  const begunMs = platform.clock.monotonicMs();
  const latencies: Latency[] = [];
  await Promise.all(lanes.map(async (lane) => {
    while (platform.clock.monotonicMs() - begunMs < seconds * 1_000) latencies.push(await lane.turn());
  }));
  const tookMs = platform.clock.monotonicMs() - begunMs;
  const after = await Promise.all(pids.map(usageOf));
  const cpuSeconds = after.reduce((sum, { cpuSeconds }, i) => sum + cpuSeconds - before[i]!.cpuSeconds, 0);
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / tookMs * 1_000,
    medianMs: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    cpuMs: cpuSeconds * 1_000 / latencies.length,
    usage: after,
    bytes: lanes[0]!.transactionBytes,
  };
}

async function run(options: Options, program?: DevFederationOptions["program"]): Promise<Figures> {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-bench-" });
  const federation = await DevFederation.start({
    platform,
    dir: join(dir, "federation"),
    peers: PEERS,
    progress: (text) => console.error(text),
    env: { FM_DISABLE_BASE_FEES: "1", FM_ENABLE_MODULE_LNV2: "0" },
    ...(program && { program }),
  });
  try {
    const wallet = await openClient({ dir: join(dir, "wallet"), platform });
    try {
      await within("Joining", wallet.join(federation.invite));
      await fund(federation, wallet, DEPOSIT_BTC);
      const lanes = await within("Notes for all lanes", lanesOf(wallet, options.lanes, PEERS));
      await wallet.client.awaitIdle();
      for (const lane of lanes) await lane.turn();
      return await measure(federation, lanes, options);
    } finally {
      await wallet.close();
    }
  } finally {
    await federation.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

function print(name: string, figures: Figures): void {
  const line = (text: string, value: string): void => console.log(`  ${text.padEnd(48)} ${value}`);
  console.log(`\n${name}, transactions of ${figures.bytes} bytes, ten notes in and ten out`);
  line("accepted a second", figures.perSecond.toFixed(1));
  line("submit → accepted, median", `${figures.medianMs.toFixed(0)} ms`);
  line("submit → accepted, p99", `${figures.p99Ms.toFixed(0)} ms`);
  line("CPU of all guardians a transaction", `${figures.cpuMs.toFixed(1)} ms`);
  const each = (size: (usage: Usage) => number): string =>
    `${figures.usage.map((usage) => megabytes(size(usage))).join(", ")} MB`;
  line("memory of each guardian, its own", each(({ ownBytes }) => ownBytes));
  line("… with the program's pages, which all share", each(({ residentBytes }) => residentBytes));
}

if (import.meta.main) {
  const flags = new Command("bench:federation")
    .option("--seconds <number>", "how long", "20")
    .option("--lanes <number>", "transactions at the same time", "8")
    .parse(["deno", "bench", ...Deno.args]).opts<{ seconds: string; lanes: string }>();
  const options = { seconds: Number(flags.seconds), lanes: Number(flags.lanes) };
  try {
    const ours = await run(options);
    print("our guardians", ours);
    const programs = await findPrograms("fedimintd");
    if (programs.ok) {
      const official = await run(options, () => officialGuardian(programs.value.fedimintd));
      print("official guardians", official);
      console.log(`\naccepted a second ×${(ours.perSecond / official.perSecond).toFixed(2)} of the official ones`);
      console.log(`CPU a transaction ×${(ours.cpuMs / official.cpuMs).toFixed(2)}`);
    } else console.log(`\nno official guardians to compare with: ${programs.error}`);
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
