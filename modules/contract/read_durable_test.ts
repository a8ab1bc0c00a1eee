import { assertEquals } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/memory.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { readDurable } from "./read_durable.ts";

/** A clock whose timers fire when the test says so. */
function handClock(): Clock & { readonly fireAll: () => void } {
  const waiting = new Set<() => void>();
  return {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_delayMs, fire) => {
      waiting.add(fire);
      return { cancel: () => waiting.delete(fire) };
    },
    fireAll: () => {
      const fires = [...waiting];
      waiting.clear();
      for (const fire of fires) fire();
    },
  };
}

/** Lets everything run that does not wait for something else. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("what is read for an answer is on disk before it is told", async () => {
  const clock = handClock();
  let delayMs = 0;
  const store = await openMemoryStore({ clock, backend: new MemoryBackend({ clock, writeDelayMs: () => delayMs }) });
  delayMs = 10;
  const key = Uint8Array.of(1);
  await store.transact((tx) => tx.set(key, Uint8Array.of(2)));
  assertEquals(await store.read((tx) => tx.get(key)), Uint8Array.of(2));

  let told: Uint8Array | undefined;
  const answer = readDurable(store, (tx) => tx.get(key)).then((value) => told = value);
  await settle();
  assertEquals(told, undefined);
  clock.fireAll();
  await answer;
  assertEquals(told, Uint8Array.of(2));
});
