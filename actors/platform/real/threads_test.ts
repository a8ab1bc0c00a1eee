/** The machine's threads: calls that are under way when their thread ends, or that never had one. */
import { assertEquals, assertRejects } from "@std/assert";
import { ThreadError } from "../error.ts";
import { doubling } from "../testing/doubling.ts";
import { openThread } from "./threads.ts";

const codeOf = async (promise: Promise<unknown>) => (await assertRejects(() => promise, ThreadError)).code;

Deno.test("a call that is under way when its thread is closed rejects", async () => {
  const thread = openThread(doubling);
  const call = thread.run({ value: 1 });
  thread.close();
  assertEquals(await codeOf(call), "closed");
});

Deno.test("a task that throws, and a module that isn't there, end the thread: its calls reject, and so do later ones", async () => {
  const thread = openThread(doubling);
  assertEquals(await codeOf(thread.run({ value: -1 })), "failed");
  assertEquals(await codeOf(thread.run({ value: 1 })), "failed");
  const missing = openThread({ ...doubling, module: import.meta.resolve("./no_such_thread.ts") });
  assertEquals(await codeOf(missing.run({ value: 1 })), "failed");
});
