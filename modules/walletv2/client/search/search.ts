/**
 * The search for an index that passes the federation's filter, by the batch: all that is the same for each is done
 * once, points are added many at a time, hashes are four at once, and t·G is computed once for all guardians' keys.
 */
import { assert } from "../../../../core/assert.ts";
import { KEY_BYTES } from "../../../../core/crypto/secp/points/compressed_code.ts";
import { fastestForm, PointMachine } from "../../../../core/crypto/secp/points/machine.ts";
import { Multiples } from "../../../../core/crypto/secp/points/multiples.ts";
import { PREPARED_BYTES } from "../../../../core/crypto/secp/points/multiples_code.ts";
import type { FieldForm } from "../../../../core/crypto/secp/wide/form.ts";
import { NARROW } from "../../../../core/crypto/secp/wide/form.ts";
import type { Address } from "../../../../core/crypto/wasm/memory.ts";
import { LANES } from "../../../../core/crypto/wasm/sha256_code.ts";
import { ChildKeys } from "./child_keys.ts";
import { Messages, Scripts } from "./scripts.ts";
import type { Searched } from "./searched.ts";

/** Indices tried at once; every step of the search is some milliseconds long. */
const BATCH = 2_048;
/** Scripts that are hashed between two yields. */
const SCRIPTS_A_STEP = 1_024;

/** One search's tools and space, all in one memory. */
class Searcher {
  readonly #machine: PointMachine;
  readonly #multiples: Multiples;
  readonly #childKeys: ChildKeys;
  readonly #scripts: Scripts;
  readonly #publicKeys: Messages;
  readonly #points: Address;
  readonly #scalars: Address;

  constructor(multiples: Multiples, searched: Searched) {
    assert(BATCH % LANES === 0, "a batch is hashed whole");
    const { machine } = multiples;
    this.#machine = machine;
    this.#multiples = multiples;
    this.#childKeys = new ChildKeys(searched.childRoot, BATCH, PREPARED_BYTES);
    this.#scripts = new Scripts(machine, searched, BATCH);
    this.#publicKeys = new Messages(machine, new Uint8Array(KEY_BYTES));
    this.#points = machine.reserve(BATCH * machine.pointBytes);
    this.#scalars = machine.reserve(BATCH * PREPARED_BYTES);
  }

  /** Tries a batch. @returns the first of its indices that passes, counted from its beginning; or null */
  *tried(first: number): Generator<void, number | null> {
    const points = this.#points, scalars = this.#scalars;
    this.#childKeys.write(first, BATCH, this.#machine.bytes, scalars);
    yield;
    yield* this.#multiples.of(scalars, BATCH, points);
    for (let i = 0; i < BATCH; i += LANES) this.#hashPublicKeys(i);
    yield* this.#multiples.of(scalars, BATCH, points);
    yield* this.#scripts.tweak(BATCH, points);
    for (let i = 0; i < BATCH; i += LANES) {
      const lane = this.#scripts.passing(i);
      if (lane !== null) return i + lane;
      if (i % SCRIPTS_A_STEP === SCRIPTS_A_STEP - LANES) yield;
    }
    return null;
  }

  /** The tweaks: hashes of the public keys, in the place of the secret ones. */
  #hashPublicKeys(first: number): void {
    const { run, pointBytes } = this.#machine, { at, bytes } = this.#publicKeys;
    for (let lane = 0; lane < LANES; lane++) {
      run.compressed(at + lane * bytes, this.#points + (first + lane) * pointBytes);
    }
    this.#publicKeys.hash();
    run.sha256Numbers(this.#scalars + first * PREPARED_BYTES, PREPARED_BYTES);
  }
}

/**
 * Tries the indices from ≤ i < end, in steps of a few milliseconds. Each step yields the index below which none is left
 * to try. Whoever stops before its end calls `return`: then what it has in memory is wiped.
 * @returns the first index that passes; or `end` when none does
 */
export function* search(
  searched: Searched,
  from: number,
  end: number,
  form: FieldForm = fastestForm(),
): Generator<number, number> {
  const table = yield* named(from, tableIn(form)), { machine } = table.multiples, own = machine.reserved;
  try {
    const searcher = new Searcher(table.multiples, searched);
    yield from;
    for (let first = from; first < end; first += BATCH) {
      const found = yield* named(first, searcher.tried(first));
      if (found !== null && first + found < end) return first + found;
      yield Math.min(first + BATCH, end);
    }
    return end;
  } finally {
    machine.release(own);
    lastTable = new WeakRef(table);
  }
}

/** A machine with its table, and in how many steps it was made. */
type Table = { readonly multiples: Multiples; readonly steps: number };

/** Of the last search that has ended, until it is collected as garbage; none while one has it. */
let lastTable: WeakRef<Table> | null = null;

/**
 * The table takes 40 ms, so the next search of this process has the same one. It comes in as many steps as it would
 * take: what else happens meanwhile doesn't hang on what this process did before.
 */
function* tableIn(form: FieldForm): Generator<void, Table> {
  const last = lastTable?.deref();
  if (last?.multiples.machine.form === form) {
    lastTable = null;
    for (let step = 0; step < last.steps; step++) yield;
    return last;
  }
  const making = multiplesIn(form);
  for (let steps = 0;; steps++) {
    const { done, value } = making.next();
    if (done) return { multiples: value, steps };
    yield;
  }
}

/** In the narrow form, where V8's wide arithmetic doesn't give the right points. */
function* multiplesIn(form: FieldForm): Generator<void, Multiples> {
  const machine = new PointMachine(form);
  yield;
  const multiples = yield* Multiples.build(machine, BATCH);
  yield;
  if (multiples.isSound()) return multiples;
  assert(form !== NARROW, "multiples of the generator are those of the backend in use");
  return yield* multiplesIn(NARROW);
}

/** The steps of a part, all with the search's own position. */
function* named<T>(position: number, part: Generator<void, T>): Generator<number, T> {
  for (;;) {
    const { done, value } = part.next();
    if (done) return value;
    yield position;
  }
}
