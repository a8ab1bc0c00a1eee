import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../core/bytes.ts";
import { Overlay, type Snapshot } from "./overlay.ts";

type Step =
  | { readonly open: true }
  | { readonly release: number }
  | { readonly write: Record<string, number | null> }
  | {
    readonly flush: number;
  };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ open: fc.constant(true as const) }),
  fc.record({ release: fc.nat(9) }),
  fc.record({
    write: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.option(fc.integer({ min: 0, max: 255 })), { minKeys: 1 }),
  }),
  fc.record({ flush: fc.integer({ min: 1, max: 3 }) }),
);

Deno.test("every open snapshot finds what was there when it was opened, and at the end nothing is left behind", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const backend = new Map<string, Bytes | null>();
      const forgotten = new Map<string, Bytes | null>();
      const overlay = new Overlay((key, value) => forgotten.set(key, value));
      const open: { snapshot: Snapshot; expected: Map<string, Bytes | null> }[] = [];
      const current = new Map<string, Bytes | null>();
      const flush = (count: number): void => {
        const group = [...overlay.unflushed()].slice(0, count);
        if (group.length === 0) return;
        for (const key of group.flatMap((commit) => overlay.missingBases(commit))) {
          overlay.keepBase(key, backend.get(key) ?? null);
        }
        for (const { keys, values } of group) keys.forEach((key, i) => backend.set(key, values[i] ?? null));
        overlay.markFlushed(group.at(-1)!.version);
      };
      for (const step of steps) {
        if ("open" in step) open.push({ snapshot: overlay.open(), expected: new Map(current) });
        else if ("release" in step) {
          const [closed] = open.splice(step.release, 1);
          if (closed !== undefined) overlay.release(closed.snapshot);
        } else if ("write" in step) {
          const writes = Object.entries(step.write).sort().map(([key, value]) =>
            [key, value === null ? null : new Uint8Array(value)] as const
          );
          for (const [key, value] of writes) current.set(key, value);
          overlay.append(writes);
        } else flush(step.flush);
        for (const { snapshot, expected } of open) {
          for (const key of ["a", "b", "c"]) {
            const known = overlay.lookup(key, snapshot.version);
            const found = known === undefined ? backend.get(key) ?? null : known;
            assertEquals(found, expected.get(key) ?? null);
          }
        }
      }
      for (const { snapshot } of open) overlay.release(snapshot);
      flush(Infinity);
      assertEquals([overlay.keptBytes, overlay.unflushedBytes, overlay.neighbour("", false)], [0, 0, undefined]);
      // Whoever caches what is forgotten has what the backend has.
      assertEquals(forgotten, current);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a commit is kept while a snapshot is open that is older than its flush, though it sees the commit", () => {
  const forgotten: string[] = [];
  const overlay = new Overlay((key) => forgotten.push(key));
  overlay.append([["k", new Uint8Array(1)]]);
  const snapshot = overlay.open(); // its reads of the backend may still give the old value
  overlay.markFlushed(1);
  assertEquals(overlay.lookup("k", snapshot.version), new Uint8Array(1));
  assertEquals(forgotten, []);
  overlay.release(snapshot);
  assertEquals(forgotten, ["k"]);
});
