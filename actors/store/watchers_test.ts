import { assertEquals, assertRejects } from "@std/assert";
import { StoreError } from "./error.ts";
import { STRANGERS_WAITERS_MAX, WAITERS_MAX } from "./limits.ts";
import { isSettled } from "./testing/mod.ts";
import { Watchers } from "./watchers.ts";

Deno.test("a commit takes those whose prefix begins one of its keys, once", async () => {
  const watchers = new Watchers(WAITERS_MAX, STRANGERS_WAITERS_MAX);
  const waits = ["", "a", "ab", "abc", "b"].map((prefix) => watchers.wait(prefix));
  const second = watchers.wait("ab");
  for (const { wake } of watchers.take(["ab", "ac"])) wake();
  assertEquals(await Promise.all([...waits, second].map(isSettled)), [true, true, true, false, false, true]);
  assertEquals(watchers.take(["ab", "ac"]).length, 0);
  assertEquals(watchers.take(["abc", "b1"]).length, 2);
});

Deno.test("an aborted wait is forgotten; the others of its prefix stay", async () => {
  const watchers = new Watchers(WAITERS_MAX, STRANGERS_WAITERS_MAX);
  const stop = new AbortController();
  const waits = [watchers.wait("a", stop.signal), watchers.wait("a")];
  stop.abort(new Error("enough"));
  await assertRejects(() => waits[0]!, Error, "enough");
  assertEquals(watchers.take(["a"]).length, 1);
  assertEquals(watchers.take(["a"]).length, 0);
});

Deno.test("a wait that was taken can still be aborted, and waking it then does nothing", async () => {
  const watchers = new Watchers(WAITERS_MAX, STRANGERS_WAITERS_MAX);
  const stop = new AbortController();
  const wait = watchers.wait("a", stop.signal);
  const [taken] = watchers.take(["a"]);
  const next = watchers.wait("a");
  stop.abort(new Error("enough"));
  taken!.wake();
  await assertRejects(() => wait, Error, "enough");
  assertEquals(watchers.take(["a"]).length, 1);
  assertEquals(await isSettled(next), false);
});

Deno.test("when all fail each gets the error", async () => {
  const watchers = new Watchers(WAITERS_MAX, STRANGERS_WAITERS_MAX);
  const waits = [watchers.wait("a"), watchers.wait("a"), watchers.wait("b")];
  const error = new StoreError({ code: "closed" }, "closed");
  watchers.failAll(error);
  for (const wait of waits) await assertRejects(() => wait, StoreError, "closed");
});

Deno.test("one waiter too many is refused until another is gone, however that went", async () => {
  const watchers = new Watchers(3, 3);
  const stop = new AbortController();
  const aborted = watchers.wait("a", stop.signal);
  const woken = watchers.wait("a");
  const left = watchers.wait("b");
  const refused = async (): Promise<void> => {
    const error = await assertRejects(() => watchers.wait("c"), StoreError, "Try again later");
    assertEquals(error.facts, { code: "busy", waiting: 3, waitingMax: 3 });
  };
  await refused();
  const taken = watchers.take(["a"]);
  await refused(); // taken, but not woken yet
  stop.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  const second = watchers.wait("c");
  await refused();
  for (const { wake } of taken) wake(); // one of them was aborted: it counts once
  await woken;
  const third = watchers.wait("c");
  await refused();
  const closed = new StoreError({ code: "closed" }, "closed");
  watchers.failAll(closed);
  for (const wait of [left, second, third]) await assertRejects(() => wait, StoreError, "closed");
  for (let i = 0; i < 3; i++) void watchers.wait("d");
  await refused();
});

Deno.test("strangers leave room for own waiters", async () => {
  const watchers = new Watchers(3, 2);
  const strangers = [watchers.wait("a", undefined, true), watchers.wait("a", undefined, true)];
  const refused = await assertRejects(() => watchers.wait("b", undefined, true), StoreError);
  assertEquals(refused.facts, { code: "busy", waiting: 2, waitingMax: 2 });
  const own = watchers.wait("b");
  assertEquals((await assertRejects(() => watchers.wait("b"), StoreError)).code, "busy");
  for (const { wake } of watchers.take(["a", "b"])) wake();
  await Promise.all([...strangers, own]);
  void watchers.wait("b", undefined, true);
});
