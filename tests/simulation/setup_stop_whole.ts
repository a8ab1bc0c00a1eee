/** A guardian that is stopped, at whatever moment of its setup or its start: finer steps in `tests/slow`. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FilesError } from "../../actors/platform/error.ts";
import type { Files } from "../../actors/platform/platform.ts";
import type { Setup } from "./setup.ts";
import { PEERS, started } from "./setup.ts";
import { CONFIG_FILES, killWhileWriting, stopAtAnyMoment, stopWhileStarting } from "./setup_stops.ts";

const STEP_MS = 0.5;

Deno.test("a stop at any moment of setup is quick and leaves no config, or a whole one when it is being written", () =>
  stopAtAnyMoment(STEP_MS));

Deno.test("a stop at any moment of a configured guardian's start is quick and no failure", () =>
  stopWhileStarting(STEP_MS));

Deno.test(
  "a guardian killed at any moment while its config is written has all of it or none when it starts again",
  killWhileWriting,
);

/** Three guardians come to their config; the disk of guardian 0 takes nothing of its own for a while. */
async function withFullDisk(body: (setup: Setup, makeRoom: () => void) => Promise<void>): Promise<void> {
  let full = false;
  const files = (real: Files): Files => ({
    ...real,
    replace: (path, bytes, options) =>
      full
        ? Promise.reject(new FilesError({ code: "failed", path }, "no space left"))
        : real.replace(path, bytes, options),
  });
  const setup = await started((peer) => peer === 0 ? { files } : {});
  await setup.startCeremony(PEERS);
  full = true;
  await setup.pass(60_000);
  for (const peer of [1, 2, 3]) assertEquals((await setup.files(peer)).length, CONFIG_FILES, "the others have theirs");
  const errors = setup.logs.get(0)!.filter(({ level }) => level === "error");
  assertEquals(errors.length, 1, "it is told once");
  assertStringIncludes(errors[0]!.message, "leave it running, make room");
  await body(setup, () => full = false);
}

Deno.test("a new config that the disk doesn't take is kept and written once there is room", async () => {
  await withFullDisk(async (setup, makeRoom) => {
    assertEquals(await setup.files(0), ["setup.json"]);
    makeRoom();
    await setup.pass(10_000);
    assertEquals((await setup.files(0)).length, CONFIG_FILES);
    for (const peer of PEERS) assertEquals(await setup.call(peer, "setup_status"), "ConsensusIsRunning");
    assertEquals(await setup.text(0, "consensus.json"), await setup.text(3, "consensus.json"));
  });
});

Deno.test("a guardian that is stopped with a config that the disk doesn't take says so", async () => {
  await withFullDisk(async (setup) => {
    const ended = assertRejects(() => setup.ended[0]!, FilesError, "no space left");
    await setup.finish(setup.guardians[0]!.stop());
    await setup.finish(ended);
  });
});
