import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../core/bytes.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { testStore } from "../../modules/contract/testing/mod.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { StateId } from "./states.ts";
import { activeStates, addState, followStates, hasStates, isActive, leaveState, operationStates } from "./states.ts";

const OPERATION = "ab".repeat(32) as OperationId;

function state(byte: number, length = 4): StateId {
  return { operationId: OPERATION, instance: 2, state: new Uint8Array(length).fill(byte) as Bytes };
}

Deno.test("a state is added once: an equal one, active or left, is refused", async () => {
  const store = await testStore();
  const added = await store.transact((tx) => addState(tx, state(1), 10, false));
  assert(added.value);
  assert(!(await store.transact((tx) => addState(tx, state(1), 20, false))).value);
  assert((await store.transact((tx) => leaveState(tx, state(1), 30))).value);
  assert(!(await store.transact((tx) => addState(tx, state(1), 40, false))).value);
});

Deno.test("a state is left once", async () => {
  const store = await testStore();
  await store.transact((tx) => addState(tx, state(1), 10, false));
  assert((await store.transact((tx) => leaveState(tx, state(1), 20))).value);
  assert(!(await store.transact((tx) => leaveState(tx, state(1), 30))).value);
  assert(!await store.read((tx) => isActive(tx, state(1))));
  const [stored] = await store.read((tx) => operationStates(tx, OPERATION));
  assertEquals([stored!.createdUs, stored!.leftUs], [10, 20]);
});

Deno.test("a terminal state is stored and never active", async () => {
  const store = await testStore();
  await store.transact((tx) => addState(tx, state(1), 10, true));
  assertEquals(await store.read((tx) => activeStates(tx)), []);
  assert(await store.read((tx) => hasStates(tx, OPERATION)));
});

Deno.test("a state may be far longer than a key of the store", async () => {
  const store = await testStore();
  const long = state(7, 100_000);
  await store.transact((tx) => addState(tx, long, 10, false));
  assertEquals(await store.read((tx) => activeStates(tx)), [long]);
});

Deno.test("who follows gets every state once, also one that began earlier and committed later", async () => {
  const store = await testStore();
  await store.transact((tx) => addState(tx, state(1), 10, false));
  await store.transact((tx) => addState(tx, { ...state(9), instance: 3 }, 11, false));
  const seen: number[] = [];
  for await (const bytes of followStates(store, OPERATION, 2)) {
    seen.push(bytes[0]!);
    if (seen.length === 1) void store.transact((tx) => addState(tx, state(3), 30, true));
    if (seen.length === 2) void store.transact((tx) => addState(tx, state(2), 20, true));
    if (seen.length === 3) break;
  }
  assertEquals(seen, [1, 3, 2]);
});

Deno.test("who follows is told by an error that nothing more will come: of what never was, is over, or was given up", async () => {
  const store = await testStore();
  const follow = async (signal?: AbortSignal): Promise<void> => {
    for await (const _ of followStates(store, OPERATION, 2, signal));
  };
  const code = async (following: Promise<void>) => (await assertRejects(() => following, WaitError)).code;
  assertEquals(await code(follow()), "unknown_operation");
  await store.transact((tx) => addState(tx, state(1), 10, false));
  const stop = new AbortController(), given = follow(stop.signal), over = follow();
  stop.abort();
  assertEquals(await code(given), "aborted");
  await store.transact(async (tx) => {
    await leaveState(tx, state(1), 20);
    await addState(tx, state(2), 20, true);
  });
  assertEquals(await code(over), "unknown_operation");
});
