import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { Inspection } from "../actors/system.ts";
import { formatInviteCode } from "../core/types/invite_code.ts";
import type { OperationId } from "../core/types/ids.ts";
import { mintv2Client } from "../modules/mintv2/client.ts";
import { startGuardians, toyFederation } from "./testing/federation.ts";
import type { FederationClient } from "./mod.ts";
import { ClientError, openClient } from "./mod.ts";
import { ClientWorld } from "./testing/world.ts";
import type { ToyApi } from "./testing/toy.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./testing/toy.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]), meta: { federation_name: "toys" } });

async function opened(world: ClientWorld): Promise<FederationClient> {
  const store = await world.finish(world.openStore());
  return await world.finish(openClient({ platform: world.platform, store, modules: [toyModule] }));
}

type Joined = { world: ClientWorld; wallet: FederationClient; toy: ToyApi; books: ToyBooks };

async function joined(): Promise<Joined> {
  const world = new ClientWorld(1), books = new ToyBooks();
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  const wallet = await opened(world);
  await world.finish(wallet.join(` ${formatInviteCode(federation.invite)}\n`));
  return { world, wallet, toy: wallet.use(toyModule), books };
}

Deno.test("a wallet that has not joined says so to everything that needs a federation", async () => {
  const world = new ClientWorld(1);
  const wallet = await opened(world);
  assertEquals(wallet.isJoined, false);
  const calls = [
    () => wallet.getBalance(),
    () => wallet.spend(1n),
    () => wallet.depositAddress(),
    () => wallet.use(toyModule),
  ];
  for (const call of calls) {
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

Deno.test("a module is used by its definition, or by one that it was made from, and by no other of its kind", async () => {
  const { world, wallet, toy } = await joined();
  assertEquals(wallet.use(toyModule) === toy, true);
  assertEquals(wallet.use({ ...toyModule, start: () => Promise.reject(new Error("never")) }) === toy, true);
  const namesake = { ...toyModule, codecs: { ...toyModule.codecs } };
  for (const ask of [() => void wallet.use(mintv2Client), () => void wallet.use(namesake)]) {
    assertEquals(assertThrows(ask, ClientError).code, "no_module");
  }
  await world.finish(wallet.close());
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

Deno.test("asking for the balance costs no message, as does following it while nothing changes", async () => {
  const { world, wallet, toy } = await joined();
  await world.finish(toy.fund(1_000n));
  await world.finish(wallet.client.awaitIdle());
  const handled = (at: Inspection): number => at.children.reduce((sum, child) => sum + handled(child), at.handled);
  const before = handled(wallet.client.inspect());
  const balances = wallet.subscribeBalance();
  assertEquals((await world.finish(balances.next())).value, 1_000n);
  for (let asked = 0; asked < 100; asked++) assertEquals(await world.finish(wallet.getBalance()), 1_000n);
  assertEquals(handled(wallet.client.inspect()) - before, 0);
  assertEquals(await world.finish(toy.balance()), 1_000n);
  assertEquals(handled(wallet.client.inspect()) - before > 0, true);
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
  assertEquals((await world.finish(wallet.operation("bb".repeat(32) as OperationId).state()))?.kind, TOY_KIND);
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

Deno.test("an operation tells its transactions, what they cost, and what came of it, though nobody waited", async () => {
  const { world, wallet, toy, books } = await joined();
  await world.finish(toy.fund(1_000n));
  const paid = "aa".repeat(32) as OperationId, refused = "bb".repeat(32) as OperationId;
  await world.finish(toy.pay(paid, 101n));
  await world.finish(wallet.client.awaitIdle());
  books.refuse = { tag: "Input", value: { instance: 0, body: new Uint8Array(0) as never } };
  await world.finish(toy.pay(refused, 101n));
  await world.finish(wallet.client.awaitIdle());
  const [second, first] = await world.finish(wallet.operations());
  const [txid] = books.accepted.keys();
  // two outputs
  assertEquals(first!.transactions, [{ txid: txid!, status: "accepted", feeMsat: 6n }]);
  assertEquals([first!.outcome?.outcome, second!.outcome?.outcome], ["Paid", "Refused"]);
  const [{ status, reason } = {}, ...others] = (await world.finish(wallet.operation(refused).state()))!.transactions;
  assertEquals([status, others], ["rejected", []]);
  assertStringIncludes(reason!, "no such coin");
  await world.finish(wallet.close());
});

Deno.test("money under way is told until it is in the balance", async () => {
  const { world, wallet, toy, books } = await joined();
  await world.finish(toy.fund(1_000n));
  const figures = async (): Promise<bigint[]> => {
    const { incomingMsat, outgoingMsat, inDoubtMsat } = await wallet.getPending();
    return [await wallet.getBalance(), incomingMsat, outgoingMsat, inDoubtMsat];
  };
  books.silent = true;
  await world.finish(toy.pay("aa".repeat(32) as OperationId, 101n));
  assertEquals(await figures(), [890n, 3n, 0n, 0n]);
  const [{ status, feeMsat } = {}] = (await wallet.operation("aa".repeat(32) as OperationId).state())!.transactions;
  assertEquals([status, feeMsat], ["pending", 6n]);
  books.silent = false;
  await world.finish(wallet.client.awaitIdle());
  assertEquals(await figures(), [893n, 0n, 0n, 0n]);
  await world.finish(wallet.close());
});
