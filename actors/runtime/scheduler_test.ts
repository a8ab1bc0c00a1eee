import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { defineActor, next, reply } from "../actor.ts";
import { type Cast, refTo, type Request } from "../protocol.ts";
import { child, supervisor } from "../supervisor.ts";
import { settle } from "../testing/manual_clock.ts";
import { withSystem } from "../testing/platform.ts";
import { PUMP_MESSAGES, SLICE_MESSAGES } from "../limits.ts";
import type { Clock, Platform } from "../platform/platform.ts";
import { createSystem } from "./system.ts";

type Player = Cast<"ball", null> | Request<"ping", null, string>;

/** Sends the ball back for ever. */
const player = (name: string, other: string) =>
  defineActor<Player, null, number>({
    name,
    init: () => 0,
    handle: {
      ball: (count, _args, ctx) => {
        ctx.tell(refTo<Player>(`root/${other}`), "ball", null);
        return next(count + 1);
      },
      ping: (count) => reply(count, "pong"),
    },
    inspect: (count) => ({ count }),
  });

const count = (player: { facts: Record<string, unknown> } | undefined) => Number(player!.facts["count"]);

Deno.test("messages without end do not shut out timers", () =>
  withSystem(
    [child(player("a", "b"), { args: null }), child(player("b", "a"), { args: null })],
    async ({ system, clock }) => {
      let fired = 0;
      clock.platform.clock.setTimer(0, () => fired++);
      system.tell(refTo<Player>("root/a"), "ball", null);
      await settle();
      const handled = () => system.inspect().children.reduce((sum, player) => sum + count(player), 0);
      assert(handled() >= SLICE_MESSAGES && handled() < SLICE_MESSAGES + 100, `${handled()} in the first slice`);
      await clock.turn();
      assertEquals(fired, 1);
      assert(handled() >= 2 * SLICE_MESSAGES, "the ball is played on");
    },
  ));

Deno.test("requests without end do not shut out timers either", () =>
  withSystem([child(player("a", "b"), { args: null })], async ({ system, clock }) => {
    let fired = false;
    clock.platform.clock.setTimer(0, () => fired = true);
    let asked = 0;
    const asker = (async () => {
      while (!fired) {
        await system.ask(refTo<Player>("root/a"), "ping", null);
        asked++;
      }
    })();
    await settle();
    assert(!fired && asked >= SLICE_MESSAGES && asked < SLICE_MESSAGES + 100, `${asked} were answered`);
    await clock.turn();
    await asker;
    assert(fired);
  }));

Deno.test("on a clock that moves, a slice ends after its milliseconds", async () => {
  let handled = 0;
  const slow = defineActor<Cast<"work", null>, null, null>({
    name: "slow",
    init: () => null,
    handle: {
      work: (state) => {
        handled++;
        nowMs += 1; // each message takes a millisecond
        return next(state);
      },
    },
  });
  let nowMs = 0;
  const timers: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer: (_delayMs, fire) => (timers.push(fire), { cancel: () => {} }),
  };
  const system = createSystem({ platform: { clock } as Platform, log: () => {} });
  await system.start(supervisor("root", { children: [child(slow, { args: null })] }));
  for (let i = 0; i < 1_000; i++) system.tell(refTo<Cast<"work", null>>("root/slow"), "work", null);
  await settle();
  assertEquals(handled, 2 * PUMP_MESSAGES); // one pump to set the timer, one that finds the slice over
  timers.shift()!();
  await settle();
  assertEquals(handled, 4 * PUMP_MESSAGES);
  await system.stop();
});

Deno.test("a flooded actor does not keep another one waiting, nor the continuation of a promise", () =>
  withSystem(
    [child(player("a", "nobody"), { args: null }), child(player("b", "nobody"), { args: null })],
    async ({ system }) => {
      for (let i = 0; i < 9_000; i++) system.tell(refTo<Player>("root/a"), "ball", null);
      assertEquals(await system.ask(refTo<Player>("root/b"), "ping", null), "pong");
      const [a, b] = system.inspect().children;
      assertEquals(b!.handled, 1);
      assert(a!.handled <= PUMP_MESSAGES, `the flooded one handled ${a!.handled} before`);
    },
  ));

type Node = Cast<"go", { hops: number; seed: number }>;

Deno.test("the same messages are handled in the same order every time", async () => {
  const run = async (seeds: readonly number[]): Promise<string[]> => {
    const order: string[] = [];
    const node = (name: string) =>
      defineActor<Node, null, null>({
        name,
        init: () => null,
        handle: {
          go: (state, { hops, seed }, ctx) => {
            order.push(`${name} ${seed} ${hops}`);
            const send = () => {
              if (hops === 0) return;
              ctx.tell(refTo<Node>(`root/${(seed * 7 + hops) % 5}`), "go", { hops: hops - 1, seed });
              ctx.tell(refTo<Node>(`root/${(seed + hops * 3) % 5}`), "go", { hops: hops - 1, seed: seed + 1 });
            };
            if (hops > 0 && seed % 3 === 0) ctx.after(seed % 4, { type: "go", args: { hops: 0, seed } });
            if (seed % 2 === 0) return Promise.resolve().then(() => (send(), next(state)));
            send();
            return next(state);
          },
        },
      });
    const nodes = Array.from({ length: 5 }, (_, i) => child(node(`${i}`), { args: null }));
    await withSystem(nodes, async ({ system, clock }) => {
      for (const seed of seeds) system.tell(refTo<Node>(`root/${seed % 5}`), "go", { hops: 6, seed });
      await clock.advance(10);
    });
    return order;
  };
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }), async (seeds) => {
      const first = await run(seeds);
      assert(first.length >= 127 * seeds.length);
      assertEquals(await run(seeds), first);
    }),
    { numRuns: 20 },
  );
});
