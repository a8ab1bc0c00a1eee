/** Pools over threads that die, lie, hang and come late. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../logger.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { doubling } from "../platform/testing/doubling.ts";
import { POOL_JOB_MS, POOL_QUIET_MS, POOL_REST_MS, POOL_START_MS, POOL_WANTED, POOL_WANTED_MS } from "./limits.ts";
import { openThread } from "../platform/real/threads.ts";
import { ThreadError } from "../platform/error.ts";
import { ThreadPool } from "./pool.ts";
import { fakeThreads } from "./testing/fake.ts";

const task = {
  ...doubling,
  first: { value: 0 },
  isAnswer: (_input: unknown, output: unknown) => typeof output === "number",
};

function setting(cores = 2, open?: () => never) {
  const clock = new ManualClock(), fake = fakeThreads(cores), stop = new AbortController();
  const { opened } = fake, threads = open ? { ...fake.threads, open } : fake.threads;
  const warnings: unknown[] = [];
  const log = loggerFor("test", ({ level, facts }) => level === "warn" && warnings.push(facts["reason"]));
  const pool = new ThreadPool(task, { platform: { clock, threads }, log, signal: stop.signal });
  const ask = (value: number) => pool.run(() => ({ value }));
  /** Asks until one more thread is started, and lets it load. */
  const start = async () => {
    const before = opened.length;
    for (let i = 0; i < POOL_WANTED && opened.length === before; i++) void ask(1);
    await settle();
    opened.at(-1)!.answer();
    await settle();
    return opened.at(-1)!;
  };
  return { clock, opened, stop, pool, warnings, ask, start };
}

Deno.test("a job is its owner's until a thread is up, which is started when there was much to do for a while", async () => {
  const { clock, opened, pool, ask } = setting();
  for (let i = 1; i < POOL_WANTED; i++) assertEquals(await ask(1), null);
  await clock.advance(POOL_WANTED_MS);
  for (let i = 1; i < POOL_WANTED; i++) assertEquals(await ask(1), null);
  assertEquals(opened.length, 0, "that was spread over too long a time");
  assertEquals(await ask(1), null);
  assertEquals(opened.length, 1);
  assertEquals([await ask(1), pool.size], [null, 0], "it is loading");
  opened[0]!.answer();
  await settle();
  const asked = ask(21);
  await settle();
  opened[0]!.answer();
  assertEquals(await asked, 42);
});

Deno.test("a machine with one core has no threads", async () => {
  const { opened, ask } = setting(1);
  for (let i = 0; i < 3 * POOL_WANTED; i++) assertEquals(await ask(1), null);
  assertEquals(opened.length, 0);
});

Deno.test("one job for each thread waits, in order; one more is its owner's, and its input isn't made", async () => {
  const { pool, ask, start } = setting();
  const thread = await start();
  const asked = [ask(1), ask(2)];
  assertEquals(await pool.run(() => Promise.reject(new Error("made")) as never), null);
  await settle();
  assertEquals(thread.open, 1, "a thread has one job at a time");
  thread.answer();
  await settle();
  thread.answer();
  assertEquals(await Promise.all(asked), [2, 4]);
});

Deno.test("more threads are started while all are busy, one fewer than the machine has cores", async () => {
  const { opened, pool, ask, start } = setting(3);
  await start();
  void ask(1);
  await start();
  assertEquals([opened.length, pool.size], [2, 2]);
  for (let i = 0; i < 3 * POOL_WANTED; i++) void ask(1);
  await settle();
  assertEquals(opened.length, 2);
});

Deno.test("a thread that dies in the midst of a job gives it back, and what waits for it; the next one is started after a rest", async () => {
  const { clock, opened, ask, start, pool, warnings } = setting();
  const thread = await start(), asked = [ask(1), ask(2)];
  await settle();
  thread.die();
  assertEquals(await Promise.all(asked), [null, null]);
  assertEquals([pool.size, warnings], [0, ["A thread failed: it died"]]);
  for (let i = 0; i < 2 * POOL_WANTED; i++) assertEquals(await ask(1), null);
  assertEquals(opened.length, 1);
  await clock.advance(POOL_REST_MS);
  await start();
  const again = ask(4);
  await settle();
  opened[1]!.answer();
  assertEquals(await again, 8);
});

Deno.test("a thread that dies while it has nothing to do is found out by the next job, which is its owner's", async () => {
  const { ask, start, pool, warnings } = setting();
  (await start()).die();
  assertEquals([await ask(1), pool.size, warnings.length], [null, 0, 1]);
});

Deno.test("a thread that answers what can't be, or nothing, is not asked again", async () => {
  for (const rubbish of ["4", null, undefined]) {
    const { ask, start, pool, warnings } = setting();
    const thread = await start(), asked = ask(2);
    await settle();
    thread.answer(rubbish);
    assertEquals([await asked, thread.isClosed, pool.size, warnings], [null, true, 0, ["Its answer makes no sense"]]);
  }
});

Deno.test("a thread that never answers is closed, and its job given back", async () => {
  const { clock, ask, start, pool, warnings } = setting();
  const thread = await start(), asked = ask(2);
  await clock.advance(POOL_JOB_MS - 1);
  assertEquals(thread.isClosed, false);
  await clock.advance(1);
  assertEquals([await asked, thread.isClosed, pool.size, warnings], [null, true, 0, ["It doesn't answer"]]);
});

Deno.test("a thread that doesn't load, or can't be opened, is given up for a while", async () => {
  const { clock, opened, ask, pool, warnings } = setting();
  for (let i = 0; i < POOL_WANTED; i++) void ask(1);
  await clock.advance(POOL_START_MS);
  assertEquals([opened[0]!.isClosed, pool.size, warnings.length], [true, 0, 1]);
  const none = setting(2, () => {
    throw new ThreadError({ code: "failed" }, "no threads here");
  });
  for (let i = 0; i < 3 * POOL_WANTED; i++) assertEquals(await none.ask(1), null);
  assertEquals(none.warnings, ["no threads here"]);
});

Deno.test("threads end when nothing came for a while, and are started again", async () => {
  const { clock, opened, start, pool } = setting();
  await start();
  await clock.advance(POOL_QUIET_MS - 1);
  assertEquals(pool.size, 1);
  await clock.advance(1);
  assertEquals([pool.size, opened[0]!.isClosed, clock.pending], [0, true, 0]);
  await start();
  assertEquals(pool.size, 1);
});

Deno.test("when its owner stops no thread stays, no timer, and no job without an answer", async () => {
  const { clock, opened, stop, ask, start } = setting(3);
  await start();
  const asked = [ask(1), ask(2)];
  for (let i = 0; i < POOL_WANTED; i++) void ask(1);
  await settle();
  assertEquals(opened.length, 2, "one works, one is loading");
  stop.abort();
  assertEquals(await Promise.all(asked), [null, null]);
  assertEquals([opened.map(({ isClosed }) => isClosed), clock.pending], [[true, true], 0]);
  assertEquals(await ask(3), null);
});

Deno.test("threads of this machine do a pool's jobs, and one that ends by itself costs none of them", async () => {
  const clock = new ManualClock(), stop = new AbortController();
  const pool = new ThreadPool(task, {
    platform: { clock, threads: { cores: 2, open: openThread } },
    log: loggerFor("test", () => {}),
    signal: stop.signal,
  });
  for (let i = 0; i < POOL_WANTED; i++) assertEquals(await pool.run(() => ({ value: 1 })), null);
  while (pool.size === 0) await settle();
  assertEquals(await Promise.all([pool.run(() => ({ value: 4 })), pool.run(() => ({ value: 5 }))]), [8, 10]);
  // on this the task throws, which ends the thread
  assertEquals(await pool.run(() => ({ value: -1 })), null);
  assertEquals(pool.size, 0);
  stop.abort();
});
