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
import type { Suite } from "../interop/suite.ts";
import { inFolder } from "../interop/suite.ts";
import type { Span } from "./lightning_payments.ts";
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
/** Payments that are told of at the end. */
const SLOWEST = 5;

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

async function killByTurns(world: SoakWorld, people: People, isOver: () => boolean): Promise<Span[]> {
  const kills: Span[] = [], victims = victimsOf(world);
  for (let turn = 0; !isOver(); turn++) {
    const { name, killAndRestart } = victims[turn % victims.length]!, beginMs = platform.clock.monotonicMs();
    await within(`The kill and restart of ${name}`, killAndRestart());
    const nowMs = platform.clock.monotonicMs();
    kills.push({ name, beginMs, endMs: nowMs });
    const open = [...people.underWay].map(([kind, sinceMs]) => `${kind} (${Math.round((nowMs - sinceMs) / 1_000)} s)`);
    console.log(`${name} was killed and is back; ${people.payments} payments so far; under way: ${open.join(", ")}`);
    const endMs = beginMs + KILL_EVERY_MS;
    while (!isOver() && platform.clock.monotonicMs() < endMs) await sleep(platform.clock, 200);
  }
  return kills;
}

/** The longest payments, each with who was away meanwhile. */
function tellSlowest({ over }: People, kills: readonly Span[]): void {
  const sorted = over.toSorted((a, b) => tookMs(a) - tookMs(b));
  const median = sorted[Math.floor(sorted.length / 2)];
  if (median) console.log(`half of the payments took ${(tookMs(median) / 1_000).toFixed(1)} s or less`);
  for (const payment of sorted.slice(-SLOWEST).reverse()) {
    const away = kills.filter(({ beginMs, endMs }) => beginMs < payment.endMs && endMs > payment.beginMs);
    const why = away.map((kill) => `${kill.name} (${(tookMs(kill) / 1_000).toFixed(0)} s)`).join(", ") || "nobody";
    console.log(`${payment.name} took ${(tookMs(payment) / 1_000).toFixed(1)} s; away meanwhile: ${why}`);
  }
}

function tookMs({ beginMs, endMs }: Span): number {
  return endMs - beginMs;
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
  const walletsBeforeMsat = await totalMsat(world.wallets);
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
  const { ended, gotMsat, paidMsat, intoMsat } = people.totals;
  const gainMsat = await outsideGainMsat(world, people, outsideBeforeMsat);
  const gainsMsat: bigint[] = [];
  for (const [index, gateway] of world.gateways.entries()) {
    gainsMsat.push(await gateway.totalMsat() - gatewaysBeforeMsat[index]!);
  }
  for (const [what, count] of [...ended].sort()) console.log(`${count} × ${what}`);
  const counts = new Map<string, number>();
  for (const { name } of kills) counts.set(name, (counts.get(name) ?? 0) + 1);
  const killed = [...counts].sort().map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`${kills.length} kills: ${killed}`);
  tellSlowest(people, kills);
  const feesMsat = walletsBeforeMsat - await totalMsat(world.wallets) - gotMsat + intoMsat;
  const sumMsat = gainsMsat.reduce((sum, msat) => sum + msat, gainMsat + beforeMsat - heldMsat);
  console.log(
    `of ${feesMsat} msat of fees that people paid, ${
      feesMsat - sumMsat
    } msat are not the gateways', the guardians' or routing's`,
  );
  const routed =
    `the outside world got ${gotMsat} msat and paid ${paidMsat} msat, and earned ${gainMsat} msat by routing`;
  console.log(
    `${people.payments} payments, all ended; ${sessions} sessions agreed by all; ${heldMsat} msat of e-cash are held, as all ` +
      `guardians count (${beforeMsat} msat before); ${routed}; gateways have ${
        gainsMsat.join(" and ")
      } msat more than before`,
  );
  if (gainsMsat.some((msat) => msat < 0n)) throw new Error("A gateway lost money");
  if (kills.length === 0 || ![...ended.keys()].some((what) => what.endsWith("success"))) {
    throw new Error("Nothing happened: give it more time");
  }
}

/** With payments for so long. @throws as `soak` */
export function soakGateways(seconds: number): Promise<void> {
  return inFolder("fedimint-soak-", (suite) => soak(suite, seconds));
}
