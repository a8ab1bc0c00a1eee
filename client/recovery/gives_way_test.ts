import { assertEquals, assertRejects } from "@std/assert";
import type { Store } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { testStore } from "../../modules/contract/testing/mod.ts";
import { Recoveries } from "./recoveries.ts";
import type { RecoveryStage } from "./records.ts";
import { setRecovery } from "./records.ts";

const never = new AbortController().signal;
const RUNNING: RecoveryStage = { tag: "Running", value: new Uint8Array(0) as Bytes };
const DONE: RecoveryStage = { tag: "Done", value: { amountMsat: 0n, otherMsat: [] } };
const NONE: RecoveryStage = { tag: "None", value: null };

async function set(store: Store, instance: number, stage: RecoveryStage): Promise<void> {
  const operationId = instance.toString(16).padStart(64, "0") as OperationId;
  const record = { kind: `kind${instance}`, operationId, complete: 0, total: 1, backup: null, stage };
  const { durable } = await store.transact((tx) => setRecovery(tx, instance, record));
  await durable;
}

/** Recoveries of modules 0, 1, …, and which of them have given way. */
async function recovering(stages: readonly RecoveryStage[]) {
  const store = await testStore(), recoveries = new Recoveries(store), over: number[] = [];
  for (const [instance, stage] of stages.entries()) await set(store, instance, stage);
  const giveWay = (instance: number): Promise<void> =>
    recoveries.giveWay(instance, never).then(() => void over.push(instance));
  return { store, recoveries, over, giveWay };
}

Deno.test("a module gives way until all others have recovered, or have failed", async () => {
  const { store, recoveries, over, giveWay } = await recovering([RUNNING, RUNNING, RUNNING, NONE, DONE]);
  const first = giveWay(0);
  await set(store, 1, DONE);
  assertEquals(over, []);
  recoveries.fail(2, "it failed");
  await first;
  // one that gives way alone has nobody to wait for
  await giveWay(0);
  assertEquals(over, [0, 0]);
});

Deno.test("of modules that give way to each other some go first, and then the others", async () => {
  const { store, over, giveWay } = await recovering([RUNNING, RUNNING, RUNNING]);
  const left = new Map([0, 1].map((instance) => [instance, giveWay(instance)]));
  await set(store, 1, RUNNING);
  assertEquals(over, []);
  left.set(2, giveWay(2));
  while (left.size > 0) {
    await Promise.race(left.values());
    for (const gone of over.splice(0)) {
      left.delete(gone);
      await set(store, gone, DONE);
    }
  }
});

Deno.test("giving way ends with its signal, and then the others don't count on it any more", async () => {
  const { store, recoveries, over, giveWay } = await recovering([RUNNING, RUNNING]);
  const stop = new AbortController(), first = recoveries.giveWay(0, stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => first, Error, "enough");
  const second = giveWay(1);
  await set(store, 0, RUNNING);
  assertEquals(over, []);
  await set(store, 0, DONE);
  await second;
});

Deno.test("what isn't in a hurry waits until no module recovers, and ends with its signal", async () => {
  const { store, recoveries } = await recovering([RUNNING, NONE]);
  const stop = new AbortController(), stopped = recoveries.untilNone(stop.signal);
  stop.abort(new Error("closing"));
  await assertRejects(() => stopped, Error, "closing");
  let isOver = false;
  const waiting = recoveries.untilNone(never).then(() => isOver = true);
  await set(store, 0, RUNNING);
  assertEquals(isOver, false);
  await set(store, 0, DONE);
  await waiting;
});
