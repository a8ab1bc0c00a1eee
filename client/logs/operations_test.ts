import { assertEquals } from "@std/assert";
import { testStore } from "../../modules/contract/testing/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { addOperation, getOperation, listOperations, setOperationOutcome } from "./operations.ts";

function id(number: number): OperationId {
  return number.toString(16).padStart(64, "0") as OperationId;
}

Deno.test("operations are listed newest first, page by page, each once", async () => {
  const store = await testStore();
  // two of the same microsecond are told apart by their ids
  const times = [10, 20, 20, 30, 40];
  await store.transact((tx) => times.forEach((us, i) => addOperation(tx, id(i), "mintv2", { i }, us)));
  const seen: number[] = [];
  let before: { createdUs: number; operationId: OperationId } | undefined;
  for (let page = 0; page < 10; page++) {
    const entries = await store.read((tx) => listOperations(tx, { limit: 2, ...(before && { before }) }));
    if (entries.length === 0) break;
    for (const { meta } of entries) seen.push((meta as { i: number }).i);
    before = entries.at(-1)!;
  }
  assertEquals(seen, [4, 3, 2, 1, 0]);
});

Deno.test("the first outcome stays", async () => {
  const store = await testStore();
  await store.transact((tx) => addOperation(tx, id(1), "mintv2", null, 1));
  await store.transact((tx) => setOperationOutcome(tx, id(1), "Success", 2));
  await store.transact((tx) => setOperationOutcome(tx, id(1), "Rejected", 3));
  const entry = await store.read((tx) => getOperation(tx, id(1)));
  assertEquals(entry?.outcome, { atUs: 2, outcome: "Success" });
});

Deno.test("an outcome of an operation that was never logged is not kept", async () => {
  const store = await testStore();
  await store.transact((tx) => setOperationOutcome(tx, id(9), "Success", 2));
  assertEquals(await store.read((tx) => getOperation(tx, id(9))), undefined);
});

Deno.test("meta of any JSON comes back as it was", async () => {
  const store = await testStore();
  const meta = { text: "ä\u0000", big: 2n ** 63n, list: [null, true, { a: 1 }] };
  await store.transact((tx) => addOperation(tx, id(1), "kind", meta, 1));
  assertEquals((await store.read((tx) => getOperation(tx, id(1))))?.meta, meta);
});
