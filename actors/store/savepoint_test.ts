/** Savepoints against the plain way: a copy of everything at each, put back when it is undone. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../core/bytes.ts";
import { openMemoryStore } from "./memory.ts";
import { rollback, type StoreTx } from "./store.ts";
import { listTexts, ManualClock, put } from "./testing/mod.ts";

type Step =
  | { readonly do: "set" | "delete" | "deleteAll"; readonly key: string; readonly value: string }
  | { readonly do: "savepoint"; readonly steps: readonly Step[]; readonly end: "keep" | "rollback" | "throw" };

const { steps } = fc.letrec<{ step: Step; steps: Step[] }>((tie) => ({
  steps: fc.array(tie("step"), { maxLength: 8 }),
  step: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({
      do: fc.constantFrom("set", "set", "delete", "deleteAll"),
      key: fc.constantFrom("a", "aa", "ab", "b", "ba"),
      value: fc.string({ maxLength: 3, unit: "grapheme-ascii" }),
    }),
    fc.record({
      do: fc.constant("savepoint"),
      steps: tie("steps"),
      end: fc.constantFrom("keep", "rollback", "throw"),
    }),
  ) as fc.Arbitrary<Step>,
}));

const thrown = new Error("from the savepoint");

async function run(tx: StoreTx, model: Map<string, string>, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.do === "savepoint") await runSavepoint(tx, model, step);
    else if (step.do === "set") {
      tx.set(utf8(step.key), utf8(step.value));
      model.set(step.key, step.value);
    } else if (step.do === "delete") {
      tx.delete(utf8(step.key));
      model.delete(step.key);
    } else if (step.do === "deleteAll") {
      await tx.deleteAll(utf8(step.key));
      for (const key of [...model.keys()]) if (key.startsWith(step.key)) model.delete(key);
    }
    assertEquals(await listTexts(tx), texts(model));
  }
}

async function runSavepoint(
  tx: StoreTx,
  model: Map<string, string>,
  { steps, end }: Extract<Step, { do: "savepoint" }>,
): Promise<void> {
  const copy = new Map(model);
  const ended = await tx.savepoint(async (inner) => {
    await run(inner, model, steps);
    if (end === "throw") throw thrown;
    return end === "rollback" ? rollback("rollback") : "keep";
  }).catch((error) => {
    if (error !== thrown) throw error;
    return "throw";
  });
  assertEquals(ended, end);
  if (ended === "keep") return;
  model.clear();
  for (const [key, value] of copy) model.set(key, value);
}

function texts(model: ReadonlyMap<string, string>): string[] {
  return [...model].map(([key, value]) => `${key}=${value}`).sort();
}

Deno.test("a transaction of nested savepoints is as one that copies everything at each", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const store = await openMemoryStore({ clock: new ManualClock() });
      await put(store, { a: "old", ab: "old" });
      const model = new Map([["a", "old"], ["ab", "old"]]);
      await store.transact((tx) => run(tx, model, steps));
      assertEquals(await store.read((tx) => listTexts(tx)), texts(model));
      await store.close();
    }),
    { numRuns: 300 },
  );
});
