/** Operations as applications follow them: state, progress, result, fees, pages. */
import { assertEquals, assertRejects } from "@std/assert";
import type { OperationId } from "../core/types/ids.ts";
import { WaitError } from "../modules/contract/waiting.ts";
import { startGuardians, toyFederation } from "./testing/federation.ts";
import type { FederationClient, Operation } from "./mod.ts";
import { openClient } from "./mod.ts";
import { ClientWorld } from "./testing/world.ts";
import type { ToyApi } from "./testing/toy.ts";
import { TOY_KIND, ToyBooks, toyModule } from "./testing/toy.ts";

const federation = toyFederation({ modules: new Map([[0, TOY_KIND]]), meta: {} });

type Joined = { world: ClientWorld; wallet: FederationClient; toy: ToyApi; books: ToyBooks };

/** A wallet with 1,000 msat. */
async function joined(): Promise<Joined> {
  const world = new ClientWorld(1), books = new ToyBooks();
  await world.finish(startGuardians(world, federation, books.script(federation.honest)));
  const store = await world.finish(world.openStore());
  const wallet = await world.finish(openClient({ platform: world.platform, store, modules: [toyModule] }));
  await world.finish(wallet.client.join(federation.invite));
  const toy = wallet.use(toyModule);
  await world.finish(toy.fund(1_000n));
  return { world, wallet, toy, books };
}

const id = (byte: string): OperationId => byte.repeat(32) as OperationId;

function facts({ status, fees, outcome, transactions }: Operation): unknown {
  return [status, fees.paidMsat, fees.pendingMsat, outcome?.outcome ?? null, transactions.map(({ status }) => status)];
}

Deno.test("an operation is followed from its beginning to its end, and its result is the last state", async () => {
  const { world, wallet, toy, books } = await joined();
  books.silent = true;
  await world.finish(toy.pay(id("aa"), 101n));
  const operation = wallet.operation(id("aa")), seen: unknown[] = [];
  const following = (async () => {
    for await (const state of operation.progress()) {
      seen.push(facts(state));
      books.silent = false;
    }
  })();
  const result = await world.finish(operation.result());
  await world.finish(following);
  assertEquals(seen[0], ["pending", 0n, 6n, null, ["pending"]]);
  assertEquals(seen.at(-1), ["ended", 6n, 0n, "Paid", ["accepted"]]);
  // nothing is told twice
  assertEquals(new Set(seen.map((state) => Deno.inspect(state))).size, seen.length);
  assertEquals([facts(result), await world.finish(operation.fees())], [seen.at(-1), {
    paidMsat: 6n,
    pendingMsat: 0n,
  }]);
  // one that has ended says so at once, and once
  const again: Operation[] = [];
  for await (const state of operation.progress()) again.push(state);
  assertEquals(again.map(facts), [seen.at(-1)]);
  await world.finish(wallet.close());
});

Deno.test("who follows an operation can stop, and is let go when the wallet closes", async () => {
  const { world, wallet, toy, books } = await joined();
  books.silent = true;
  await world.finish(toy.pay(id("aa"), 101n));
  const follow = async (signal?: AbortSignal): Promise<number> => {
    let states = 0;
    for await (const _ of wallet.operation(id("aa")).progress(signal)) states++;
    return states;
  };
  const stop = new AbortController(), stopped = follow(stop.signal), closed = follow();
  const result = assertRejects(() => wallet.operation(id("aa")).result(), WaitError);
  await world.finish(toy.balance());
  stop.abort();
  assertEquals(await world.finish(stopped), 1);
  await world.finish(wallet.close());
  assertEquals([await closed, (await result).code], [1, "closed"]);
});

Deno.test("an operation that this wallet doesn't have has no state, and nothing to wait for", async () => {
  const { world, wallet } = await joined();
  const operation = wallet.operation(id("ee"));
  assertEquals(await world.finish(operation.state()), undefined);
  const calls = [() => operation.fees(), () => operation.result(), () => operation.progress().next()];
  for (const call of calls) {
    const error = await assertRejects(async () => void await call(), WaitError);
    assertEquals(error.facts, { code: "unknown_operation", operationId: id("ee") });
  }
  await world.finish(wallet.close());
});

Deno.test("active operations are read by page like all others, and alone", async () => {
  const { world, wallet, toy, books } = await joined();
  const names = async (options: Parameters<FederationClient["operations"]>[0]): Promise<string[]> =>
    (await world.finish(wallet.operations(options))).map(({ operationId }) => operationId.slice(0, 2));
  for (const byte of ["0a", "0b"]) await world.finish(toy.pay(id(byte), 10n));
  await world.finish(wallet.client.awaitIdle());
  assertEquals(await names({ active: true }), []);
  books.silent = true;
  for (const byte of ["0e", "0d", "0c"]) await world.finish(toy.pay(id(byte), 10n));
  assertEquals(await names({ active: true }), ["0c", "0d", "0e"]);
  assertEquals(await names({}), ["0c", "0d", "0e", "0b", "0a"]);
  const [first] = await world.finish(wallet.operations({ active: true, limit: 1 }));
  assertEquals(first!.status, "pending");
  assertEquals(await names({ active: true, limit: 1, before: first! }), ["0d"]);
  assertEquals(await names({ active: true, before: first! }), ["0d", "0e"]);
  const [last] = await world.finish(wallet.operations({ active: true, limit: 3 })).then((page) => page.slice(-1));
  assertEquals(await names({ active: true, before: last! }), []);
  await world.finish(wallet.close());
});
