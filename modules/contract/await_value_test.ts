import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/memory.ts";
import { getText, isSettled, ManualClock, put } from "../../actors/store/testing/mod.ts";
import { utf8 } from "../../core/bytes.ts";
import { settle } from "../../actors/testing/manual_clock.ts";
import { awaitValue } from "./await_value.ts";
import { countedStore } from "./testing/counted_store.ts";

const KEY = utf8("key");

function openStore() {
  return openMemoryStore({ clock: new ManualClock() });
}

Deno.test("a value that is there is given at once", async () => {
  const store = await openStore();
  await put(store, { key: "value" });
  const signal = new AbortController().signal;
  assertEquals(await awaitValue(store, KEY, (tx) => getText(tx, "key"), signal), "value");
});

Deno.test("a value that comes is given when it comes, other keys' changes cost no reading", async () => {
  const store = await openStore();
  let reads = 0;
  const waiting = awaitValue(store, KEY, (tx) => {
    reads++;
    return getText(tx, "key");
  }, new AbortController().signal);
  assertEquals(await isSettled(waiting), false);
  for (let i = 0; i < 10; i++) await put(store, { other: `${i}` });
  assertEquals([await isSettled(waiting), reads], [false, 1]);
  await put(store, { key: "value" });
  assertEquals([await waiting, reads], ["value", 2]);
});

Deno.test("a value is not told before it is on disk", async () => {
  const clock = new ManualClock();
  const backend = new MemoryBackend({ clock, writeDelayMs: () => 10 });
  const opening = openMemoryStore({ clock, backend });
  await clock.advance(100);
  const store = await opening;
  const waiting = awaitValue(store, KEY, (tx) => getText(tx, "key"), new AbortController().signal);
  await store.transact((tx) => tx.set(KEY, utf8("value")));
  assertEquals(await isSettled(waiting), false);
  await clock.advance(100);
  assert(await isSettled(waiting));
  assertEquals(await waiting, "value");
});

Deno.test("waiting ends with its signal, and leaves nothing behind", async () => {
  const store = await openStore();
  const caller = new AbortController();
  let reads = 0;
  const waiting = awaitValue(store, KEY, () => {
    reads++;
    return Promise.resolve(undefined);
  }, caller.signal);
  assertEquals(await isSettled(waiting), false);
  caller.abort(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await put(store, { key: "value" });
  assertEquals(reads, 1);
  await assertRejects(() => awaitValue(store, KEY, () => Promise.resolve("never"), caller.signal), Error, "gone");
});

Deno.test("waiting ends when reading fails, and leaves nothing behind", async () => {
  const { store, counts } = countedStore(await openStore());
  const waiting = awaitValue(store, KEY, () => Promise.reject(new Error("broken")), new AbortController().signal);
  await assertRejects(() => waiting, Error, "broken");
  await settle();
  assertEquals(counts.waiting, 0);
});
