/** A guardian whose disk fills up. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { SimulatedProcess } from "../../actors/platform/simulated/mod.ts";
import { openMemoryStore, StoreError } from "../../actors/store/mod.ts";
import { DiskError } from "../../server/disk_watch.ts";
import { Guardian } from "../../server/guardian.ts";
import { DISK_BACKUPS_BYTES, DISK_LOOK_MS, DISK_STOP_BYTES, DISK_TOLD_BYTES } from "../../server/limits.ts";
import { SimulatedFederation } from "./federation.ts";
import { guardianOptions } from "./guardians.ts";

const AGAIN = "The disk has room again";
const FILLING = "The disk is getting full, and this guardian will stop";

async function newGuardian(seed: number) {
  const federation = await SimulatedFederation.start({ seed, total: 1, modules: ["meta"] });
  federation.kill(0);
  const process: SimulatedProcess = federation.world.process("g0");
  process.restart();
  const { platform } = process;
  const open = async () => {
    const store = await federation.finish(openMemoryStore({ clock: platform.clock }));
    return { store, options: guardianOptions({ platform, store, log: federation.logOf("g0") }) };
  };
  const said = (): string[] =>
    federation.records.filter(({ path }) => path === "guardian/disk").map(({ message, facts }) =>
      `${message} ${facts.freeMib ?? ""}`.trim()
    );
  return { federation, process, open, said };
}

Deno.test("a disk that fills up is told, takes no more backups, and stops the guardian in order before its database fails", async () => {
  const { federation, process, open, said } = await newGuardian(21);
  process.disk.freeBytes = DISK_TOLD_BYTES;
  const { store, options } = await open();
  const guardian = await federation.finish(Guardian.start(options));
  const ended = assertRejects(() => guardian.run(), DiskError);
  await federation.world.run({ forMs: 3 * DISK_LOOK_MS });
  assertEquals(said(), []);

  process.disk.freeBytes = DISK_BACKUPS_BYTES;
  await federation.world.run({ forMs: 12 * DISK_LOOK_MS });
  assertEquals(said(), [`${FILLING} 512`, `${FILLING} 512`], "less and less often");
  process.disk.freeBytes = DISK_TOLD_BYTES;
  await federation.world.run({ forMs: DISK_LOOK_MS });
  assertEquals(said().at(-1), AGAIN);

  process.disk.freeBytes = DISK_BACKUPS_BYTES - 1;
  await federation.world.run({ forMs: DISK_LOOK_MS });
  assertEquals(said().at(-1), `${FILLING} 511`);
  const disk = guardian.inspect().children.find(({ path }) => path === "guardian/disk")!;
  assertEquals(disk.facts, { freeBytes: DISK_BACKUPS_BYTES - 1 });

  process.disk.freeBytes = DISK_STOP_BYTES - 1;
  const error = await federation.finish(ended);
  assertEquals(error.facts, {
    code: "full",
    path: options.dataDir,
    freeBytes: DISK_STOP_BYTES - 1,
    bytesMin: DISK_STOP_BYTES,
  });
  assertStringIncludes(error.message, "make room, then start it again");
  assertEquals(guardian.inspect().children, []);
  await federation.finish(assertRejects(() => store.read(() => Promise.resolve(null)), StoreError, "closed"));

  const again = await open();
  await federation.finish(assertRejects(() => Guardian.start(again.options), DiskError));
  process.disk.freeBytes = DISK_STOP_BYTES;
  const running = await federation.finish(Guardian.start(again.options));
  const code = running.run();
  await federation.world.run({ forMs: 3 * DISK_LOOK_MS });
  assertEquals(running.inspect().status, "running");
  await federation.finish(running.stop());
  assertEquals(await code, 0);
});

Deno.test("a system that doesn't tell how much room there is stops nothing", async () => {
  const { federation, process, open, said } = await newGuardian(22);
  process.disk.freeBytes = null;
  const guardian = await federation.finish(Guardian.start((await open()).options));
  const code = guardian.run();
  await federation.world.run({ forMs: 10 * DISK_LOOK_MS });
  assertEquals([guardian.inspect().status, said()], ["running", []]);
  await federation.finish(guardian.stop());
  assertEquals(await code, 0);
  assert(DISK_STOP_BYTES < DISK_BACKUPS_BYTES && DISK_BACKUPS_BYTES < DISK_TOLD_BYTES);
});
