/** A guardian that is stopped, at whatever moment of its setup or its start. */
import { assert, assertEquals } from "@std/assert";
import type { Setup } from "./setup.ts";
import { PEERS, started, STOP_MAX_MS } from "./setup.ts";

const CONFIG_FILES = 5;
/** The kept setup, which gives way to the config. */
const SETUP_FILES = 1;
/** From the call of `start_dkg` until the config is there: far less. */
const SETUP_MAX_MS = 3_000;

/** Stops guardian 0, which must be quick, no failure, and leave a whole config or none. @returns how many files there are */
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
