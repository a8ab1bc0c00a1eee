import { assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../actors/testing/manual_clock.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { isSettled } from "../../actors/store/testing/mod.ts";
import { u64 } from "../../core/encoding/mod.ts";
import { slot } from "./records.ts";
import { testStore } from "./testing/mod.ts";
import { countedStore } from "./testing/counted_store.ts";
import { Rising } from "./rising.ts";

const number = slot(0x01, u64);
const never = new AbortController().signal;

async function withRising() {
  const { store, counts } = countedStore(await testStore());
  const rising = new Rising(store, number.key, async (tx) => await number.get(tx) ?? 0n);
  const set = async (value: bigint): Promise<void> => {
    await (await store.transact((tx) => number.set(tx, value))).durable;
    await settle();
  };
  return { rising, counts, set };
}

Deno.test("a thousand who wait cost one watch, and a change one read", async () => {
  const { rising, counts, set } = await withRising();
  const waits = Array.from({ length: 1_000 }, (_, i) => rising.reached(BigInt(100 + i), never));
  assertEquals([counts.waiting, counts.reads], [1, 0]);
  await set(99n);
  assertEquals([counts.waiting, counts.reads, rising.waiting], [1, 1, 1_000]);
  await set(100n);
  assertEquals([counts.waiting, counts.reads, rising.waiting], [1, 2, 999]);
  await waits[0];
  assertEquals(await isSettled(waits[1]!), false);
  await set(5_000n);
  await Promise.all(waits);
  assertEquals([counts.waiting, rising.waiting], [0, 0]);
});

Deno.test("nobody waits, nothing is watched; who comes later is woken too", async () => {
  const { rising, counts, set } = await withRising();
  for (let value = 1n; value <= 3n; value++) {
    const wait = rising.reached(value, never);
    await set(value);
    await wait;
    assertEquals([counts.waiting, rising.waiting], [0, 0]);
  }
});

Deno.test("a wait ends with its signal, the others' go on", async () => {
  const { rising, counts, set } = await withRising();
  const caller = new AbortController();
  const gone = rising.reached(5n, caller.signal), stays = rising.reached(5n, never);
  caller.abort(new Error("gone"));
  await assertRejects(() => gone, Error, "gone");
  assertEquals([counts.waiting, rising.waiting], [1, 1]);
  await set(5n);
  await stays;
  await assertRejects(() => rising.reached(5n, caller.signal), Error, "gone");
  assertEquals([counts.waiting, rising.waiting], [0, 0]);
});

Deno.test("when the last one goes the watch goes, and the next begins another", async () => {
  const { rising, counts, set } = await withRising();
  const caller = new AbortController();
  const gone = rising.reached(5n, caller.signal);
  caller.abort(new Error("gone"));
  await assertRejects(() => gone, Error, "gone");
  await settle();
  assertEquals(counts.waiting, 0);
  const wait = rising.reached(5n, never);
  assertEquals(counts.waiting, 1);
  await set(6n);
  await wait;
});

Deno.test("a store that can't be watched tells all who wait, and is tried again by the next", async () => {
  const { store } = countedStore(await testStore());
  let broken = true;
  const shaky: StoreView = {
    ...store,
    changed: (prefix, signal) => broken ? Promise.reject(new Error("too many")) : store.changed(prefix, signal),
  };
  const rising = new Rising(shaky, number.key, async (tx) => await number.get(tx) ?? 0n);
  await assertRejects(() => rising.reached(1n, never), Error, "too many");
  assertEquals(rising.waiting, 0);
  broken = false;
  const wait = rising.reached(1n, never);
  await (await store.transact((tx) => number.set(tx, 1n))).durable;
  await wait;
});
