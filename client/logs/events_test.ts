import { assertEquals } from "@std/assert";
import { testStore } from "../../modules/contract/testing/mod.ts";
import type { Store } from "../../actors/store/mod.ts";
import { followEvents, getEvents, logEvent, nextEventId, orderEvents } from "./events.ts";

async function log(store: Store, ...times: number[]): Promise<void> {
  await store.transact((tx) =>
    times.forEach((tsUs) => logEvent(tx, { kind: `e${tsUs}`, module: null, tsUs, payload: tsUs }))
  );
}

async function order(store: Store): Promise<number> {
  return (await store.transact((tx) => orderEvents(tx))).value;
}

function shown(store: Store, from: number, limit: number): Promise<string[]> {
  return store.read(async (tx) => (await getEvents(tx, from, limit)).map(({ id, kind }) => `${id} ${kind}`));
}

Deno.test("events get numbers without gaps in the order of time", async () => {
  const store = await testStore();
  await log(store, 30, 10, 20);
  assertEquals([await order(store), await order(store)], [3, 0]);
  await log(store, 5, 40);
  await order(store);
  // a number that was given stays, whatever comes later with an earlier time
  assertEquals(await shown(store, 0, 10), ["0 e10", "1 e20", "2 e30", "3 e5", "4 e40"]);
  assertEquals(await store.read((tx) => nextEventId(tx)), 5);
});

Deno.test("a page is what stands at these positions", async () => {
  const store = await testStore();
  await log(store, 1, 2, 3, 4);
  await order(store);
  assertEquals(await shown(store, 1, 2), ["1 e2", "2 e3"]);
  assertEquals(await shown(store, 4, 10), []);
  assertEquals(await shown(store, 0, 0), []);
});

Deno.test("who follows gets what is there, then what comes, each once, until told to stop", async () => {
  const store = await testStore();
  await log(store, ...Array.from({ length: 150 }, (_, i) => i));
  await order(store);
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const { id } of followEvents(store, 20, stop.signal)) {
    seen.push(id);
    if (id === 149) void log(store, 1_000, 1_001).then(() => order(store));
    if (id === 151) stop.abort();
  }
  assertEquals(seen, Array.from({ length: 132 }, (_, i) => i + 20));
});
