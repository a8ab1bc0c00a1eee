import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { OwnedProcess } from "./processes.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

const READY_MS_MAX = 120_000;

/** A shell program that has said `ready`, on a clock moved by hand. */
async function running(program: string, body: (process: OwnedProcess, clock: ManualClock) => Promise<void>) {
  const clock = new ManualClock(), real = realPlatform().clock;
  const logFile = await Deno.makeTempFile();
  const process = await OwnedProcess.start(clock, { name: "test", command: ["sh", "-c", program], env: {}, logFile });
  try {
    const endMs = real.monotonicMs() + READY_MS_MAX;
    while (await process.tail() !== "ready") {
      assert(process.isRunning && real.monotonicMs() < endMs, "the program starts");
      await sleep(real, 10);
    }
    await body(process, clock);
  } finally {
    await process.kill();
    await Deno.remove(logFile);
  }
}

onMachine("a process that ends when it is told to is waited for", async () => {
  await running("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done", async (process) => {
    assertEquals(await process.stop(), 0, "no time went by on the clock that it was given");
    assertEquals([process.isRunning, await process.ended], [false, 7]);
  });
});

onMachine("a process that does not end in ten seconds of its clock is killed", async () => {
  await running("trap '' TERM; echo ready; while :; do sleep 0.02; done", async (process, clock) => {
    const stopped = process.stop();
    await clock.advance(9_999);
    assertEquals(process.isRunning, true);
    await clock.advance(1);
    assertEquals(await stopped, 10_000);
    assertEquals(await process.ended, 137);
  });
});
