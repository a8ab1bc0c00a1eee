/**
 * The search for an index that passes the federation's filter, by the batch. All that it needs is handed in, so that a
 * thread loads little: no encodings, no other curves.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { compareBytes, concat } from "../../../../core/bytes.ts";
import type { Points } from "./batch.ts";
import { BatchAdder, newPoints, repeated, setPoint, writePoint } from "./batch.ts";
import { ChildKeys } from "./child_keys.ts";
import { Field } from "./field.ts";
import { Multiples, SCALAR_BYTES } from "./multiples.ts";

/** What a search is for. Holds a secret. */
export type Searched = {
  /** Of the guardians, 33 bytes each. */
  readonly keys: readonly Bytes[];
  /** The multisig script of keys that aren't tweaked: every other one differs from it by its keys alone. */
  readonly script: Bytes;
  /** 32 bytes; binds the filter to the federation. */
  readonly hashOfKeys: Bytes;
  /** What the module's secret derives its children with: 64 bytes. Secret. */
  readonly childRoot: Bytes;
};

/** Indices tried at once; every step of the search is some milliseconds long. */
const BATCH = 512;
const PUBLIC_KEY_BYTES = 33;
/** In a multisig script: behind the threshold, which never exceeds 16, and the first push. */
const FIRST_KEY = 2;

/** The multisig scripts of a batch: a template, into which a tweaked set of keys is written in its order. */
class Scripts {
  readonly #field: Field;
  readonly #guardians: readonly Points[];
  readonly #sums: readonly Points[];
  readonly #compressed: readonly { readonly bytes: Bytes; readonly view: DataView }[];
  readonly #ordered: Bytes[];
  readonly #adder: BatchAdder;
  readonly #script: Bytes;
  readonly #filtered: Bytes;

  constructor(field: Field, { keys, script, hashOfKeys }: Searched) {
    this.#field = field;
    this.#adder = new BatchAdder(field, BATCH);
    const guardians = newPoints(field, keys.length);
    this.#guardians = keys.map((key, i) => {
      setPoint(field, guardians, i, key);
      return repeated(guardians, i);
    });
    this.#sums = keys.map(() => newPoints(field, BATCH));
    this.#compressed = keys.map(() => {
      const bytes = new Uint8Array(PUBLIC_KEY_BYTES) as Bytes;
      return { bytes, view: new DataView(bytes.buffer) };
    });
    this.#ordered = this.#compressed.map(({ bytes }) => bytes);
    this.#script = script.slice() as Bytes;
    // CompactSize of 34 · OP_0 · push of 32 · the script's hash · the keys' hash: what the filter looks at
    this.#filtered = concat(Uint8Array.of(34, 0, 32), new Uint8Array(32), hashOfKeys);
  }

  /** Adds the tweaks' points to every guardian's key. */
  tweak(count: number, tweakPoints: Points): void {
    for (const [peer, key] of this.#guardians.entries()) {
      this.#adder.add(count, key, tweakPoints, this.#sums[peer]!);
    }
  }

  passes(at: number): boolean {
    for (const [peer, { view }] of this.#compressed.entries()) {
      writePoint(this.#field, this.#sums[peer]!, at, view, 0);
    }
    this.#ordered.sort(compareBytes);
    for (const [position, key] of this.#ordered.entries()) {
      this.#script.set(key, FIRST_KEY + position * (PUBLIC_KEY_BYTES + 1));
    }
    this.#filtered.set(sha256(this.#script), 3);
    const hash = sha256(this.#filtered);
    return hash[0] === 0 && hash[1] === 0;
  }
}

/** A field with its table of multiples: what searches have in common. */
export type SearchTools = { readonly field: Field; readonly multiples: Multiples };

/** In steps of a few milliseconds. */
export function* searchTools(): Generator<void, SearchTools> {
  const field = new Field();
  return { field, multiples: yield* Multiples.build(field, BATCH) };
}

/** One search at a time: all of a tool's work is in one memory. */
export class Searcher {
  readonly #multiples: Multiples;
  readonly #childKeys: ChildKeys;
  readonly #scripts: Scripts;
  readonly #points: Points;
  readonly #field: Field;

  constructor({ field, multiples }: SearchTools, searched: Searched) {
    this.#field = field;
    this.#multiples = multiples;
    this.#childKeys = new ChildKeys(searched.childRoot);
    this.#scripts = new Scripts(field, searched);
    this.#points = newPoints(field, BATCH);
  }

  /**
   * Tries the indices from ≤ i < end. Each step yields the index below which none is left to try.
   * @returns the first index that passes; or `end` when none does
   */
  *steps(from: number, end: number): Generator<number, number> {
    const points = this.#points, publicKey = new DataView(new ArrayBuffer(PUBLIC_KEY_BYTES));
    for (let first = from; first < end; first += BATCH) {
      const count = Math.min(BATCH, end - first);
      const scalars = new Uint8Array(count * SCALAR_BYTES);
      const view = new DataView(scalars.buffer);
      for (let i = 0; i < count; i++) this.#childKeys.write(first + i, view, i * SCALAR_BYTES);
      yield first;
      yield* named(first, this.#multiples.of(scalars, points));
      for (let i = 0; i < count; i++) {
        writePoint(this.#field, points, i, publicKey, 0);
        scalars.set(sha256(new Uint8Array(publicKey.buffer)), i * SCALAR_BYTES);
      }
      yield* named(first, this.#multiples.of(scalars, points));
      this.#scripts.tweak(count, points);
      for (let i = 0; i < count; i++) {
        if (this.#scripts.passes(i)) return first + i;
      }
      yield first + count;
    }
    return end;
  }
}

/** The steps of a part, all with the search's own position. */
export function* named<T>(position: number, part: Generator<void, T>): Generator<number, T> {
  for (;;) {
    const { done, value } = part.next();
    if (done) return value;
    yield position;
  }
}

/** For searches in one go: a thread has many, and the table takes longer than some of them. */
let kept: SearchTools | undefined;

/** The search in one go. @returns the first index of from ≤ i < end that passes, or null */
export function searchAtOnce(searched: Searched, from: number, end: number): number | null {
  const tools = kept ??= whole(searchTools());
  const found = tools.field.lending(() => whole(new Searcher(tools, searched).steps(from, end)));
  return found < end ? found : null;
}

function whole<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value as T;
  }
}
