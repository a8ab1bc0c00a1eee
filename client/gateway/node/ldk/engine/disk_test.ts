import { assertEquals, assertRejects } from "@std/assert";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import { text } from "../../../../../core/encoding/mod.ts";
import { NodeError } from "../../node.ts";
import { Commits } from "./commits.ts";
import { Disk } from "./disk.ts";
import { checkIdentity } from "./identity.ts";

const backend = () => new MemoryBackend();
async function diskOn(memory: MemoryBackend): Promise<Disk> {
  return new Disk(await openMemoryStore({ clock: new ManualClock(), backend: memory }));
}

Deno.test("what is waited for comes after the commit that holds it, and not before", async () => {
  const memory = backend(), disk = await diskOn(memory);
  disk.put(text, "a", "1");
  const first = disk.mark, told: string[] = [];
  const waiting = disk.whenDurable().then(() => told.push("first"));
  assertEquals([disk.isDurable(first), await disk.get(text, "a")], [false, "1"]);
  const committing = disk.commit();
  // queued while the other is on its way: it is not part of it
  disk.put(text, "b", "2");
  const later = disk.whenDurable().then(() => told.push("second"));
  await committing;
  await waiting;
  assertEquals([told, disk.isDurable(first), disk.hasChanges], [["first"], true, true]);
  const killed = await diskOn(memory.crash());
  assertEquals([await killed.get(text, "a"), await killed.get(text, "b")], ["1", null]);
  void later;
});

Deno.test("a commit that is not on disk is as if it had never been", async () => {
  const memory = backend(), disk = await diskOn(memory);
  disk.put(text, "a", "1");
  disk.put(text, "b", "1");
  await disk.commit();
  disk.remove("a");
  disk.put(text, "b", "2");
  assertEquals([await disk.get(text, "a"), await disk.get(text, "b")], [null, "2"]);
  const killed = await diskOn(memory.crash());
  assertEquals([await killed.get(text, "a"), await killed.get(text, "b")], ["1", "1"]);
  assertEquals((await killed.list("")).map(([key]) => key), ["a", "b"]);
});

Deno.test("a folder with fewer commits than were told of is refused, and one with as many is not", async () => {
  const memory = backend(), disk = await diskOn(memory), commits = new Commits(disk);
  await commits.load(0);
  for (let i = 0; i < 3; i++) {
    commits.next();
    await disk.commit();
    commits.done();
  }
  assertEquals(commits.durable, 3);
  await new Commits(disk).load(3);
  const refused = await assertRejects(() => new Commits(disk).load(4), NodeError);
  assertEquals([refused.code, refused.message.includes("is an older copy (3 commits, 4 were made)")], [
    "refused",
    true,
  ]);
});

Deno.test("a folder that a peer proved to be old stays refused, and the proof doesn't bring other changes along", async () => {
  const memory = backend(), disk = await diskOn(memory), commits = new Commits(disk);
  disk.put(text, "manager", "newer");
  const told = await commits.markStale("fallen behind");
  assertEquals(told.code, "refused");
  const again = await diskOn(memory.crash());
  assertEquals(await again.get(text, "manager"), null);
  const refused = await assertRejects(() => new Commits(again).load(0), NodeError);
  assertEquals(refused.message, told.message);
});

Deno.test("a folder is of one node, one network and one chain", async () => {
  const disk = await diskOn(backend());
  const own = { nodeKey: "02".repeat(33), network: "regtest", firstBlock: "aa" } as const;
  await checkIdentity(disk, own);
  await disk.commit();
  await checkIdentity(disk, own);
  const codes = [{ ...own, nodeKey: "03".repeat(33) }, { ...own, network: "signet" as const }, {
    ...own,
    firstBlock: "b",
  }]
    .map(async (other) => (await assertRejects(() => checkIdentity(disk, other), NodeError)).code);
  assertEquals(await Promise.all(codes), ["refused", "wrong_network", "wrong_network"]);
});
