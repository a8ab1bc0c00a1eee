/**
 * Four real guardian processes under fire: every 20 s one is killed (SIGKILL) and started again, while two wallets pay
 * each other all the time. Afterwards all guardians must agree, own at least what they owe, and owe exactly what the
 * wallets hold.
 *
 * `deno run -A tests/soak/main.ts [--minutes 5] [--attack NAME…]`: with attacks of `deno task hostile` going on all the
 * time. With `--gateways [--seconds 600]` they pay and are paid over Lightning by two gateways (`gateways.ts`).
 */
import { Command } from "commander";
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { FederationClient } from "../../client/mod.ts";
import { openClient } from "../../client/deno.ts";
import { errorText } from "../../core/result.ts";
import { DevFederation } from "../../server/dev/federation/federation.ts";
import { awaitEqualAudits, checkBooks, totalMsat } from "../demo/audits.ts";
import { compareSessions } from "../demo/agreement.ts";
import { fund } from "../demo/fund.ts";
import { within } from "../demo/waits.ts";
import type { Attack, Running } from "../hostile/attacks.ts";
import { attacksNamed, begin, evilProgram } from "../hostile/attacks.ts";
import { soakGateways } from "./gateways.ts";

const platform = realPlatform();
const PEERS = 4;
const DEPOSIT_SAT = 2_000_000n;
const PAYMENT_MSAT = 50_000_000n;
const KILL_EVERY_MS = 20_000;
const DOWN_MS = 5_000;
/** Every payment may burn up to this in fees: notes in, notes out, and what is too small to be issued. */
const PAYMENT_FEES_MAX_MSAT = 40_000n;

type Counts = { payments: number; kills: number; feesMsat: bigint };

/**
 * One after the other: whoever has more pays; after each payment the sum must be what it was, less this payment's fees.
 */
async function pay(
  wallets: readonly [FederationClient, FederationClient],
  until: () => boolean,
  counts: Counts,
): Promise<void> {
  while (!until()) {
    const [one, other] = wallets;
    const [from, to] = await one.getBalance() >= await other.getBalance() ? [one, other] : [other, one];
    const beforeMsat = await totalMsat(wallets);
    const { ecash } = await within("Taking notes out", from.spend(PAYMENT_MSAT));
    const { operationId } = await to.receive(ecash);
    const received = await within("Redeeming", to.awaitReceive(operationId));
    if (!received.ok) throw new Error(`A payment was refused: ${received.error}`);
    const feeMsat = beforeMsat - await totalMsat(wallets);
    if (feeMsat < 0n || feeMsat > PAYMENT_FEES_MAX_MSAT) {
      throw new Error(`A payment changed the sum of money by ${-feeMsat} msat`);
    }
    counts.feesMsat += feeMsat;
    counts.payments++;
  }
}

async function killOneByOne(federation: DevFederation, until: () => boolean, counts: Counts): Promise<void> {
  for (let peer = 0; !until(); peer = (peer + 1) % federation.guardians.length) {
    await sleep(platform.clock, KILL_EVERY_MS - DOWN_MS);
    if (until()) return;
    await federation.kill(peer);
    await sleep(platform.clock, DOWN_MS);
    await within(`The restart of guardian ${peer}`, federation.restart(peer));
    counts.kills++;
    console.log(`guardian ${peer} was killed and is back; ${counts.payments} payments so far`);
  }
}

async function run(seconds: number, attacks: readonly Attack[]): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-soak-" });
  const control = join(dir, "attack");
  const federation = await DevFederation.start({
    platform,
    dir,
    peers: PEERS,
    progress: (text) => console.log(text),
    program: (peer) => attacks.length > 0 && peer === PEERS - 1 ? evilProgram(control) : undefined,
  });
  const wallets: FederationClient[] = [];
  const running: Running[] = [];
  try {
    for (const name of ["alice", "bob"]) {
      const wallet = await openClient({ dir: join(dir, name), platform, testEnvironment: true });
      wallets.push(wallet);
      await within("Joining", wallet.join(federation.invite));
    }
    const [alice, bob] = wallets as [FederationClient, FederationClient];
    await fund(federation, alice, Number(DEPOSIT_SAT) / 1e8);
    for (const attack of attacks) running.push(await begin(attack, federation, control));
    const endMs = platform.clock.monotonicMs() + seconds * 1_000;
    let failed = false;
    const over = (): boolean => failed || platform.clock.monotonicMs() >= endMs;
    const counts: Counts = { payments: 0, kills: 0, feesMsat: 0n };
    const both = [pay([alice, bob], over, counts), killOneByOne(federation, over, counts)];
    await Promise.all(both.map((part) =>
      part.catch((thrown) => {
        failed = true;
        throw thrown;
      })
    ));

    for (const attack of running.splice(0)) await attack.stop();
    const sessions = await compareSessions(federation);
    await checkBooks(await within("Agreement of all guardians", awaitEqualAudits(federation)), wallets);
    const heldMsat = await totalMsat(wallets);
    console.log(
      `${counts.payments} payments, ${counts.kills} kills, ${sessions} sessions agreed by all; ${heldMsat} msat held, as all guardians count, ${counts.feesMsat} msat of fees`,
    );
    if (counts.kills === 0 || counts.payments === 0) throw new Error("Nothing happened: give it more time");
  } finally {
    for (const attack of running) await attack.stop();
    for (const wallet of wallets) await wallet.close();
    await federation.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  const { minutes, seconds, attack = [], gateways = false } = new Command("soak")
    .option("--minutes <number>", "how long", "5")
    .option("--seconds <number>", "the same, in seconds")
    .option("--attack <name...>", "attacks that go on meanwhile, without gateways")
    .option("--gateways", "payments over Lightning by two gateways")
    .parse(["deno", "soak", ...Deno.args])
    .opts<{ minutes: string; seconds?: string; attack?: string[]; gateways?: boolean }>();
  const lasting = seconds === undefined ? Number(minutes) * 60 : Number(seconds);
  try {
    if (gateways) await soakGateways(lasting);
    else await run(lasting, attacksNamed(attack));
    console.log("1 passed, 0 failed");
    Deno.exit(0);
  } catch (thrown) {
    console.error(errorText(thrown));
    console.log("0 passed, 1 failed");
    Deno.exit(1);
  }
}
