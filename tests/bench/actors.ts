/**
 * What an actor costs: `tell` against an array that an async loop empties, `ask` against a bare promise answered in a
 * microtask. Both sides do the same trivial work, so the ratio is all overhead and no handler of the project comes near
 * it.
 */
import { child, createSystem, defineActor, next, refTo, reply, supervisor } from "../../actors/mod.ts";
import type { ActorSystem, Cast, Request } from "../../actors/mod.ts";
import { realClock } from "../../actors/platform/real/clock.ts";
import type { Platform } from "../../actors/platform/platform.ts";

type Line = { name: string; value: string; ratio?: number };

type CounterMessage = Cast<"add", { by: number }> | Request<"read", null, number>;

/** The actor may change its state in place as nobody else sees it; so does the loop it is compared with. */
const counter = defineActor<CounterMessage, null, { sum: number }>({
  name: "counter",
  init: () => ({ sum: 0 }),
  handle: {
    add: (state, { by }) => {
      state.sum += by;
      return next(state);
    },
    read: (state) => reply(state, state.sum),
  },
});
const ref = refTo<CounterMessage>("bench/counter");

const MESSAGES = 200_000;
/** Told at a time: a socket's read or a consensus round brings about so many. */
const BURST = 100;
/** Odd, for a median. The first warms up. */
const ROUNDS = 9;

/** @returns two `tell` and two `ask` figures; a line's ratio is how many times the bare one's time it takes */
export async function benchActors(): Promise<Line[]> {
  // Only the clock is touched.
  const system = createSystem({ platform: { clock: realClock } as Platform, log: () => {} });
  await system.start(supervisor("bench", { children: [child(counter, { args: null })] }));
  const [queue, tell] = await medians(bareQueue, () => tellActor(system));
  const [promise, ask] = await medians(barePromise, () => askActor(system));
  const [promises, asks] = await medians(barePromiseBursts, () => askActorBursts(system));
  await system.stop();
  return [
    { name: "a bare async queue, a message", value: perMessage(queue) },
    { name: "tell, a message", value: perMessage(tell), ratio: tell / queue },
    { name: "a bare promise, one after the other", value: perMessage(promise) },
    { name: "ask, one after the other", value: perMessage(ask), ratio: ask / promise },
    { name: `bare promises, ${BURST} at a time`, value: perMessage(promises) },
    { name: `ask, ${BURST} at a time`, value: perMessage(asks), ratio: asks / promises },
  ];
}

function perMessage(elapsedMs: number): string {
  return `${(elapsedMs * 1e6 / MESSAGES).toFixed(0)} ns`;
}

/** In turns, so that what else the machine does hits both alike. */
async function medians(bare: () => Promise<void>, actor: () => Promise<void>): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS + 1; round++) {
    for (const [side, run] of [bare, actor].entries()) {
      const startMs = performance.now();
      await run();
      if (round > 0) times[side]!.push(performance.now() - startMs);
    }
  }
  return times.map((side) => side.toSorted((a, b) => a - b)[ROUNDS >> 1]!) as [number, number];
}

async function bareQueue(): Promise<void> {
  const queue: { type: "add"; args: { by: number } }[] = [];
  let sum = 0;
  let wake = (): void => {};
  const consumer = (async () => {
    while (sum < MESSAGES) {
      for (let i = 0; i < queue.length; i++) sum += queue[i]!.args.by;
      queue.length = 0;
      if (sum < MESSAGES) await new Promise<void>((resolve) => wake = resolve);
    }
  })();
  for (let sent = 0; sent < MESSAGES; sent += BURST) {
    for (let i = 0; i < BURST; i++) {
      queue.push({ type: "add", args: { by: 1 } });
      wake();
    }
    await null;
    await null;
  }
  await consumer;
}

async function tellActor(system: ActorSystem): Promise<void> {
  const before = await system.ask(ref, "read", null);
  for (let sent = 0; sent < MESSAGES; sent += BURST) {
    for (let i = 0; i < BURST; i++) system.tell(ref, "add", { by: 1 });
    if (sent % 5_000 === 0) await system.ask(ref, "read", null);
    else await null;
  }
  const after = await system.ask(ref, "read", null);
  if (after - before !== MESSAGES) throw new Error(`Lost ${MESSAGES - (after - before)} messages`);
}

async function barePromise(): Promise<void> {
  const state = { sum: 1 };
  for (let i = 0; i < MESSAGES; i++) {
    await new Promise<number>((resolve) => queueMicrotask(() => resolve(state.sum)));
  }
}

async function askActor(system: ActorSystem): Promise<void> {
  for (let i = 0; i < MESSAGES; i++) await system.ask(ref, "read", null);
}

async function barePromiseBursts(): Promise<void> {
  const state = { sum: 1 };
  for (let i = 0; i < MESSAGES; i += BURST) {
    await Promise.all(
      Array.from({ length: BURST }, () => new Promise<number>((resolve) => queueMicrotask(() => resolve(state.sum)))),
    );
  }
}

async function askActorBursts(system: ActorSystem): Promise<void> {
  for (let i = 0; i < MESSAGES; i += BURST) {
    await Promise.all(Array.from({ length: BURST }, () => system.ask(ref, "read", null)));
  }
}
