/** Links between guardians that are honest, over a network that isn't always there. */
import { assert, assertEquals } from "@std/assert";
import { OUTGOING_MAX } from "./limits.ts";
import { Guardians } from "./testing/guardians.ts";

function numbers(from: number, count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${from}:${first + i}`);
}

Deno.test("two guardians hear each other, in order, both ways at once", async () => {
  const { all: [a, b], world, until } = await bound(2);
  for (let i = 0; i < 200; i++) {
    a!.send(1, i);
    b!.send("all", i);
    await world.run({ forMs: 1 + i % 7 });
  }
  await until(() => a!.received.length === 200 && b!.received.length === 200);
  assertEquals([a!.received, b!.received], [numbers(1, 200), numbers(0, 200)]);
});

Deno.test("of each pair the lower dials, once, and there is one connection", async () => {
  const { all, world } = await bound(3);
  await world.run({ forMs: 60_000 });
  // the first to start may dial before the others listen
  assertEquals([all[0]!.dials.length >= 2, all[1]!.dials.length >= 1, all[2]!.dials.length], [true, true, 0]);
  assertEquals(all.map((guardian) => guardian.connects()), [2, 2, 2]);
  assertEquals(all.map((guardian) => guardian.warnings()), [[], [], []]);
});

Deno.test("a message for one goes to that one, a message for all to all the others", async () => {
  const { all, world } = await bound(3);
  all[1]!.send(2, 5);
  all[1]!.send("all", 6);
  all[1]!.send(1, 7); // itself: nobody
  await world.run({ forMs: 1_000 });
  assertEquals(all.map(({ received }) => received), [["1:6"], [], ["1:5", "1:6"]]);
});

Deno.test("who is not there is dialled again and again, ever later, and found when it comes", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  await guardians.world.run({ forMs: 300_000 });
  const delays = a!.dials.slice(1).map((at, i) => at - a!.dials[i]!);
  const nominal = [250, 500, 750, 1_250, 2_000, 3_250, 5_250, 8_500, 13_750, 13_750];
  for (const [i, delayMs] of nominal.entries()) {
    // jitter below 250 ms, the refusal within 40 ms
    assert(delays[i]! >= delayMs && delays[i]! < delayMs + 290, `delay ${i} is ${delays[i]} ms`);
  }
  await guardians.startOne(1);
  await guardians.until(() => guardians.connected(0) === 1 && guardians.connected(1) === 1, 15_000);
  // a connection begins the delays anew
  guardians.world.process("guardian1").kill();
  await guardians.until(() => guardians.connected(0) === 0, 1_000);
  const [lostMs, before] = [guardians.world.nowMs, a!.dials.length];
  await guardians.until(() => a!.dials.length > before, 1_000);
  assert(guardians.world.nowMs - lostMs < 500);
});

Deno.test("a guardian that ends and comes back has its links again within a second", async () => {
  for (const ends of [0, 1]) {
    const guardians = await Guardians.start(2);
    const [process, stays] = [guardians.world.process(`guardian${ends}`), guardians.all[1 - ends]!];
    process.kill();
    await guardians.until(() => guardians.connected(1 - ends) === 0, 1_000);
    assertEquals(stays.closed(), ["closed by the other side"]);
    await guardians.startOne(ends, process.restart());
    await guardians.until(() => guardians.connected(0) === 1 && guardians.connected(1) === 1, 1_000);
    stays.send(ends, 9);
    await guardians.until(() => guardians.all[ends]!.received.length === 1, 1_000);
  }
});

Deno.test("a guardian that lost its power and comes back replaces its connection of before", async () => {
  const guardians = await Guardians.start(2);
  const process = guardians.world.process("guardian0");
  process.kill("power");
  await guardians.world.run({ forMs: 1_000 });
  assertEquals(guardians.connected(1), 1);
  await guardians.startOne(0, process.restart());
  await guardians.until(() => guardians.connected(0) === 1 && guardians.all[1]!.connects() === 2, 2_000);
  guardians.all[1]!.send(0, 9);
  guardians.all[0]!.send(1, 8);
  await guardians.until(() => guardians.all[0]!.received.length + guardians.all[1]!.received.length === 2, 1_000);
});

Deno.test("while the other is away the first messages wait, later ones are dropped and counted", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  for (let i = 0; i < OUTGOING_MAX + 3; i++) a!.send(1, i);
  await guardians.world.run({ forMs: 1_000 });
  assertEquals(a!.inspect("link:1").facts, { peer: 1, connected: false, dropped: 3 });
  const b = await guardians.startOne(1);
  await guardians.until(() => guardians.connected(0) === 1);
  a!.send(1, 100);
  await guardians.world.run({ forMs: 1_000 });
  assertEquals(b.received, [...numbers(0, OUTGOING_MAX), "0:100"]);
});

Deno.test("over a network that loses and breaks, order holds and the link always comes back", async () => {
  const { all: [a, b], world, until } = await bound(2, { dropProbability: 0.02, resetProbability: 0.02 });
  for (let i = 0; i < 300; i++) {
    a!.send(1, i);
    b!.send(0, i);
    await world.run({ forMs: 100 });
  }
  assert(a!.connects() > 3 && a!.received.length > 100 && b!.received.length > 100);
  for (const { received } of [a!, b!]) {
    const order = received.map((text) => Number(text.slice(2)));
    assertEquals(order, [...new Set(order)].sort((x, y) => x - y));
  }
  world.link("guardian0", "guardian1", { dropProbability: 0, resetProbability: 0 });
  await until(() => a!.inspect("link:1").facts.connected === true && b!.inspect("link:0").facts.connected === true);
});

async function bound(count: number, link?: { readonly dropProbability: number; readonly resetProbability: number }) {
  const guardians = await Guardians.start(count, link ? { link } : {});
  const { all, world } = guardians;
  return { all, world, until: (condition: () => boolean) => guardians.until(condition) };
}
