/** Notes whose batches are verified elsewhere: on threads that come late, fail, or are this machine's. */
import { assertEquals } from "@std/assert";
import { loggerFor } from "../../../actors/logger.ts";
import { openThread } from "../../../actors/platform/real/threads.ts";
import { ManualClock, settle } from "../../../actors/testing/manual_clock.ts";
import { POOL_WANTED } from "../../../actors/threads/limits.ts";
import { fakeThreads } from "../../../actors/threads/testing/fake.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import type { Note } from "../common.ts";
import { POOLED_NOTES_MIN } from "../limits.ts";
import { issueNote, testMint } from "../testing/federation.ts";
import { NoteChecks } from "./note_checks.ts";
import { noteThreads } from "./note_task.ts";

const mint = await testMint({ guardians: 1 });
const notes: Note[] = [];
for (let i = 0; i < 100; i++) notes.push(await issueNote(mint, 9 + (i % 3)));
const log = loggerFor("test", () => {});

/** Two transactions' notes, together enough for a thread, from here on. */
const pair = (from: number): Note[][] => [notes.slice(from, from + 4), notes.slice(from + 4, from + POOLED_NOTES_MIN)];
const bad = (note: Note): Note => ({ ...note, signature: bls.g1.generator });

/** With a thread that is up. */
async function setting() {
  const clock = new ManualClock(), { threads, opened } = fakeThreads(2), stop = new AbortController();
  const elsewhere = noteThreads({ platform: { clock, threads }, log, signal: stop.signal });
  const checks = new NoteChecks(mint.config.tbsAggPks, seededDice(3), elsewhere);
  const filler = [notes.slice(66, 66 + POOLED_NOTES_MIN)];
  for (let i = 0; i < POOL_WANTED; i++) {
    await new NoteChecks(mint.config.tbsAggPks, seededDice(3), elsewhere).prepare(filler);
  }
  const thread = opened[0]!;
  thread.answer();
  await settle();
  return { checks, thread, stop };
}

Deno.test("a batch is verified on a thread, and not here", async () => {
  const { checks, thread } = await setting(), [good, other] = pair(0) as [Note[], Note[]];
  const mixed = other.with(2, bad(other[2]!)), prepared = checks.prepare([good, mixed]);
  await settle();
  thread.answer();
  await settle();
  assertEquals(await prepared, [true, false]);
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  assertEquals(good.every((note) => checks.holds(note)), true);
  assertEquals(products.args.length, 0);
  assertEquals(mixed.map((note) => checks.holds(note)), mixed.map((_, i) => i !== 2));
});

Deno.test("a small batch is verified here", async () => {
  const { checks, thread } = await setting();
  assertEquals(await checks.prepare([notes.slice(0, 3), notes.slice(3, POOLED_NOTES_MIN - 1)]), [true, true]);
  assertEquals(thread.open, 0);
});

Deno.test("a batch whose thread dies, or answers rubbish, is verified here, with the same verdicts", async () => {
  for (const rubbish of [null, Uint8Array.of(1), Uint8Array.of(1, 1, 1), Uint8Array.of(1, 7)]) {
    const { checks, thread } = await setting(), [good, other] = pair(0) as [Note[], Note[]];
    const prepared = checks.prepare([good, [...other.slice(1), bad(other[0]!)]]);
    await settle();
    if (rubbish) thread.answer(rubbish);
    else thread.die();
    assertEquals(await prepared, [true, false]);
    assertEquals(thread.isClosed, true);
  }
});

Deno.test("a large transaction with a bad note costs one small batch there, too", async () => {
  const { checks, thread } = await setting(), prepared = checks.prepare([notes.slice(0, 50).map(bad)]);
  await settle();
  thread.answer();
  assertEquals(await prepared, [false]);
  assertEquals(thread.open, 0);
});

Deno.test("who asks for notes whose batch is under way waits for it, and they are verified once", async () => {
  const { checks, thread } = await setting(), first = checks.prepare(pair(0));
  await settle();
  const second = checks.prepare([...pair(0), ...pair(32)]), third = checks.prepare([notes.slice(64, 66)]);
  assertEquals(await third, [true], "others' notes don't wait");
  assertEquals(thread.open, 1);
  thread.answer();
  assertEquals(await first, [true, true]);
  await settle();
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  thread.answer();
  assertEquals(await second, [true, true, true, true]);
  assertEquals(products.args.map(([pairs]) => pairs.length), [4], "a batch of the second pair alone: three keys");
});

Deno.test("notes whose batch failed are verified anew for who waited for it", async () => {
  const { checks, thread } = await setting(), [some, others] = pair(0) as [Note[], Note[]];
  const spoiled = checks.prepare([some, [...others.slice(1), bad(others[0]!)]]);
  await settle();
  const honest = checks.prepare([others.slice(1)]);
  thread.die();
  assertEquals([await spoiled, await honest], [[true, false], [true]]);
});

/** Checks elsewhere that end when the test says so. */
function slowChecks() {
  const begun: { readonly notes: number; readonly end: () => void }[] = [];
  const checks = new NoteChecks(mint.config.tbsAggPks, seededDice(3), (groups) =>
    new Promise((resolve) => {
      const verdicts = groups.map((group) => group.some(({ signature }) => isBad(signature)) ? "fails" : "holds");
      begun.push({ notes: groups.flat().length, end: () => resolve(verdicts) });
    }));
  return { checks, begun };
}
const isBad = (signature: Note["signature"]): boolean => signature === bls.g1.generator;

Deno.test("who asks for notes that are known to hold waits for nobody who asks for them beside others", async () => {
  const { checks, begun } = slowChecks(), [some, others] = pair(0) as [Note[], Note[]];
  const first = checks.prepare([some]);
  begun[0]!.end();
  assertEquals(await first, [true]);
  const copied = checks.prepare([[...some, ...others.map(bad)]]);
  let verdicts: readonly boolean[] | null = null;
  void checks.prepare([some]).then((held) => verdicts = held);
  await settle();
  assertEquals([verdicts, begun.length], [[true], 2]);
  begun[1]!.end();
  assertEquals(await copied, [false]);
});

Deno.test("who asks for notes waits once, however many others copy them into bad transactions, one after the other", async () => {
  const { checks, begun } = slowChecks(), [one, other, third] = pair(0)[0] as [Note, Note, Note];
  let copies = 0;
  const copy = (note: Note): void => void checks.prepare([[note, bad(notes[20 + copies++]!)]]);
  // two chains that end by turns: a call with one of the notes is always under way
  for (const note of [one, other, one, other]) copy(note);
  await settle();
  const prepared = checks.prepare([[one, other, third]]);
  let ended = 0;
  for (; ended < 20 && begun.every(({ notes }) => notes !== 3); ended++) {
    copy(ended % 2 === 0 ? one : other);
    begun[ended]!.end();
    await settle();
  }
  assertEquals(ended, 2);
  for (; ended < begun.length; ended++) begun[ended]!.end();
  assertEquals(await prepared, [true]);
});

Deno.test("when the module stops a batch that is under way ends", async () => {
  const { checks, thread, stop } = await setting(), prepared = checks.prepare(pair(0));
  await settle();
  stop.abort();
  assertEquals([await prepared, thread.isClosed], [[true, true], true]);
});

Deno.test("threads of this machine give the same verdicts", async () => {
  const stop = new AbortController(), threads = { cores: 2, open: openThread };
  const elsewhere = noteThreads({ platform: { clock: new ManualClock(), threads }, log, signal: stop.signal });
  const mixed = pair(0).map((some, i) => i === 0 ? some : some.with(1, bad(some[1]!)));
  const make = () => new NoteChecks(mint.config.tbsAggPks, seededDice(3), elsewhere);
  using products = callsOf(bls.backend, "pairingProductIsOne", bls.backend.pairingProductIsOne);
  let here = -1;
  // until the thread has loaded they are verified here
  while (products.args.length !== here) {
    here = products.args.length;
    assertEquals(await make().prepare(mixed), [true, false]);
    await settle();
  }
  assertEquals(await make().prepare(mixed), [true, false]);
  assertEquals(products.args.length, here);
  stop.abort();
});
