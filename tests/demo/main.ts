/**
 * `deno task demo`: a federation of four guardian processes on this machine takes in Bitcoin, issues e-cash, passes it
 * between two wallets and pays Bitcoin out, with one guardian killed on the way. Every process, link and signature is
 * real; only the money isn't.
 */
import { Command } from "commander";
import { join } from "@std/path";
import { consoleSink } from "../../actors/platform/console_sink.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Inspection } from "../../actors/system.ts";
import type { FederationClient } from "../../client/mod.ts";
import { openClient } from "../../client/deno.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import type { Audit } from "./audits.ts";
import { awaitEqualAudits, checkBooks, netMsat } from "./audits.ts";
import { awaitBalance, BLOCKS_TO_AGREE, until, within } from "./waits.ts";
import { actorTree, Progress, sats, seconds, table } from "./report.ts";

type Flags = { readonly peers: string; readonly bitcoind?: string; readonly keep: boolean; readonly dir?: string };

const DEPOSIT_SAT = 1_000_000n;
const GIFT_MSAT = 250_000_000n;
const WITHDRAW_SAT = 300_000n;

const platform = realPlatform();

/** Its log lies beside it. */
async function openWallet(dir: string): Promise<FederationClient> {
  const write = (line: string): void => Deno.writeTextFileSync(`${dir}.log`, line, { append: true });
  return await openClient({ dir, platform, log: consoleSink(platform.clock, "debug", write), testEnvironment: true });
}

type Wallets = { readonly alice: FederationClient; readonly bob: FederationClient };

/** The whole way of the money; everything it learns goes into the closing tables. */
async function story(federation: DevFederation, { alice, bob }: Wallets, progress: Progress): Promise<void> {
  const before = { alice: await alice.getBalance(), bob: await bob.getBalance() };

  progress.say("Alice asks for a Bitcoin address of the federation");
  const address = await within("The address", alice.depositAddress());
  progress.result(address);

  progress.say(`The faucet pays ${sats(DEPOSIT_SAT * 1000n)} to it; the chain grows`);
  await federation.bitcoin("sendtoaddress", address, Number(DEPOSIT_SAT) / 1e8);
  await federation.mine(BLOCKS_TO_AGREE);
  const deposited = await within("The deposit", awaitBalance(alice, 0n));
  progress.result(`guardians signed notes blindly: Alice holds ${sats(deposited)} of e-cash`);

  const victim = federation.guardians.length > 1 ? federation.guardians.length - 1 : null;
  if (victim !== null) {
    progress.say(`Guardian ${victim} is killed (SIGKILL)`);
    await federation.kill(victim);
    progress.result(`${federation.guardians.length - 1} of ${federation.guardians.length} go on`);
  }

  progress.say(`Alice gives Bob ${sats(GIFT_MSAT)} as text`);
  const gift = await within("Taking notes out", alice.spend(GIFT_MSAT));
  progress.result(`${gift.ecash.slice(0, 40)}… (${gift.ecash.length} characters)`);

  progress.say("Bob redeems it: the notes are exchanged for fresh ones that Alice doesn't know");
  const { operationId } = await bob.receive(gift.ecash);
  const received = await within("Redeeming", bob.awaitReceive(operationId));
  if (!received.ok) throw new Error(`Guardians refused the e-cash: ${received.error}`);
  progress.result(`Bob holds ${sats(await bob.getBalance())}`);

  progress.say("Bob tries the same text once more");
  const again = await bob.receive(gift.ecash).then(() => "accepted", (thrown) => errorText(thrown));
  if (again === "accepted") throw new Error("The same e-cash was taken twice");
  progress.result(`refused: ${again}`);

  if (victim !== null) {
    progress.say(`Guardian ${victim} comes back with what was on its disk`);
    await within("The restart", federation.restart(victim));
    progress.result("it catches up with the others");
  }

  progress.say(`Alice pays ${sats(WITHDRAW_SAT * 1000n)} out to a Bitcoin address`);
  const destination = String(await federation.bitcoin("getnewaddress"));
  const payment = await within("Withdrawing", alice.withdraw(destination, WITHDRAW_SAT));
  const withdrawal = await within("The withdrawal", alice.awaitWithdraw(payment));
  if (withdrawal.outcome !== "success") throw new Error(`The withdrawal failed: ${withdrawal.outcome}`);
  progress.result(`a threshold of guardians signed transaction ${withdrawal.txid}`);

  progress.say("The transaction is mined");
  await until("The transaction is known to the Bitcoin node", () => federation.isWaiting(withdrawal.txid));
  await federation.mine(BLOCKS_TO_AGREE);
  const confirmed = await federation.bitcoin("getrawtransaction", withdrawal.txid, true) as JsonObject;
  await within("Agreement on the blocks", federation.awaitBlocks());
  progress.result(`${confirmed.confirmations} confirmations`);

  progress.say("Everybody counts");
  await within("Change", settled(alice));
  const audits = await within(
    "Agreement of all guardians, also of the one that came back",
    awaitEqualAudits(federation),
  );
  await report(federation, { alice, bob }, before, audits, progress);
}

/** Waits until no operation of the wallet is under way. */
async function settled(wallet: FederationClient): Promise<void> {
  for (const { operationId, kind } of await wallet.operations()) {
    if (kind === "walletv2") await wallet.awaitNotes(operationId);
  }
}

async function report(
  federation: DevFederation,
  { alice, bob }: Wallets,
  before: { readonly alice: bigint; readonly bob: bigint },
  audits: readonly Audit[],
  progress: Progress,
): Promise<void> {
  const after = { alice: await alice.getBalance(), bob: await bob.getBalance() };
  const inMsat = DEPOSIT_SAT * 1000n, outMsat = WITHDRAW_SAT * 1000n;
  const feesMsat = inMsat - outMsat - after.alice - after.bob;
  console.log("\nWho holds what");
  console.log(table(["", "before", "after"], [
    ["Alice, e-cash", sats(before.alice), sats(after.alice)],
    ["Bob, e-cash", sats(before.bob), sats(after.bob)],
    ["Bitcoin paid in", sats(0n), sats(inMsat)],
    ["Bitcoin paid out", sats(0n), sats(outMsat)],
    ["fees (Bitcoin's and the federation's)", sats(0n), sats(feesMsat)],
  ]));
  console.log("\nAudit: what each guardian owns less what it owes");
  const rows: string[][] = [];
  for (const [peer, audit] of audits.entries()) {
    const net = (kind: string): string => sats(netMsat(audit, kind));
    rows.push([`Guardian ${peer}`, net("walletv2"), net("mintv2"), sats(BigInt(audit.net_assets))]);
  }
  console.log(table(["", "bitcoin", "e-cash", "surplus"], rows));
  await checkBooks(audits, [alice, bob]);
  console.log("\nA guardian's actors");
  console.log(actorTree(await federation.call(0, "inspect") as unknown as Inspection));
  console.log("\nAlice's actors");
  console.log(actorTree(alice.client.inspect()));
  console.log(`\nDone in ${seconds(progress.elapsedMs)}.`);
}

function nextCommands(federation: DevFederation, dir: string): string {
  return [
    "\nIt goes on running until Ctrl-C. Invite code:",
    federation.invite,
    "\nTry:",
    `  deno task client --data-dir ./wallet join ${federation.invite}`,
    "  deno task client --data-dir ./wallet deposit",
    "  deno task client --data-dir ./wallet balance",
    `\nEverything is in ${dir}.`,
  ].join("\n");
}

async function run(flags: Flags): Promise<void> {
  const dir = flags.dir ?? await Deno.makeTempDir({ prefix: "fedimint-demo-" });
  const progress = new Progress();
  const open: { stop(): Promise<void> }[] = [];
  const cleanUp = async (): Promise<void> => {
    for (const thing of open.splice(0).reverse()) await thing.stop();
    if (flags.dir === undefined) await Deno.remove(dir, { recursive: true });
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
        progress.say("Alice and Bob join with the invite code");
        const alice = await openWallet(join(dir, "alice"));
        open.push({ stop: () => alice.close() });
        const bob = await openWallet(join(dir, "bob"));
        open.push({ stop: () => bob.close() });
        await within("Joining", Promise.all([alice.join(federation.invite), bob.join(federation.invite)]));
        progress.result(`federation ${alice.federationId.slice(0, 16)}…`);
        await story(federation, { alice, bob }, progress);
        if (!flags.keep) return;
        console.log(nextCommands(federation, dir));
        await interrupted;
      })(),
    ]);
  } finally {
    await cleanUp();
  }
}

class Interrupted extends Error {}

const program = new Command("demo")
  .description("A federation on this machine: Bitcoin in, e-cash, Bitcoin out, one guardian killed on the way")
  .option("--peers <number>", "guardians: 1, or 4 and more", "4")
  .option("--bitcoind <folder>", "use the bitcoind in this folder instead of the embedded chain")
  .option("--keep", "leave it running at the end, with the invite code and the next commands", false)
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
