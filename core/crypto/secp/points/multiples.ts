/**
 * Multiples t·G of the curve's generator for many t at once, from a table (`multiples_code.ts`).
 *
 * Not for signing: which entries of the table are read depends on the scalars, and the processor's cache shows that to
 * whoever computes on the same one. It is good enough for keys of one's own that are tried by the thousand.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../assert.ts";
import type { Bytes } from "../../../bytes.ts";
import { equalBytes, fromHex } from "../../../bytes.ts";
import type { Address } from "../../wasm/memory.ts";
import { fastestSecp } from "../fastest.ts";
import { KEY_BYTES } from "./compressed_code.ts";
import type { PointMachine } from "./machine.ts";
import { MULTIPLES, PREPARED_BYTES, WINDOW_BITS, WINDOWS } from "./multiples_code.ts";
import { sumsMax } from "./sums_code.ts";

/** Windows whose points are added between two yields. */
const WINDOWS_A_STEP = WINDOWS / 3;

/** Multiples by which a table is tested. */
const KNOWN = 16;
/** H. */
const HALF_OF_GENERATOR = fromHex("0200000000000000000000003b78ce563f89a0ed9414f5aa28ad0d96d6795f9c63");

/** The table, and batches of up to `batchMax` multiples from it. Its work comes in steps of a few milliseconds. */
export class Multiples {
  readonly machine: PointMachine;
  readonly #table: Address;
  readonly #addends: Address;
  readonly #scratch: Address;
  readonly #batchMax: number;

  private constructor(machine: PointMachine, batchMax: number) {
    assert(WINDOWS <= sumsMax(machine.form), "numbers need not be reduced on the way");
    this.machine = machine;
    this.#batchMax = batchMax;
    this.#table = machine.reserve(WINDOWS * MULTIPLES * machine.pointBytes);
    const most = Math.max(batchMax, MULTIPLES / 2);
    this.#addends = machine.reserve(most * machine.pointBytes);
    this.#scratch = machine.reserve(most * machine.pointBytes);
  }

  static *build(machine: PointMachine, batchMax: number): Generator<void, Multiples> {
    const multiples = new Multiples(machine, batchMax);
    yield;
    yield* multiples.#fill();
    return multiples;
  }

  *#fill(): Generator<void> {
    const { run, pointBytes } = this.machine;
    // 2^i times a window's first point
    const powers = this.machine.reserve(WINDOW_BITS * pointBytes);
    const power = (i: number): Address => powers + i * pointBytes;
    this.machine.writeKey(powers, HALF_OF_GENERATOR);
    for (let window = 0; window < WINDOWS; window++) {
      const table = this.#window(window);
      for (let i = 1; i < WINDOW_BITS; i++) run.twice(power(i), power(i - 1));
      this.machine.bytes.copyWithin(table, powers, powers + pointBytes);
      // the multiples up to 2^i − 1 and 2^i of the point are those up to 2^(i+1) − 1
      for (let i = 1; i < WINDOW_BITS; i++) {
        const count = 1 << i - 1, next = table + count * pointBytes;
        this.machine.add({ at: power(i), step: 0 }, table, next, this.#scratch, count);
        run.normals(next, 2 * count);
      }
      run.twice(powers, power(WINDOW_BITS - 1));
      if (window % 4 === 3) yield;
    }
  }

  #window(window: number): Address {
    return this.#table + window * MULTIPLES * this.machine.pointBytes;
  }

  /**
   * Whether some multiples are what the backend in use has: wide arithmetic is an experiment of V8, and who searches by
   * wrong points finds nothing, for ever.
   */
  isSound(): boolean {
    const { run, bytes, pointBytes } = this.machine, count = Math.min(this.#batchMax, KNOWN);
    const scalars = this.machine.reserve(count * PREPARED_BYTES), points = this.machine.reserve(count * pointBytes);
    const key = this.machine.reserve(KEY_BYTES);
    const known = Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i)) as Bytes);
    for (const [i, scalar] of known.entries()) bytes.set(scalar.toReversed(), scalars + i * PREPARED_BYTES);
    for (const _ of this.of(scalars, count, points));
    return known.every((scalar, i) => {
      run.compressed(key, points + i * pointBytes);
      return equalBytes(bytes.slice(key, key + KEY_BYTES), fastestSecp.publicKeyOf(scalar));
    });
  }

  /**
   * @param scalars so many, `PREPARED_BYTES` from one to the next; none of them is 0 modulo the order. They are lost
   * @param products t·G, numbers from 0 to p − 1
   */
  *of(scalars: Address, count: number, products: Address): Generator<void> {
    assert(count <= this.#batchMax, "a batch fits into its space");
    const { run, pointBytes } = this.machine, addends = { at: this.#addends, step: pointBytes };
    run.prepare(scalars, count);
    for (let window = 0; window < WINDOWS; window++) {
      const bit = window * WINDOW_BITS;
      const chosen = window === 0 ? products : addends.at;
      run.choose(chosen, scalars + (bit >> 3), this.#window(window), count, bit & 7, 0);
      if (window > 0) this.machine.add(addends, products, products, this.#scratch, count);
      if (window % WINDOWS_A_STEP === WINDOWS_A_STEP - 1) yield;
    }
    run.normals(products, 2 * count);
  }
}
