import { setImmediate } from "node:timers";
import { assertEquals, assertRejects } from "@std/assert";
import { EndingWith, orAborted } from "./abort.ts";

/** Counts the listeners that it has. */
function watched(controller: AbortController): { readonly signal: AbortSignal; readonly listeners: () => number } {
  const { signal } = controller;
  let count = 0;
  const add = signal.addEventListener.bind(signal), remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (count++, add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (count--, remove(...args));
  return { signal, listeners: () => count };
}

Deno.test("the outcome comes through, and no listener stays at the signal", async () => {
  const { signal, listeners } = watched(new AbortController());
  assertEquals(await orAborted(Promise.resolve(1), signal), 1);
  await assertRejects(() => orAborted(Promise.reject(new Error("own")), signal), Error, "own");
  assertEquals(listeners(), 0);
});

Deno.test("an aborted signal ends it at once, by its reason or another", async () => {
  const never = new Promise<never>(() => {}), controller = new AbortController();
  const { signal } = controller;
  const waits = orAborted(never, signal), named = orAborted(never, signal, () => new Error("named"));
  controller.abort(new Error("given up"));
  await assertRejects(() => waits, Error, "given up");
  await assertRejects(() => named, Error, "named");
  await assertRejects(() => orAborted(never, signal), Error, "given up");
});

Deno.test("what is left alone may fail later: nobody is told", async () => {
  const work = Promise.withResolvers<void>(), later = Promise.withResolvers<void>();
  const controller = new AbortController();
  const waits = orAborted(work.promise, controller.signal);
  controller.abort(new Error("given up"));
  await assertRejects(() => waits, Error, "given up");
  await assertRejects(() => orAborted(later.promise, controller.signal), Error, "given up");
  work.reject(new Error("too late")); // an unhandled rejection would fail the test
  later.reject(new Error("too late"));
  await new Promise((resolve) => void setImmediate(resolve));
});

Deno.test("a signal that ends with another has its reason, at once when that is over already", () => {
  const other = new AbortController();
  using linked = new EndingWith(other.signal);
  assertEquals(linked.signal.aborted, false);
  other.abort("over");
  assertEquals([linked.signal.aborted, linked.signal.reason], [true, "over"]);
  using late = new EndingWith(other.signal);
  assertEquals([late.signal.aborted, late.signal.reason], [true, "over"]);
});

Deno.test("one that ends by itself leaves the other alone, and keeps its own reason", () => {
  const other = new AbortController();
  using linked = new EndingWith(other.signal);
  linked.abort("own");
  other.abort("over");
  assertEquals(linked.signal.reason, "own");
});

Deno.test("what is disposed of is held by the other no more", () => {
  const other = new AbortController();
  const { signal, listeners } = watched(other);
  const linked = new EndingWith(signal);
  assertEquals(listeners(), 1);
  linked[Symbol.dispose]();
  assertEquals(listeners(), 0);
  other.abort();
  assertEquals(linked.signal.aborted, false);
});
