/** What `Threads` promise, the machine's and simulated ones. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ThreadError } from "./error.ts";
import { onBoth } from "./testing/stages.ts";
import { doubling, lateDoubling } from "./testing/doubling.ts";

const codeOrValue = (promise: Promise<number>) => promise.catch((thrown: ThreadError) => thrown.code);
const codeOf = async (promise: Promise<unknown>) => (await assertRejects(() => promise, ThreadError)).code;

onBoth("a thread answers each call with what the task makes of it", async ({ client: { threads } }) => {
  const thread = threads.open(doubling);
  assertEquals(await Promise.all([1, 2, 3].map((value) => thread.run({ value }))), [2, 4, 6]);
  thread.close();
});

onBoth(
  "calls that are made before a thread has loaded are answered, in their order",
  async ({ client: { threads } }) => {
    const thread = threads.open(lateDoubling);
    assertEquals(await Promise.all([1, 2, 3].map((value) => thread.run({ value }))), [2, 4, 6]);
    assertEquals(await thread.run({ value: 4 }), 8);
    thread.close();
  },
);

onBoth("a thread that is closed before it has loaded refuses what was asked", async ({ client: { threads } }) => {
  const thread = threads.open(lateDoubling), asked = [1, 2].map((value) => codeOrValue(thread.run({ value })));
  thread.close();
  for (const answer of await Promise.all(asked)) assert(answer === "closed" || typeof answer === "number");
  assertEquals(await codeOf(thread.run({ value: 3 })), "closed");
});

onBoth("a closed thread refuses calls", async ({ client: { threads } }) => {
  const thread = threads.open(doubling);
  thread.close();
  assertEquals(await codeOf(thread.run({ value: 1 })), "closed");
});
