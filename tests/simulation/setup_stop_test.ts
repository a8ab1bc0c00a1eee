/** A guardian that is stopped, at whatever moment of its setup or its start. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FilesError } from "../../actors/platform/error.ts";
import type { Files } from "../../actors/platform/platform.ts";
import type { Setup } from "./setup.ts";
import { PEERS, started, STOP_MAX_MS } from "./setup.ts";

const CONFIG_FILES = 5;
/** The kept setup, which gives way to the config. */
const SETUP_FILES = 1;
/** From the call of `start_dkg` until the config is there: far less. */
const SETUP_MAX_MS = 3_000;

/**
 * Stops guardian 0, which must be quick, no failure, and leave a whole config or none.
 * @returns how many files there are
 */
async function stopped(setup: Setup, when: string): Promise<number> {
  const begunMs = setup.world.nowMs;
  await setup.finish(setup.guardians[0]!.stop());
  assertEquals(await setup.finish(setup.ended[0]!), 0, when);
  assert(setup.world.nowMs - begunMs < STOP_MAX_MS, `a stop is quick, ${when}`);
  const errors = setup.logs.get(0)!.filter(({ level }) => level === "error");
  assertEquals(errors, [], when);
  const files = setup.filesNow(0).length;
  assert(files === SETUP_FILES || files === CONFIG_FILES, `${files} files, ${when}`);
  return files;
}

/** Stops guardian 0 that long after its ceremony was started. @returns files at the stop, and after it */
async function stoppedAfter(ms: number): Promise<{ readonly at: number; readonly after: number }> {
  const setup = await started();
  await setup.startCeremony(PEERS.toReversed());
  await setup.pass(ms);
  const at = setup.filesNow(0).length;
  return { at, after: await stopped(setup, `${ms} ms after start_dkg`) };
}

Deno.test("a stop at any moment of setup is quick and leaves no config, or a whole one when it is being written", async () => {
  const before = await started();
  assertEquals(await stopped(before, "before start_dkg"), SETUP_FILES);
  let none = 0, whole = SETUP_MAX_MS;
  for (let ms = 0; ms < whole; ms += 20) {
    if ((await stoppedAfter(ms)).after === SETUP_FILES) none = ms;
    else whole = ms;
  }
  assert(none > 0 && whole < SETUP_MAX_MS, "the ceremony comes to its end");
  const filesAtStop = new Set<number>();
  for (let ms = none; ms < whole; ms += 0.2) filesAtStop.add((await stoppedAfter(ms)).at);
  assert(
    [...filesAtStop].some((files) => files > SETUP_FILES && files < CONFIG_FILES),
    "some stops came between two files",
  );
});

Deno.test("a stop at any moment of a configured guardian's start is quick and no failure", async () => {
  const setup = await started();
  await setup.startCeremony(PEERS);
  await setup.pass(SETUP_MAX_MS);
  for (let ms = 0; ms < 20; ms += 0.2) {
    setup.kill(0);
    await setup.restart(0);
    await setup.pass(ms);
    assertEquals(await stopped(setup, `${ms} ms after the start`), CONFIG_FILES);
  }
});

/**
 * Guardian 0 is killed that long after its ceremony was started, and started again. @returns its files then, at last
 */
async function killedAfter(ms: number): Promise<readonly [at: number, after: number]> {
  const setup = await started();
  await setup.startCeremony(PEERS.toReversed());
  await setup.pass(ms);
  const at = setup.filesNow(0).length;
  setup.kill(0);
  await setup.restart(0);
  await setup.pass(2_000);
  const errors = setup.logs.get(0)!.filter(({ level }) => level === "error");
  assertEquals(errors, [], `killed ${ms} ms after start_dkg`);
  const after = await setup.files(0);
  if (after.length === CONFIG_FILES) {
    assertEquals(await setup.text(0, "consensus.json"), await setup.text(3, "consensus.json"));
  } else assertEquals(after, ["setup.json"], `killed ${ms} ms after start_dkg`);
  return [at, after.length];
}

Deno.test("a guardian killed at any moment while its config is written has all of it or none when it starts again", async () => {
  const setup = await started();
  await setup.startCeremony(PEERS.toReversed());
  let begunMs = 0;
  for (; setup.filesNow(0).length === SETUP_FILES && begunMs < SETUP_MAX_MS; begunMs += 1) await setup.pass(1);
  const seen = new Set<string>();
  for (let ms = begunMs - 2; ms < begunMs + 5; ms += 0.2) {
    const [at, after] = await killedAfter(ms);
    // what is begun is finished
    if (at > SETUP_FILES) assertEquals(after, CONFIG_FILES, `${at} files at the kill`);
    seen.add(`${at} ${after}`);
  }
  assert([...seen].some((files) => files === `${SETUP_FILES} ${SETUP_FILES}`), "some kills came before");
  assert(seen.size >= 5, `kills came between files: ${[...seen].join(", ")}`);
});

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
