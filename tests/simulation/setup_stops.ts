/** A guardian is stopped, or killed, at every moment of its setup or its start. */
import { assert, assertEquals } from "@std/assert";
import type { Setup } from "./setup.ts";
import { PEERS, started, STOP_MAX_MS } from "./setup.ts";

export const CONFIG_FILES = 5;
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

/** A stop is quick and leaves no config, or a whole one when it is being written. */
export async function stopAtAnyMoment(stepMs: number): Promise<void> {
  const before = await started();
  assertEquals(await stopped(before, "before start_dkg"), SETUP_FILES);
  let none = 0, whole = SETUP_MAX_MS;
  for (let ms = 0; ms < whole; ms += 20) {
    if ((await stoppedAfter(ms)).after === SETUP_FILES) none = ms;
    else whole = ms;
  }
  assert(none > 0 && whole < SETUP_MAX_MS, "the ceremony comes to its end");
  const filesAtStop = new Set<number>();
  for (let ms = none; ms < whole; ms += stepMs) filesAtStop.add((await stoppedAfter(ms)).at);
  assert(
    [...filesAtStop].some((files) => files > SETUP_FILES && files < CONFIG_FILES),
    "some stops came between two files",
  );
}

/** A stop is quick and no failure. */
export async function stopWhileStarting(stepMs: number): Promise<void> {
  const setup = await started();
  await setup.startCeremony(PEERS);
  await setup.pass(SETUP_MAX_MS);
  for (let ms = 0; ms < 20; ms += stepMs) {
    setup.kill(0);
    await setup.restart(0);
    await setup.pass(ms);
    assertEquals(await stopped(setup, `${ms} ms after the start`), CONFIG_FILES);
  }
}

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

/** It has all of its config or none when it starts again. */
export async function killWhileWriting(): Promise<void> {
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
}
