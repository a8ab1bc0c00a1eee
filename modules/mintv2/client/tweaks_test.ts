import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Attempt } from "../../contract/client_env.ts";
import { NotReady } from "../../contract/client_env.ts";
import { passesFilter } from "./issuance.ts";
import { Tweaks } from "./tweaks.ts";

const FILTER = new Uint8Array(32).fill(7) as Bytes;

class TestAttempt implements Attempt {
  readonly #effects: (() => void)[] = [];
  onUndo(effect: () => void): void {
    this.#effects.push(effect);
  }
  undo(): void {
    for (const effect of this.#effects) effect();
  }
}

function setting(change: (platform: Platform) => Platform = (same) => same, findsAhead = true) {
  const world = new SimulatedWorld(5);
  const stop = new AbortController();
  const platform = change(world.process("wallet").platform);
  const tweaks = new Tweaks(FILTER, { platform, findsAhead, signal: stop.signal });
  /** As the client's core does: again when it is ready. */
  const take = async (...counts: number[]): Promise<Bytes[]> => {
    for (;;) {
      const attempt = new TestAttempt();
      try {
        return counts.flatMap((count) => tweaks.take(attempt, count));
      } catch (thrown) {
        attempt.undo();
        if (!(thrown instanceof NotReady)) throw thrown;
        await thrown.ready();
      }
    }
  };
  return { world, tweaks, take: (...counts: number[]) => world.finish(take(...counts), { forMs: 60_000 }), stop };
}

Deno.test("tweaks pass the filter and are given once, to whoever takes several times in one transaction too", async () => {
  const { take } = setting();
  const taken = [...await take(3), ...await take(2, 4, 1), ...await take(0)];
  assertEquals(taken.length, 10);
  assert(taken.every((tweak) => tweak.length === 16 && passesFilter(tweak, FILTER)));
  assertEquals(new Set(taken.map(toHex)).size, 10);
});

Deno.test("what a transaction that came to nothing took is given to the next one, and what may have committed never", async () => {
  const { take, tweaks, world } = setting();
  const [used] = await take(1);
  const undone = new TestAttempt();
  await world.finish(assertThrows(() => tweaks.take(undone, 1), NotReady).ready(), { forMs: 60_000 });
  const [given] = tweaks.take(undone, 1);
  assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
  undone.undo();
  assertEquals(tweaks.take(new TestAttempt(), 1).map(toHex), [toHex(given!)]);
  assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
  assert(toHex(used!) !== toHex(given!));
});

Deno.test("what came back is given for the same denomination again, before others, and for another one when it must", async () => {
  const { take, tweaks, world } = setting();
  await take(6);
  const [a, b] = [new TestAttempt(), new TestAttempt()];
  await world.finish(assertThrows(() => tweaks.take(a, 4), NotReady).ready(), { forMs: 60_000 });
  const first = tweaks.take(a, 3, [1, 2, 3]).map(toHex), [other] = tweaks.take(b, 1, [9]).map(toHex);
  a.undo();
  b.undo();
  assertEquals(tweaks.take(a, 3, [3, 1, 2]).map(toHex), [first[2], first[0], first[1]]);
  assertEquals(tweaks.take(new TestAttempt(), 1, [2]).map(toHex), [other]);
});

const atOnce = () => Promise.resolve();

Deno.test("nothing is looked for ahead before the wallet is quiet, nor when it closes before that", async () => {
  const { world, tweaks, stop } = setting();
  const quiet = Promise.withResolvers<void>();
  const kept = tweaks.keepReady((signal) => Promise.race([quiet.promise, rejection(signal)]));
  await world.run({ forMs: 60_000 });
  assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
  quiet.resolve();
  await world.finish(kept, { forMs: 60_000 });
  await world.run({ forMs: 10 });
  assertEquals(tweaks.take(new TestAttempt(), 50).length, 50);
  stop.abort(new Error("closed"));
  await tweaks.keepReady(rejection);
});

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

Deno.test("a wallet that rests has fifty ready, and after some were taken again", async () => {
  const { world, tweaks } = setting();
  const calls: number[] = [];
  await world.finish(tweaks.keepReady(atOnce), { forMs: 60_000 });
  await world.run({ forMs: 10 });
  for (const count of [50, 50]) {
    calls.push(tweaks.take(new TestAttempt(), count).length);
    assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
    await world.run({ forMs: 10 });
  }
  assertEquals(calls, [50, 50]);
});

Deno.test("a wallet that doesn't look ahead has none ready, nor some more than a payment needs, which finds them", async () => {
  const { world, tweaks, take } = setting(undefined, false);
  await world.finish(tweaks.keepReady(atOnce), { forMs: 60_000 });
  await world.run({ forMs: 10 });
  assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
  assertEquals((await take(5)).length, 5);
  await world.run({ forMs: 60_000 });
  assertThrows(() => tweaks.take(new TestAttempt(), 1), NotReady);
});

Deno.test("whoever waits is told when the wallet closes, or when it has enough of waiting", async () => {
  const { tweaks, stop } = setting();
  const wait = assertThrows(() => tweaks.take(new TestAttempt(), 1_000), NotReady);
  const enough = new AbortController();
  const [abandoned, closed] = [wait.ready(enough.signal), wait.ready()];
  enough.abort(new Error("enough"));
  await assertRejects(() => abandoned, Error, "enough");
  stop.abort(new Error("closing"));
  await assertRejects(() => closed, Error, "closing");
  await assertRejects(() => wait.ready(), Error, "closing");
  await assertRejects(() => wait.ready(enough.signal), Error);
});

Deno.test("however many are looked for, others work in between, and no thread is started", async () => {
  const counts = { searches: 0, turns: 0, threads: 0 };
  const { take } = setting(({ clock, dice, threads, ...platform }) => ({
    ...platform,
    clock: {
      ...clock,
      setTimer: (delayMs, run) => {
        counts.turns++;
        return clock.setTimer(delayMs, run);
      },
    },
    dice: {
      ...dice,
      bytes: (size) => {
        counts.searches++;
        return dice.bytes(size);
      },
    },
    threads: {
      ...threads,
      open: (task) => {
        counts.threads++;
        return threads.open(task);
      },
    },
  }));
  assertEquals((await take(20)).length, 20);
  assert(counts.searches >= 20, `${counts.searches}`);
  assertEquals(counts, { searches: counts.searches, turns: counts.searches, threads: 0 });
});
