/** Two copies of one guardian, and an honest guardian alone that starts again: scenarios for any seed. */
import { assert, assertEquals } from "@std/assert";
import type { Guardian, SimulationOptions } from "./network.ts";
import { fastKeychains, Simulation } from "./network.ts";
import { countingData } from "./trouble.ts";

export const COPIED = 3;
const keychains = fastKeychains(4);

/** Guardians 0 to 2, and two processes of guardian 3 that all can reach. */
export function twoCopies(seed: number, options: Partial<SimulationOptions> = {}) {
  const net = new Simulation({ keychains, seed, data: countingData(), wireMs: [0, 20], ...options });
  const [a, b] = [net.guardians[COPIED]!, net.add(COPIED, undefined, true)];
  return { net, a, b, others: net.guardians.slice(0, COPIED) };
}

export function roundOf(guardian: Guardian): number {
  return guardian.state!.store.newest(COPIED)?.unit.round ?? -1;
}

/** A copy that is started beside a running guardian stops and signs nothing. */
export function startBesideRunning(seed: number): void {
  const { net, a, b, others } = twoCopies(seed, seed > 3 ? { wireMs: [100, 300] } : {});
  for (const guardian of [a, ...others]) net.start(guardian);
  net.run(4_000);
  // a machine is cloned with its disk, or an older backup is restored, or only the keys are there
  b.disk = [[...a.disk], a.disk.slice(0, 20), []][seed % 3]!;
  net.run(2_000);
  net.start(b, true);
  net.run(12_000);
  // the simulation itself holds that no second unit of one place got out
  assertEquals([a.signs.includes("at_work"), b.signs.at(-1), b.state!.phase], [false, "at_work", "stopped"]);
  assertEquals([b.state!.own, a.state!.isSilenced], [null, false]);
  const before = roundOf(a);
  net.run(5_000);
  assert(roundOf(a) > before + 8, "the one that works goes on");
  for (const guardian of others) assertEquals([...guardian.state!.store.forkers], []);
  net.agreedOrder([a, ...others]);
}

/** Of two copies that begin together both fall silent, then one stops and the other goes on. */
export function startTogether(seed: number): void {
  let running: boolean[] = [true, true];
  let inDoubt = false;
  for (let session = 7n; session < 13n; session++) {
    const { net, a, b, others } = twoCopies(100 * seed + Number(session), { session, forkers: [COPIED] });
    const copies = [a, b].filter((_, i) => running[i]);
    for (const guardian of others) net.start(guardian);
    for (const copy of copies) net.start(copy, !inDoubt, inDoubt);
    net.run(40_000);
    assert(net.agreedOrder(others).length > 200, "the others go on");
    const stopped = [a, b].map(({ signs }) => signs.includes("at_work"));
    assert(!stopped.every((is) => is), "never do both stop for good");
    const isFork = others[0]!.state!.store.isForker(COPIED);
    if (isFork) {
      assert(copies.every(({ signs }) => signs.includes("fork") || signs.includes("unknown_unit")), "each is told");
      assert(copies.every(({ state }) => state!.isSilenced && state!.creator.ended), "and creates nothing more");
      const rounds = copies.map(roundOf);
      net.run(5_000);
      assertEquals(copies.map(roundOf), rounds);
    } else assert(roundOf(copies.find(({ signs }) => !signs.includes("at_work"))!) > 100);
    running = running.map((is, i) => is && !stopped[i]);
    inDoubt = true;
    if (!isFork && running.filter((is) => is).length === 1) return;
  }
  assert(false, "two copies are still at work after 6 sessions");
}

/** Networks and disks in which a guardian is killed and starts again. */
export const ALONE: Readonly<Record<string, Partial<SimulationOptions>>> = {
  "after kill -9": {},
  "in a slow network": { wireMs: [200, 600] },
  "where messages are lost": { loss: 0.1 },
  "with a slow disk": { diskMs: [20, 80] },
};

/** A guardian that starts again goes on without a delay. */
export function startAgain(seed: number, options: Partial<SimulationOptions>): void {
  const net = new Simulation({ keychains, seed, data: countingData(), wireMs: [0, 20], ...options });
  net.startAll();
  net.run(6_000);
  const guardian = net.guardians[COPIED]!;
  net.crash(guardian);
  net.run(seed * 20);
  net.start(guardian, true);
  net.run((options.wireMs?.[1] ?? 20) * 3 + (options.loss ? 10_000 : 0));
  assert(guardian.state!.own?.isKnown, "it creates units again");
  net.run(10_000);
  assertEquals([guardian.signs, guardian.state!.isSilenced], [[], false]);
  assert(
    guardian.ordered.some(({ round, creator }) => creator === COPIED && round >= guardian.state!.own!.firstRound),
  );
  for (const { state } of net.guardians) assertEquals([...state!.store.forkers], []);
}
