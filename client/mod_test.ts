import { assertEquals, assertRejects } from "@std/assert";
import { formatInviteCode } from "../core/types/invite_code.ts";
import type { OperationId } from "../core/types/ids.ts";
import { startGuardians, toyFederation } from "./federation_testing.ts";
import type { FederationClient } from "./mod.ts";
import { ClientError, openClient } from "./mod.ts";
import { ClientWorld } from "./testing.ts";
import type { Toy } from "./toy_testing.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./toy_testing.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]), meta: { federation_name: "toys" } });

async function opened(world: ClientWorld): Promise<FederationClient> {
  const store = await world.finish(world.openStore());
  return await world.finish(openClient({ platform: world.platform, store, modules: [toyModule] }));
}

async function joined(): Promise<{ world: ClientWorld; wallet: FederationClient; toy: Toy }> {
  const world = new ClientWorld(1);
  await world.finish(startGuardians(world, federation, new ToyBooks().script(federation.honest)));
  const wallet = await opened(world);
  await world.finish(wallet.join(` ${formatInviteCode(federation.invite)}\n`));
  return { world, wallet, toy: wallet.client.module(TOY_KIND).module.api as Toy };
}

Deno.test("a wallet that has not joined says so to everything that needs a federation", async () => {
  const world = new ClientWorld(1);
  const wallet = await opened(world);
  assertEquals(wallet.isJoined, false);
  for (const call of [() => wallet.getBalance(), () => wallet.spend(1n), () => wallet.depositAddress()]) {
    const error = await assertRejects(async () => await call(), ClientError);
    assertEquals(error.code, "not_joined");
  }
  await world.finish(wallet.close());
});

Deno.test("a wallet knows its federation", async () => {
  const { world, wallet } = await joined();
  assertEquals([wallet.isJoined, wallet.federationName, wallet.network], [true, "toys", null]);
  assertEquals(wallet.federationId, federation.invite.federationId);
  assertEquals(wallet.inviteCode(), formatInviteCode(federation.invite));
  const words = await world.finish(wallet.words());
  assertEquals(words.split(" ").length, 12);
  await world.finish(wallet.close());
  const again = await opened(world);
  assertEquals(await world.finish(again.words()), words);
  await world.finish(again.close());
});

Deno.test("the balance is told now, then whenever it changes, and nothing in between", async () => {
  const { world, wallet, toy } = await joined();
  await world.finish(toy.fund(1_000n));
  const stop = new AbortController(), seen: bigint[] = [];
  const watching = (async () => {
    for await (const msat of wallet.subscribeBalance(stop.signal)) {
      seen.push(msat);
      if (msat === 893n) stop.abort();
    }
  })();
  // counting writes to the same part of the store and changes no balance
  await world.finish(toy.count("ab".repeat(32) as OperationId));
  await world.finish(wallet.client.awaitIdle());
  await world.finish(toy.pay("cd".repeat(32) as OperationId, 101n));
  await world.finish(watching);
  // 110 are taken, 3 come back as change
  assertEquals(seen, [1_000n, 890n, 893n]);
  await world.finish(wallet.close());
});

Deno.test("operations and events are read from where a reader stopped", async () => {
  const { world, wallet, toy } = await joined();
  await world.finish(toy.fund(1_000n));
  for (const byte of ["aa", "bb", "cc"]) await world.finish(toy.pay(byte.repeat(32) as OperationId, 10n));
  await world.finish(wallet.client.awaitIdle());
  const [newest, ...older] = await world.finish(wallet.operations({ limit: 2 }));
  assertEquals([newest!.operationId, older.length], ["cc".repeat(32), 1]);
  const last = await world.finish(wallet.operations({ limit: 2, before: older[0]! }));
  assertEquals(last.map(({ operationId }) => operationId), ["aa".repeat(32)]);
  assertEquals((await world.finish(wallet.operation("bb".repeat(32) as OperationId)))?.kind, TOY_KIND);
  assertEquals(await world.finish(wallet.nextEventId()), 6);
  const stop = new AbortController(), seen: number[] = [];
  await world.finish((async () => {
    for await (const { id } of wallet.events(4, stop.signal)) {
      seen.push(id);
      if (id === 5) stop.abort();
    }
  })());
  assertEquals(seen, [4, 5]);
  await world.finish(wallet.close());
});
