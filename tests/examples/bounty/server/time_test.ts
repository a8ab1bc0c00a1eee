/** The time that guardians agree on, whatever some of them say. */
import { assertEquals } from "@std/assert";
import { err, u64, U64_MAX } from "../../../../modules/contract/mod.ts";
import { ManualClock, TestGuardians } from "../../../../modules/contract/testing/mod.ts";
import type { BountyItem } from "../common.ts";
import { TIME_STEP_TEST_SECS } from "../limits.ts";
import { bountyServer } from "../server.ts";

const timeOf = (secs: bigint): BountyItem => ({ tag: "Time", value: secs });

async function votes(...said: readonly bigint[]): Promise<bigint> {
  const guardians = await TestGuardians.start(bountyServer, { clock: new ManualClock() });
  for (const [peer, secs] of said.entries()) if (secs > 0n) await guardians.item(timeOf(secs), peer);
  return u64.fromJson(await guardians.ask("time"));
}

Deno.test("it is the latest time that a threshold says has come", async () => {
  assertEquals(await votes(), 0n);
  assertEquals(await votes(10n, 20n), 0n, "two of four are no threshold");
  assertEquals(await votes(10n, 20n, 30n), 10n);
  assertEquals(await votes(10n, 20n, 30n, 15n), 15n);
});

Deno.test("an evil guardian can neither hurry it nor hold it back", async () => {
  assertEquals(await votes(U64_MAX, 20n, 21n, 22n), 21n);
  assertEquals(await votes(0n, 20n, 21n, 22n), 20n);
  assertEquals(await votes(1n, 20n, 21n, 22n), 20n);
});

Deno.test("a guardian's vote only rises: the same again and an older one are refused", async () => {
  const guardians = await TestGuardians.start(bountyServer, { clock: new ManualClock() });
  const late = err("this guardian has voted for as late a time before");
  assertEquals((await guardians.item(timeOf(5n), 0)).ok, true);
  for (const secs of [0n, 4n, 5n]) assertEquals(await guardians.item(timeOf(secs), 0), late);
  assertEquals((await guardians.item(timeOf(6n), 0)).ok, true);
  assertEquals(await guardians.item(timeOf(0n), 1), late);
});

Deno.test("a guardian votes once a step of its clock, and for full steps only", async () => {
  const clock = new ManualClock();
  const guardians = await TestGuardians.start(bountyServer, { clock });
  assertEquals(await guardians.agree(), 0, "at 0 there is nothing to say");
  await clock.advance(TIME_STEP_TEST_SECS * 1_000 + 1);
  assertEquals([await guardians.agree(), await guardians.agree()], [4, 0]);
  assertEquals(await guardians.ask("time"), TIME_STEP_TEST_SECS);
  await clock.advance(TIME_STEP_TEST_SECS * 1_000 - 2);
  assertEquals(await guardians.agree(), 0);
  await clock.advance(1);
  assertEquals(await guardians.agree(), 4);
});
