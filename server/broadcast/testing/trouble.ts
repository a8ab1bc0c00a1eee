/**
 * Guardians in trouble, by seed: one of each but the long ones is among the quick tests, more are among the slow ones.
 */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../core/bytes.ts";
import { fastKeychains, Simulation } from "./network.ts";
import type { Guardian } from "./network.ts";
import type { UnitData } from "../graph/unit.ts";

/** Each unit says whose it is and how many its guardian made before. */
export function countingData(): (guardian: Guardian) => UnitData {
  const counts = new Map<Guardian, number>();
  return (guardian) => {
    const count = (counts.get(guardian) ?? 0) + 1;
    counts.set(guardian, count);
    return { kind: "batch", bytes: utf8(`${guardian.index}${guardian.isSecond ? "'" : ""} ${guardian.life} ${count}`) };
  };
}

export function roundsOrdered(guardian: Guardian): number {
  return Math.max(-1, ...guardian.ordered.map(({ round }) => round));
}

function slowLossyNetwork(seed: number): void {
  const net = new Simulation({
    keychains: fastKeychains(7),
    seed,
    wireMs: [0, 200],
    loss: 0.1,
    data: countingData(),
  });
  for (const guardian of net.guardians.slice(0, 5)) net.start(guardian);
  net.run(30_000);
  const order = net.agreedOrder();
  assert(order.length > 200, `ordered ${order.length} units`);
  assert(net.guardians.slice(0, 5).every((guardian) => guardian.ordered.length > order.length - 100));
  assert(net.sent.get("requestCoord")! > 0);
}

function killedAtAnyMoment(seed: number): void {
  // a slow disk, so that kills often fall between a unit's creation and its being durable
  const net = new Simulation({
    keychains: fastKeychains(4),
    seed,
    diskMs: [5, 60],
    loss: 0.02,
    data: countingData(),
  });
  net.startAll();
  const before = new Map<Guardian, string[]>();
  for (let kill = 0; kill < 40; kill++) {
    net.run(net.dice.fraction() * 400);
    const guardian = net.guardians[net.dice.below(4)]!;
    before.set(guardian, guardian.ordered.map(({ round, creator }) => `${round}.${creator}`));
    net.crash(guardian);
    net.run(net.dice.fraction() * 300);
    net.start(guardian);
  }
  net.run(20_000);
  const order = net.agreedOrder();
  assert(order.length > 600, `ordered ${order.length} units`);
  for (const [guardian, life] of before) {
    const again = guardian.ordered.slice(0, life.length).map(({ round, creator }) => `${round}.${creator}`);
    assertEquals(again, life, "what was ordered before the kill is ordered alike after it");
    assert(
      guardian.ordered.some(({ round, creator }) => creator === guardian.index && round > roundsOrdered(guardian) - 10),
    );
  }
  for (const guardian of net.guardians) assertEquals(guardian.warnings, []);
}

function keyRunsTwice(seed: number): void {
  const net = new Simulation({
    keychains: fastKeychains(4),
    seed,
    data: countingData(),
    forkers: [3],
    wireMs: [0, 20],
    loss: seed % 2 === 0 ? 0 : 0.05,
  });
  net.guardians.pop();
  net.add(3, [0]);
  net.add(3, [1, 2], true);
  net.startAll();
  net.run(20_000);
  const honest = net.guardians.slice(0, 3);
  const order = net.agreedOrder(honest);
  assert(order.length > 400, `ordered ${order.length} units`);
  for (const guardian of honest) {
    assertEquals([...guardian.state!.store.forkers], [3]);
    assert(guardian.ordered.length > order.length - 30);
  }
  assert(net.sent.get("forkAlert")! > 0 && net.sent.get("multicast")! > 0);
}

function restartsAfterFork(seed: number): void {
  const net = new Simulation({
    keychains: fastKeychains(4),
    seed,
    data: countingData(),
    forkers: [3],
    wireMs: [0, 20],
  });
  net.guardians.pop();
  net.add(3, [0]);
  net.add(3, [1, 2], true);
  net.startAll();
  net.run(2_000);
  for (let kill = 0; kill < 6; kill++) {
    const guardian = net.guardians[kill % 3]!;
    net.crash(guardian);
    net.run(net.dice.fraction() * 500);
    net.start(guardian);
    assertEquals([...guardian.state!.store.forkers], [3], "the fork is known at once");
    net.run(1_000);
  }
  const { length } = net.agreedOrder(net.guardians.slice(0, 3));
  net.run(10_000);
  assert(net.agreedOrder(net.guardians.slice(0, 3)).length > length + 200, "the session goes on");
}

function twoForkersOfSeven(seed: number): void {
  const forkers = [5, 6];
  const net = new Simulation({
    keychains: fastKeychains(7),
    seed,
    data: countingData(),
    forkers,
    wireMs: [0, 20],
    diskMs: [1, 30],
    loss: 0.02,
  });
  net.guardians.splice(5);
  for (const forker of forkers) {
    const cut = 1 + net.dice.below(4);
    net.add(forker, [0, 1, 2, 3, 4].slice(0, cut));
    net.add(forker, [0, 1, 2, 3, 4].slice(cut), true);
  }
  net.startAll();
  const honest = net.guardians.slice(0, 5);
  for (let kill = 0; kill < 10; kill++) {
    net.run(net.dice.fraction() * 1_500);
    const guardian = honest[net.dice.below(5)]!;
    net.crash(guardian);
    net.run(net.dice.fraction() * 700);
    net.start(guardian);
  }
  net.run(20_000);
  const { length } = net.agreedOrder(honest);
  net.run(5_000);
  assert(net.agreedOrder(honest).length > length + 200, `${length} units, then ${net.agreedOrder(honest).length}`);
}

/** What happens, for its test's name. */
export const TROUBLES: Readonly<Record<string, (seed: number) => void>> = {
  "7 guardians agree with delays up to 200 ms, a tenth lost and two silent": slowLossyNetwork,
  "guardians that are killed at any moment continue from their disk and contradict nobody": killedAtAnyMoment,
  "a key that runs twice is found out and everybody else agrees": keyRunsTwice,
  "guardians that restart after a fork keep their accusation and agree": restartsAfterFork,
};

/** The same, of which each seed takes as long as all others together: among the slow tests alone. */
export const LONG_TROUBLES: typeof TROUBLES = {
  "two of seven keys run twice while honest guardians are killed and a fiftieth is lost": twoForkersOfSeven,
};
