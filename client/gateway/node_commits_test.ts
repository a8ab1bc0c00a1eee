import { assertEquals } from "@std/assert";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { ManualClock } from "../../actors/testing/manual_clock.ts";
import { NodeCommits } from "./node_commits.ts";
import { gatewayPart } from "./records.ts";

async function open(backend: MemoryBackend) {
  return await NodeCommits.open(gatewayPart(await openMemoryStore({ clock: new ManualClock(), backend })));
}

Deno.test("the count of a node's commits survives a crash, and never goes back", async () => {
  let disk = new MemoryBackend();
  const first = await open(disk);
  assertEquals(first.newest, 0);
  for (const count of [3, 9, 7]) first.keep(count);
  assertEquals(first.newest, 9);
  await first.settled();
  disk = disk.crash();
  const second = await open(disk);
  assertEquals(second.newest, 9);
  second.keep(8);
  await second.settled();
  assertEquals((await open(disk.crash())).newest, 9);
});

Deno.test("counts that come while one is written are written together", async () => {
  let writes = 0;
  const commits = await open(new MemoryBackend({ onWrite: () => void writes++ }));
  const before = writes;
  for (let count = 1; count <= 1_000; count++) commits.keep(count);
  await commits.settled();
  assertEquals([commits.newest, writes - before], [1_000, 2]);
});
