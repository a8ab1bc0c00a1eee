/**
 * `deno task bench:federation`: four guardian processes, one wallet that reissues notes as fast as its transactions are accepted.
 * Transactions accepted a second, submit → accepted (median, p99), CPU seconds a transaction, memory a guardian.
 */
import { Command } from "commander";
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import { openClient } from "../../../client/mod.ts";
import type { FederationClient } from "../../../client/mod.ts";
import { errorText } from "../../../core/result.ts";
import { DevFederation } from "../../../server/devfed/federation.ts";
import { awaitBalance } from "../../demo/waits.ts";

const platform = realPlatform();
/** About ten notes in and ten out. */
const PAYMENT_MSAT = 1_000_000n;
const CLOCK_TICKS_PER_SECOND = 100;

/** CPU seconds and resident bytes of a process, from its /proc files. */
async function usage(pid: number): Promise<{ readonly cpuSeconds: number; readonly residentBytes: number }> {
  const stat = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]!.split(" ");
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = Number(/VmRSS:\s+([0-9]+)/.exec(status)![1]);
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / CLOCK_TICKS_PER_SECOND,
    residentBytes: kilobytes * 1024,
  };
}

function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** A wallet that sends e-cash to itself: each receipt is a transaction. @returns ms from submit to acceptance, one each */
async function load(wallet: FederationClient, untilMs: number): Promise<number[]> {
  const latencies: number[] = [];
  while (platform.clock.monotonicMs() < untilMs) {
    const { ecash } = await wallet.spend(PAYMENT_MSAT);
    const begunMs = platform.clock.monotonicMs();
    const { operationId } = await wallet.receive(ecash);
    const received = await wallet.awaitReceive(operationId);
    if (!received.ok) throw new Error(received.error);
    latencies.push(platform.clock.monotonicMs() - begunMs);
  }
  return latencies;
}

async function run(options: { readonly seconds: number; readonly wallets: number }): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-bench-" });
  const federation = await DevFederation.start({ platform, dir, peers: 4, progress: (text) => console.log(text) });
  const wallets: FederationClient[] = [];
  try {
    for (let i = 0; i < options.wallets; i++) {
      const wallet = await openClient({ dir: join(dir, `wallet${i}`), platform, testEnvironment: true });
      wallets.push(wallet);
      await wallet.join(federation.invite);
      await federation.bitcoin("sendtoaddress", await wallet.depositAddress(), 0.01);
      await federation.mine(8);
      await awaitBalance(wallet, 0n);
    }
    const pids = federation.guardians.map(({ process }) => process.pid);
    const before = await Promise.all(pids.map(usage));
    const begunMs = platform.clock.monotonicMs();
    const latencies = (await Promise.all(wallets.map((wallet) => load(wallet, begunMs + options.seconds * 1000))))
      .flat().sort((a, b) => a - b);
    const tookSeconds = (platform.clock.monotonicMs() - begunMs) / 1000;
    const after = await Promise.all(pids.map(usage));
    const cpuSeconds = after.reduce((sum, { cpuSeconds }, i) => sum + cpuSeconds - before[i]!.cpuSeconds, 0);
    const megabytes = after.map(({ residentBytes }) => (residentBytes / 2 ** 20).toFixed(0)).join(", ");
    console.log(`${latencies.length} transactions by ${wallets.length} wallets in ${tookSeconds.toFixed(0)} s`);
    console.log(`accepted and issued a second        ${(latencies.length / tookSeconds).toFixed(2)}`);
    console.log(`submit → notes, median              ${percentile(latencies, 0.5).toFixed(0)} ms`);
    console.log(`submit → notes, p99                 ${percentile(latencies, 0.99).toFixed(0)} ms`);
    console.log(`CPU a transaction, all guardians    ${(cpuSeconds / latencies.length).toFixed(3)} s`);
    console.log(`memory of each guardian             ${megabytes} MB`);
  } finally {
    for (const wallet of wallets) await wallet.close();
    await federation.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  const { seconds, wallets } = new Command("bench:federation")
    .option("--seconds <number>", "how long", "30")
    .option("--wallets <number>", "wallets at the same time", "2")
    .parse(["deno", "bench", ...Deno.args]).opts<{ seconds: string; wallets: string }>();
  try {
    await run({ seconds: Number(seconds), wallets: Number(wallets) });
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    Deno.exit(1);
  }
}
