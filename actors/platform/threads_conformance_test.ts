/** What `Threads` promise, the machine's and simulated ones. */
import { assertEquals, assertRejects } from "@std/assert";
import { ThreadError } from "./error.ts";
import { onBoth } from "./testing/stages.ts";
import { doubling } from "./testing/doubling.ts";

const codeOf = async (promise: Promise<unknown>) => (await assertRejects(() => promise, ThreadError)).code;

onBoth("a thread answers each call with what the task makes of it", async ({ client: { threads } }) => {
  const thread = threads.open(doubling);
  assertEquals(await Promise.all([1, 2, 3].map((value) => thread.run({ value }))), [2, 4, 6]);
  thread.close();
});

onBoth("a closed thread refuses calls", async ({ client: { threads } }) => {
  const thread = threads.open(doubling);
  thread.close();
  assertEquals(await codeOf(thread.run({ value: 1 })), "closed");
});
