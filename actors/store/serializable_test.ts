/**
 * The store against a plain sorted map: many transactions at once over a few keys, on a disk as slow as chance has it.
 * Each commit must have read what the map holds at its place in the order of commits; each read-only body what it held
 * at one place.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { fromBinary, toBinary } from "./keys.ts";
import { MemoryBackend, openMemoryStore } from "./memory.ts";
import { type RangeOptions, type ReadTx, rollback, type StoreTx } from "./store.ts";
import { ManualClock, settle } from "./testing/mod.ts";

type Model = ReadonlyMap<string, string>;

type Step =
  | { readonly do: "get"; readonly key: string }
  | {
    readonly do: "range";
    readonly start: string;
    readonly end: string;
    readonly reverse: boolean;
    readonly limit: number;
  }
  | { readonly do: "set"; readonly key: string; readonly large: boolean }
  | { readonly do: "delete"; readonly key: string }
  | { readonly do: "deleteAll"; readonly prefix: string }
  | { readonly do: "pause"; readonly ms: number };
type Script = {
  readonly startMs: number;
  readonly end: "commit" | "rollback" | "read";
  readonly steps: readonly Step[];
};
/** A step as it was run: with its result, or the value it wrote. */
type Trace = { readonly step: Step; readonly seen: string }[];

const key = fc.constantFrom("a", "aa", "ab", "b", "ba", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("get" as const), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("range" as const),
      start: key,
      end: key,
      reverse: fc.boolean(),
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("set" as const), key, large: fc.nat(7).map((n) => n === 0) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("deleteAll" as const), prefix: fc.constantFrom("a", "b", "") }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pause" as const), ms: fc.integer({ min: 1, max: 6 }) }) },
);
const script: fc.Arbitrary<Script> = fc.record({
  startMs: fc.integer({ min: 0, max: 40 }),
  end: fc.constantFrom("commit", "commit", "commit", "rollback", "read"),
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
});

Deno.test("transactions at once are as if they came one after the other, and snapshots are of one moment", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(script, { minLength: 2, maxLength: 14 }),
      fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(undefined, 0),
      async (scripts, delaysMs, cacheBytesMax) => {
        const clock = new ManualClock();
        let reads = 0;
        let commits = 0;
        const backend = new MemoryBackend({
          clock,
          readDelayMs: () => delaysMs[reads++ % delaysMs.length]!,
          writeDelayMs: () => delaysMs[commits++ % delaysMs.length]! * 2,
        });
        const options = cacheBytesMax === undefined ? { clock, backend } : { clock, backend, cacheBytesMax };
        const store = await finish(clock, openMemoryStore(options), 1_000);
        const models: Model[] = [new Map()];
        const running = scripts.map(async (script, id) => {
          await pause(clock, script.startMs);
          if (script.end === "read") {
            const trace = await store.read((tx) => runSteps(clock, tx, undefined, script.steps, id));
            assert(models.some((model) => fitsModel(model, trace)), "a read saw a moment that never was");
            return;
          }
          const { durable } = await store.transact(async (tx) => {
            const trace = await runSteps(clock, tx, tx, script.steps, id);
            if (script.end === "rollback") return rollback(null);
            // Runs within the commit, so in the order of commits.
            tx.onCommit(() => {
              const before = models.at(-1)!;
              if (trace.some(writes)) {
                assert(fitsModel(before, trace), "a commit read what was not there at its place");
                models.push(applied(before, trace));
              } else assert(models.some((model) => fitsModel(model, trace)), "a commit saw a moment that never was");
            });
            return null;
          });
          await durable;
        });
        await finish(clock, Promise.all(running), 20_000);
        const final = [...models.at(-1)!].sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => `${k}=${v}`);
        await finish(clock, store.close(), 1_000);
        const reopening = openMemoryStore({ clock, backend: backend.crash({}) });
        const found = await (await reopening).read((tx) => list(tx, {}));
        assertEquals(found, final);
      },
    ),
    { numRuns: 1_500 },
  );
});

async function runSteps(
  clock: ManualClock,
  tx: ReadTx,
  write: StoreTx | undefined,
  steps: readonly Step[],
  id: number,
) {
  const trace: Trace = [];
  for (const [at, step] of steps.entries()) {
    switch (step.do) {
      case "get": {
        const value = await tx.get(utf8(step.key));
        trace.push({ step, seen: value === undefined ? "none" : label(value) });
        break;
      }
      case "range": {
        const [start, end] = [utf8(step.start), utf8(step.end)];
        const seen = await list(tx, { start, end, reverse: step.reverse, limit: step.limit });
        trace.push({ step, seen: seen.join() });
        break;
      }
      case "set": {
        const seen = `${id}.${at}`;
        // Labelled, so that a large value tells which one it is.
        const value = new Uint8Array(step.large ? 70_000 : 20);
        value.set(utf8(seen.padEnd(20)));
        value.set(utf8(seen.padEnd(20)), value.length - 20);
        write?.set(utf8(step.key), value);
        if (write !== undefined) trace.push({ step, seen });
        break;
      }
      case "delete":
        write?.delete(utf8(step.key));
        if (write !== undefined) trace.push({ step, seen: "" });
        break;
      case "deleteAll":
        if (write !== undefined) {
          const seen = await list(tx, { prefix: utf8(step.prefix) });
          await write.deleteAll(utf8(step.prefix));
          trace.push({ step, seen: seen.join() });
        }
        break;
      case "pause":
        await pause(clock, step.ms);
    }
  }
  return trace;
}

/** Whether all that was read follows from the model and the own writes before. */
function fitsModel(model: Model, trace: Trace): boolean {
  const own = new Map(model);
  return trace.every(({ step, seen }) => {
    if (step.do === "get") return seen === (own.get(step.key) ?? "none");
    if (step.do === "range") {
      const keys = [...own.keys()].sort().filter((k) => k >= step.start && k < step.end);
      if (step.reverse) keys.reverse();
      return seen === keys.slice(0, step.limit).map((k) => `${k}=${own.get(k)}`).join();
    }
    const found = [...own].filter(([k]) => step.do === "deleteAll" && k.startsWith(step.prefix)).sort();
    applyStep(own, step, seen);
    return step.do !== "deleteAll" || seen === found.map(([k, v]) => `${k}=${v}`).join();
  });
}

/** Whether a step left a write; a deleteAll that found nothing did not. */
function writes({ step, seen }: Trace[number]): boolean {
  return step.do === "set" || step.do === "delete" || (step.do === "deleteAll" && seen !== "");
}

function applied(model: Model, trace: Trace): Model {
  const next = new Map(model);
  for (const { step, seen } of trace) applyStep(next, step, seen);
  return next;
}

function applyStep(model: Map<string, string>, step: Step, seen: string): void {
  if (step.do === "set") model.set(step.key, seen);
  if (step.do === "delete") model.delete(step.key);
  if (step.do === "deleteAll") { for (const k of [...model.keys()]) if (k.startsWith(step.prefix)) model.delete(k); }
}

async function list(tx: ReadTx, options: RangeOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const { key, value } of tx.range(options)) found.push(`${toBinary(key)}=${label(value)}`);
  return found;
}

/** The label of a value, which stands at its beginning and at its end. */
function label(value: Bytes): string {
  const text = toBinary(value.subarray(0, 20));
  assertEquals(value.subarray(value.length - 20), fromBinary(text));
  return text.trimEnd();
}

/**
 * Lets time pass until it is done. Fails when that takes longer than transactions that all wait for each other may
 * take.
 */
async function finish<T>(clock: ManualClock, work: Promise<T>, msMax: number): Promise<T> {
  let isDone = false;
  const done = work.finally(() => isDone = true);
  done.catch(() => {}); // awaited below, once time has passed
  for (let ms = 0; ms < msMax && !isDone; ms += 10) await clock.advance(10);
  assert(isDone, `not done after ${msMax} ms: somebody is stuck`);
  return await done;
}

async function pause(clock: ManualClock, ms: number): Promise<void> {
  await new Promise<void>((resolve) => clock.setTimer(ms, resolve));
  await settle();
}
