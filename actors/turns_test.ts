import { assertEquals } from "@std/assert";
import { manualClock } from "./testing/platform.ts";
import { Turns } from "./turns.ts";

const TERMS = { burst: 3, tokens: 1, ms: 10 };

Deno.test("as much as there is is served at once, the rest at its rate", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: number[] = [];
  for (let i = 0; i < 6; i++) turns.wait("a", () => served.push(i));
  assertEquals(served, [0, 1, 2]);
  await clock.advance(9);
  assertEquals(served, [0, 1, 2]);
  await clock.advance(1);
  assertEquals(served, [0, 1, 2, 3]);
  await clock.advance(1_000);
  assertEquals([served, clock.pendingTimers], [[0, 1, 2, 3, 4, 5], 0]);
});

Deno.test("each source has its turn, however much waits of another", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: string[] = [];
  const proxied = {};
  for (let i = 0; i < 100; i++) turns.wait("flood", () => served.push("flood"));
  turns.wait("honest", () => served.push("honest"));
  for (let i = 0; i < 2; i++) turns.wait(proxied, () => served.push("proxied"));
  served.length = 0;
  await clock.advance(60);
  assertEquals(served, ["flood", "honest", "proxied", "flood", "proxied", "flood"]);
});

Deno.test("what calls cost is waited for by all", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: string[] = [];
  turns.take(5);
  turns.wait("other", () => served.push("other"));
  await clock.advance(29);
  assertEquals(served, []);
  await clock.advance(1);
  assertEquals(served, ["other"]);
});

Deno.test("nobody waits for more than a burst's debt, however dear a call was", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: string[] = [];
  for (let i = 0; i < 100; i++) turns.take(1_000_000);
  turns.wait("other", () => served.push("other"));
  await clock.advance(39);
  assertEquals(served, []);
  await clock.advance(1);
  assertEquals(served, ["other"]);
});

Deno.test("who has gone takes no turn, and leaves no timer", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: string[] = [];
  turns.take(3);
  const gone = Array.from({ length: 50 }, () => turns.wait("gone", () => served.push("gone")));
  const stays = turns.wait("stays", () => served.push("stays"));
  for (const giveUp of gone) giveUp();
  await clock.advance(10);
  assertEquals(served, ["stays"]);
  stays();
  assertEquals(clock.pendingTimers, 0);
});

Deno.test("a source that waits again after it gave up is served", async () => {
  const clock = manualClock();
  const turns = new Turns(clock.platform.clock, TERMS);
  const served: number[] = [];
  turns.take(3);
  const first = turns.wait("a", () => served.push(1));
  first();
  turns.wait("a", () => served.push(2));
  first();
  await clock.advance(10);
  assertEquals(served, [2]);
});
