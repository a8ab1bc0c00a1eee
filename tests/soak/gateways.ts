/**
 * People pay and are paid over Lightning by two gateways, all of it real processes, while every 20 s a guardian, a
 * gateway or a gateway's node is killed (SIGKILL) and started again. Afterwards every payment has ended and been made
 * once, guardians agree and owe exactly what wallets and gateways hold, no contract is open, and the outside world has
 * what it should.
 */
import { realPlatform } from "../../actors/platform/real.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { compareSessions } from "../demo/agreement.ts";
import { awaitEqualAudits, netMsat, totalMsat } from "../demo/audits.ts";
import { within } from "../demo/waits.ts";
import { Suite } from "../interop/suite.ts";
import { LIMITS, People } from "./lightning_payments.ts";
import type { SoakWorld } from "./lightning_world.ts";
import { startSoakWorld } from "./lightning_world.ts";

const platform = realPlatform();
const NAMES = ["alice", "bob"];
/** Payments at a time. */
const AT_ONCE = 3;
const KILL_EVERY_MS = 20_000;
const DOWN_MS = 3_000;
const BOOKS_MS = 300_000;
const BOOKS_LOOK_MS = 1_000;
const INTERRUPTED_EXIT = 130;

type Victim = { readonly name: string; readonly killAndRestart: () => Promise<void> };

/** In turn: those who carry payments more often than each guardian. */
function victimsOf({ federation, gateways }: SoakWorld): Victim[] {
  const [a, b] = gateways;
  const guardian = (peer: number): Victim => ({
    name: `guardian ${peer}`,
    killAndRestart: async () => {
      await federation.kill(peer);
      await sleep(platform.clock, DOWN_MS);
      await federation.restart(peer);
    },
  });
  const others = [a!, b!].flatMap((gateway): Victim[] => [
    {
      name: gateway.name,
      killAndRestart: async () => {
        await gateway.program.kill();
        await sleep(platform.clock, DOWN_MS);
        await gateway.program.start();
      },
    },
    { name: `the node of ${gateway.name}`, killAndRestart: () => gateway.killNode() },
  ]);
  return [others[0]!, guardian(0), others[3]!, others[2]!, guardian(1), others[1]!, guardian(2), guardian(3)];
}

async function killByTurns(world: SoakWorld, people: People, isOver: () => boolean): Promise<Map<string, number>> {
  const kills = new Map<string, number>(), victims = victimsOf(world);
  for (let turn = 0; !isOver(); turn++) {
    const { name, killAndRestart } = victims[turn % victims.length]!, beginMs = platform.clock.monotonicMs();
    await within(`The kill and restart of ${name}`, killAndRestart());
    kills.set(name, (kills.get(name) ?? 0) + 1);
    const nowMs = platform.clock.monotonicMs();
    const open = [...people.underWay].map(([kind, sinceMs]) => `${kind} (${Math.round((nowMs - sinceMs) / 1_000)} s)`);
    console.log(`${name} was killed and is back; ${people.payments} payments so far; under way: ${open.join(", ")}`);
    const endMs = beginMs + KILL_EVERY_MS;
    while (!isOver() && platform.clock.monotonicMs() < endMs) await sleep(platform.clock, 200);
  }
  return kills;
}

/** Waits until guardians owe what all hold, and no contract. @returns what all hold, msat */
async function balancedMsat({ federation, wallets, gateways }: SoakWorld): Promise<bigint> {
  const { clock } = platform, endMs = clock.monotonicMs() + BOOKS_MS;
  for (;;) {
    const audits = await within("Agreement of all guardians", awaitEqualAudits(federation));
    let heldMsat = await totalMsat(wallets);
    for (const gateway of gateways) heldMsat += await gateway.ecashMsat();
    const [audit] = audits, owedMsat = -netMsat(audit!, "mintv2"), contractsMsat = -netMsat(audit!, "lnv2");
    if (owedMsat === heldMsat && contractsMsat === 0n && audit!.net_assets >= 0) return heldMsat;
    if (clock.monotonicMs() > endMs) {
      throw new Error(
        `Guardians count ${owedMsat} msat of e-cash and ${contractsMsat} msat in contracts; ${heldMsat} msat are held, ` +
          `and guardians own ${audit!.net_assets} msat more than they owe`,
      );
    }
    await sleep(clock, BOOKS_LOOK_MS);
  }
}

async function outsideMsat({ outside: { node } }: SoakWorld): Promise<bigint> {
  return (await node.operator.balances()).lightningMsat;
}

/**
 * What the outside world has beyond what payments brought: of those from one gateway to the other what routing costs.
 * Waits for what nodes still tell each other of payments that have ended.
 */
async function outsideGainMsat(world: SoakWorld, { totals }: People, beforeMsat: bigint): Promise<bigint> {
  const { clock } = platform, endMs = clock.monotonicMs() + BOOKS_MS;
  const { gotMsat, paidMsat, acrossCount } = totals, mostMsat = BigInt(acrossCount) * LIMITS.feeLimitMsat;
  for (;;) {
    const gainMsat = await outsideMsat(world) - beforeMsat - gotMsat + paidMsat;
    if (gainMsat >= 0n && gainMsat <= mostMsat) return gainMsat;
    if (clock.monotonicMs() > endMs) {
      throw new Error(`The outside world has ${gainMsat} msat more than payments brought`);
    }
    await sleep(clock, BOOKS_LOOK_MS);
  }
}

/** @throws Error when money was lost or made, a payment didn't end, or guardians disagree */
async function soak(suite: Suite, seconds: number): Promise<void> {
  const world = await startSoakWorld(suite, NAMES), people = new People(world);
  const beforeMsat = await balancedMsat(world), outsideBeforeMsat = await outsideMsat(world);
  const gatewaysBeforeMsat = await Promise.all(world.gateways.map((gateway) => gateway.totalMsat()));
  let hasFailed = false;
  const endMs = platform.clock.monotonicMs() + seconds * 1_000;
  const isOver = (): boolean => hasFailed || platform.clock.monotonicMs() >= endMs;
  const failing = <T>(part: Promise<T>): Promise<T> =>
    part.catch((thrown) => {
      hasFailed = true;
      throw thrown;
    });
  const lives = Array.from({ length: AT_ONCE }, (_, index) => failing(people.live(3 * index, isOver)));
  const [kills] = await Promise.all([failing(killByTurns(world, people, isOver)), ...lives]);

  for (const wallet of world.wallets) await within("The end of all operations", wallet.client.awaitIdle());
  const heldMsat = await balancedMsat(world), sessions = await compareSessions(world.federation);
  const { ended, gotMsat, paidMsat } = people.totals;
  const gainMsat = await outsideGainMsat(world, people, outsideBeforeMsat);
  const gainsMsat: bigint[] = [];
  for (const [index, gateway] of world.gateways.entries()) {
    gainsMsat.push(await gateway.totalMsat() - gatewaysBeforeMsat[index]!);
  }
  for (const [what, count] of [...ended].sort()) console.log(`${count} × ${what}`);
  const killed = [...kills].map(([name, count]) => `${name} ${count}`).join(", ");
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${total} kills: ${killed}`);
  const routed =
    `the outside world got ${gotMsat} msat and paid ${paidMsat} msat, and earned ${gainMsat} msat by routing`;
  console.log(
    `${people.payments} payments, all ended; ${sessions} sessions agreed by all; ${heldMsat} msat of e-cash are held, as all ` +
      `guardians count (${beforeMsat} msat before); ${routed}; gateways have ${
        gainsMsat.join(" and ")
      } msat more than before`,
  );
  if (gainsMsat.some((msat) => msat < 0n)) throw new Error("A gateway lost money");
  if (total === 0 || ![...ended.keys()].some((what) => what.endsWith("success"))) {
    throw new Error("Nothing happened: give it more time");
  }
}

/** Runs it in a folder of its own, which is removed when all went well. Ctrl-C ends all processes too. */
export async function soakGateways(seconds: number): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "fedimint-soak-" }), end = new AbortController();
  const suite = new Suite(dir, end.signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      end.abort(new Error("interrupted"));
      const removed = suite.end().then(() => Deno.remove(dir, { recursive: true }));
      void removed.finally(() => Deno.exit(INTERRUPTED_EXIT));
    });
  }
  try {
    await soak(suite, seconds);
  } catch (thrown) {
    console.error(`The folders of all processes are in ${dir}`);
    throw thrown;
  } finally {
    await suite.end();
  }
  await Deno.remove(dir, { recursive: true });
}
