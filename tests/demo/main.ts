/**
 * `deno task demo`: a federation of four guardian processes on this machine takes in Bitcoin, issues e-cash, passes it
 * between two wallets and pays Bitcoin out, with one guardian killed on the way; then its people pay and are paid over
 * Lightning, with the gateway killed on the way. Every process, link, channel and signature is real; only the money
 * isn't.
 */
import { Command } from "commander";
import { join } from "@std/path";
import { consoleSink } from "../../actors/platform/console_sink.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Inspection } from "../../actors/system.ts";
import type { FederationClient } from "../../client/mod.ts";
import { openClient } from "../../client/deno.ts";
import { errorText } from "../../core/result.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { DevLightning } from "../../server/dev/federation/lightning.ts";
import { countAll } from "./counting.ts";
import { ecashStory } from "./ecash.ts";
import { lightningStory } from "./lightning.ts";
import { commandsOf, Outside } from "./outside.ts";
import { actorTree, Progress, seconds } from "./report.ts";
import { checkMoved } from "./sums.ts";
import { tables } from "./tables.ts";
import { within } from "./waits.ts";

type Flags = { readonly peers: string; readonly bitcoind?: string; readonly keep: boolean; readonly dir?: string };

const platform = realPlatform();

/** Its log lies beside it. */
async function openWallet(dir: string): Promise<FederationClient> {
  const write = (line: string): void => Deno.writeTextFileSync(`${dir}.log`, line, { append: true });
  return await openClient({ dir, platform, log: consoleSink(platform.clock, "debug", write), testEnvironment: true });
}

async function showActors(federation: DevFederation, alice: FederationClient): Promise<void> {
  console.log("\nA guardian's actors");
  console.log(actorTree(await federation.call(0, "inspect") as unknown as Inspection));
  console.log("\nAlice's actors");
  console.log(actorTree(alice.client.inspect()));
}

function nextCommands(federation: DevFederation, { outsideLines, gatewayUrl }: DevLightning, dir: string): string {
  const wallet = "deno task client --data-dir ./wallet";
  return [
    `\nIt goes on running until Ctrl-C; everything is in ${dir}. Gateway: ${gatewayUrl}. Invite code:`,
    federation.invite,
    "\nTry, in another terminal:",
    `  ${wallet} join ${federation.invite}`,
    `  ${wallet} deposit --no-wait`,
    `  deno task devchain --dir ${join(dir, "bitcoin")} pay ADDRESS "0.1 btc"`,
    `  ${wallet} balance`,
    "Pay over Lightning, and be paid:",
    `  ${outsideLines.invoice}`,
    `  ${wallet} pay INVOICE`,
    `  ${wallet} invoice "1000 sat"`,
    `  ${outsideLines.pay} INVOICE`,
  ].join("\n");
}

async function run(flags: Flags): Promise<void> {
  const dir = flags.dir ?? await Deno.makeTempDir({ prefix: "fedimint-demo-" });
  const progress = new Progress();
  const open: { stop(): Promise<void> }[] = [];
  const cleanUp = async (): Promise<void> => {
    const failed: unknown[] = [];
    // one that can't be stopped keeps none of the others
    for (const thing of open.splice(0).reverse()) await thing.stop().catch((thrown) => failed.push(thrown));
    if (flags.dir === undefined) await Deno.remove(dir, { recursive: true });
    if (failed.length > 0) throw failed[0];
  };
  const stop = new AbortController();
  const interrupted = new Promise<never>((_, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(name, () => stop.abort(new Interrupted()));
    }
  });
  try {
    await Promise.race([
      interrupted,
      (async () => {
        const starting = DevFederation.start({
          platform,
          dir,
          peers: Number(flags.peers),
          progress: (text) => progress.say(text),
          signal: stop.signal,
          ...(flags.bitcoind !== undefined && { bitcoindDir: flags.bitcoind }),
        });
        // interrupted while it starts, it stops what it has started itself
        open.push({ stop: () => starting.then((started) => started.stop(), () => undefined) });
        const federation = await starting;
        const lightning = DevLightning.start(federation, {
          dir,
          progress: (text) => progress.aside(text),
          signal: stop.signal,
          commands: commandsOf(platform),
        });
        // it goes on beside the first part, which may fail before anybody waits for it
        open.push({ stop: () => lightning.then((started) => started.stop(), () => undefined) });
        progress.say("Alice and Bob join with the invite code");
        const alice = await openWallet(join(dir, "alice"));
        open.push({ stop: () => alice.close() });
        const bob = await openWallet(join(dir, "bob"));
        open.push({ stop: () => bob.close() });
        await within("Joining", Promise.all([alice.join(federation.invite), bob.join(federation.invite)]));
        progress.result(`federation ${alice.federationId.slice(0, 16)}…`);
        const wallets = { alice, bob };
        await ecashStory(federation, wallets, progress);
        progress.say("Everybody counts, while the gateway gets ready");
        const started = await lightning, outside = new Outside(platform, started.devlnDir);
        const cast = { ...wallets, lightning: started, outside };
        const before = await countAll(federation, cast);
        progress.result("all guardians agree, also the one that came back");
        const moved = await lightningStory(cast, progress);
        progress.say("Everybody counts again");
        const after = await countAll(federation, cast);
        checkMoved(before.holdings, after.holdings, moved);
        progress.result("nothing is lost, nothing came from nowhere");
        console.log(`\n${tables(before, after)}`);
        await showActors(federation, alice);
        console.log(`\nDone in ${seconds(progress.elapsedMs)}.`);
        if (!flags.keep) return;
        console.log(nextCommands(federation, cast.lightning, dir));
        await interrupted;
      })(),
    ]);
  } finally {
    await cleanUp();
  }
}

class Interrupted extends Error {}

const program = new Command("demo")
  .description(
    "A federation on this machine: Bitcoin in, e-cash, Bitcoin out, Lightning; a guardian and the gateway are killed",
  )
  .option("--peers <number>", "guardians: 1, or 4 and more", "4")
  .option("--bitcoind <folder>", "use the bitcoind in this folder instead of the embedded chain")
  .option("--keep", "leave it running at the end, with the invite code and what to do next", false)
  .option("--dir <folder>", "keep everything in this folder instead of a temporary one");

if (import.meta.main) {
  program.parse(["deno", "demo", ...Deno.args]);
  try {
    await run(program.opts<Flags>());
    Deno.exit(0);
  } catch (thrown) {
    if (thrown instanceof Interrupted) Deno.exit(130);
    console.error(`\nThe demo failed: ${errorText(thrown)}`);
    Deno.exit(1);
  }
}
