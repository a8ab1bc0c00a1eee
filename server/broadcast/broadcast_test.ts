import { assert, assertEquals } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import { fedimintDelays } from "./delays.ts";
import { fastKeychains, realKeychains, Simulation } from "./testing/network.ts";
import { countingData, roundsOrdered, TROUBLES } from "./testing/trouble.ts";
import type { Guardian } from "./testing/network.ts";

for (const peers of [4, 7]) {
  Deno.test(`${peers} guardians with real signatures order everybody's units alike`, () => {
    const net = new Simulation({ keychains: realKeychains(peers), seed: 1, data: countingData() });
    net.startAll();
    net.run(1_500);
    const order = net.agreedOrder();
    assert(order.length >= peers * 15, `ordered ${order.length} units`);
    for (const guardian of net.guardians) {
      assert(guardian.ordered.length >= order.length - 3 * peers, "nobody lags behind");
      assertEquals(guardian.warnings, []);
      assert(order.some((unit) => unit.includes(`.${guardian.index}:`)), "everybody's units are ordered");
    }
  });
}

Deno.test("rounds follow the configured delay when nothing is lost", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 2 });
  net.startAll();
  net.run(10_000);
  const { round } = net.guardians[0]!.state!.creator;
  assert(round > 170 && round < 230, `round ${round} after 10 s of 50 ms rounds with jitter`);
});

Deno.test("all guardians killed at once continue together", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 3, data: countingData() });
  net.startAll();
  net.run(3_000);
  const order = net.agreedOrder();
  for (const guardian of net.guardians) net.crash(guardian);
  net.startAll();
  for (const guardian of net.guardians) {
    assert(guardian.ordered.length >= order.length - 12, "the disk alone gives back what was ordered");
  }
  net.run(3_000);
  assertEquals(net.agreedOrder().slice(0, order.length), order);
  assert(net.agreedOrder().length > order.length + 100);
});

const DELAYS = fedimintDelays({ roundDelayMs: 50, roundsPerSession: 1_000, testEnvironment: true });

Deno.test("after a blackout that everything was lost in, asking for the lost units revives the session", () => {
  let isDark = false;
  const tamper = (_from: Guardian, _to: number, bytes: Bytes): Bytes | null => isDark ? null : bytes;
  const net = new Simulation({ keychains: fastKeychains(4), seed: 4, tamper });
  net.startAll();
  net.run(1_000);
  isDark = true;
  net.run(20_000);
  const { length } = net.agreedOrder();
  isDark = false;
  net.run(10_000);
  assert(net.agreedOrder().length > length + 100);
});

Deno.test("re-broadcast newest units alone revive the session after a blackout", () => {
  let isDark = false;
  const tamper = (_from: Guardian, _to: number, bytes: Bytes): Bytes | null => isDark ? null : bytes;
  const delays = { ...DELAYS, stallMs: () => Number.MAX_SAFE_INTEGER };
  const net = new Simulation({ keychains: fastKeychains(4), seed: 4, tamper, delays });
  net.startAll();
  net.run(1_000);
  isDark = true;
  net.run(2_000);
  const { length } = net.agreedOrder();
  isDark = false;
  net.run(10_000);
  assertEquals(net.agreedOrder().length, length, "nobody sends anything before the re-broadcast is due");
  net.run(10_000);
  assert(net.agreedOrder().length > length + 100);
});

Deno.test("a guardian that starts late asks for the whole session and catches up", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 5 });
  for (const guardian of net.guardians.slice(1)) net.start(guardian);
  net.run(15_000);
  net.start(net.guardians[0]!);
  net.run(8_000);
  const order = net.agreedOrder();
  const late = net.guardians[0]!;
  assert(order.length > 800);
  assert(late.ordered.length > order.length - 40);
  assert(
    order.filter((unit) => unit.includes(".0:")).length > 100,
    "it creates all its rounds at once, then keeps pace",
  );
});

Deno.test("units of the last rounds are created up to one below the maximum and not beyond", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 6, roundMax: 20 });
  net.startAll();
  net.run(5_000);
  for (const guardian of net.guardians) {
    assert(guardian.state!.creator.ended);
    assertEquals(guardian.state!.store.newest(guardian.index)!.unit.round, 19);
    assertEquals(roundsOrdered(guardian), 15, "a head is elected by units four rounds later");
  }
});

Deno.test("a guardian whose disk was lost and who asks for its newest unit goes on after it", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 7, data: countingData() });
  net.startAll();
  net.run(3_000);
  const guardian = net.guardians[2]!;
  const { round } = guardian.state!.creator;
  net.crash(guardian);
  guardian.disk = [];
  net.start(guardian, true);
  net.run(9_500);
  assertEquals(guardian.state!.own, null, "it looks first whether a copy of it is at work");
  net.run(3_500);
  // the simulation itself holds that no second unit of it got out
  net.agreedOrder();
  assert(guardian.state!.creator.round > round + 20, "it creates units again");
  assert(guardian.ordered.some((unit) => unit.creator === 2 && unit.round > round + 10));
  for (const other of net.guardians) assertEquals(other.state!.store.forkers.size, 0);
  assertEquals(guardian.signs, []);
});

Deno.test("who asks for its newest unit waits five seconds for a threshold of answers when somebody is silent", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 8 });
  for (const guardian of net.guardians.slice(0, 3)) net.start(guardian, true);
  net.run(4_900);
  assertEquals(net.sent.get("newUnit"), undefined);
  net.run(600);
  assert(net.sent.get("newUnit")! > 0);
});

Deno.test("a guardian whose disk was lost and who doesn't ask forks, is excluded, and the others go on", () => {
  const net = new Simulation({ keychains: fastKeychains(4), seed: 9, data: countingData(), forkers: [2] });
  net.startAll();
  net.run(3_000);
  const guardian = net.guardians[2]!;
  net.crash(guardian);
  guardian.disk = [];
  net.start(guardian);
  net.run(10_000);
  const honest = net.guardians.filter(({ index }) => index !== 2);
  const order = net.agreedOrder(honest);
  assert(order.length > 500);
  for (const other of honest) assertEquals([...other.state!.store.forkers], [2]);
  assert(!order.slice(-100).some((unit) => unit.includes(".2:")), "units of the forker are ordered no more");
});

for (const [title, scenario] of Object.entries(TROUBLES)) Deno.test(title, () => scenario(1));
