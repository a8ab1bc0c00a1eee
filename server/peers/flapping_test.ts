/** A guardian whose connections come and go costs the others nothing that stays. */
import { assert, assertEquals } from "@std/assert";
import { Guardians } from "./testing/guardians.ts";

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

const words = (guardian: { warnings(): string[] } | undefined, text: string) =>
  guardian!.warnings().filter((warning) => warning.includes(text)).length;

Deno.test("a guardian whose keys are on two machines is told of by the others, and by the one that runs, less and less often", async () => {
  const guardians = await Guardians.start(2);
  const [a, b] = guardians.all;
  const perHour: number[][] = [];
  for (let hour = 0; hour < 2; hour++) {
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 10; i++) {
        // guardian 0 dials guardian 1: so does its copy, and takes the connection
        const copy = await guardians.dial("copy", 1, guardians.identities[0]!);
        await guardians.world.run({ forMs: 2_000 });
        copy.close();
      }
      await guardians.world.run({ forMs: 40_000 });
    }
    perHour.push([words(a, "run with our keys"), words(b, "run with its keys")]);
  }
  const [first, both] = perHour;
  for (const side of [0, 1]) {
    assert(first![side]! >= 1 && first![side]! <= 12, `${first}`);
    assert(both![side]! - first![side]! <= first![side]!, `${perHour}`);
  }
});

Deno.test("a guardian that restarts now and then, or can't be reached, is no sign of a copy", async () => {
  const guardians = await Guardians.start(2);
  const [a, b] = guardians.all;
  for (let restart = 0; restart < 3; restart++) {
    guardians.world.process("guardian1").kill();
    guardians.world.process("guardian1").restart();
    await guardians.startOne(1);
    await guardians.until(() => guardians.connected(1) === 1);
  }
  assertEquals([words(a, "keys"), words(b, "keys")], [0, 0]);
});
