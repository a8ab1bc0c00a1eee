/** A guardian whose connections come and go costs the others nothing that stays. */
import { assert, assertEquals } from "@std/assert";
import { Guardians } from "./testing.ts";

async function flap(guardians: Guardians, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const stream = await guardians.dial("guardian1", 0, guardians.identities[1]!);
    stream.close();
    assertEquals(await guardians.finish(stream.read()), null);
    await guardians.world.run({ forMs: 50 });
  }
}

Deno.test("a guardian that connects and leaves again and again is still dialled at one pace", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  await flap(guardians, 50);
  assertEquals([a!.connects(), a!.closed().length], [50, 50]);
  await guardians.world.run({ forMs: 120_000 }); // back at the longest delay
  const before = a!.dials.length;
  await guardians.world.run({ forMs: 140_000 });
  assert(a!.dials.length - before <= 11, `${a!.dials.length - before} dials in 140 s`);
});

Deno.test("a link keeps nothing of connections that ended", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  await flap(guardians, 20);
  const before = a!.closes;
  await guardians.finish(a!.system.stop());
  assertEquals(a!.closes - before, 0);
});

Deno.test("a link that is stopped closes the connection that it has", async () => {
  const guardians = await Guardians.start(2);
  const [a] = guardians.all;
  await guardians.finish(a!.system.stopChild("root/peers/link:1"));
  assertEquals(a!.closes, 1);
  await guardians.until(() => guardians.connected(1) === 0, 1_000);
});
