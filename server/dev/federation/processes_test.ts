import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { freePorts, OwnedProcess, ownProgram } from "./processes.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

const ROOT = new URL("../../../", import.meta.url);
const V8_FLAGS = /--v8-flags=[^\s"]+/;

/** Flags of V8 behind this text in a file of the repository. */
async function flagsIn(file: string, after: string): Promise<string | undefined> {
  const text = await Deno.readTextFile(new URL(file, ROOT)), at = text.indexOf(after);
  assert(at >= 0, `${file} has ${after}`);
  return V8_FLAGS.exec(text.slice(at))?.[0];
}

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

onMachine("guardians and clients have the same flags of V8 wherever they are started", async () => {
  const flagsOf = (file: string): string | undefined => V8_FLAGS.exec(ownProgram(file).join(" "))?.[0];
  const guardian = flagsOf("server/main.ts");
  assert(guardian?.includes("--initial-old-space-size="), "its heap is cleaned up early");
  assertEquals(await flagsIn("deno.json", '"guardian":'), guardian);
  assertEquals(await flagsIn("docs/service/fedimint-guardian.service", "ExecStart="), guardian);
  assertEquals(await flagsIn("docs/service/Containerfile", "ENTRYPOINT"), guardian);
  const client = await flagsIn("deno.json", '"client":');
  assertEquals(client?.split(/[=,](?=--)/).sort(), flagsOf("client/main.ts")?.split(/[=,](?=--)/).sort());
});

onMachine("ports are chosen of those that no system gives to somebody else by itself, and none that is taken", () => {
  const LINUX_FIRST = 32_768;
  for (let i = 0; i < 20; i++) {
    const ports = freePorts(3);
    assertEquals(new Set(ports).size, 3);
    assert(ports.every((port) => port >= 1_024 && port < LINUX_FIRST), `${ports}`);
  }
  const [first] = freePorts(1) as [number];
  using _ = Deno.listen({ hostname: "127.0.0.1", port: first });
  const others = freePorts(2, first);
  assert(!others.includes(first) && others.length === 2, `${others}`);
  assert(freePorts(3, 31_999).every((port) => port < LINUX_FIRST), "beyond the last one they begin again");
});
