/**
 * Multiplication of a point by a secret scalar: four bits at a time, each time a multiple chosen from 16 by reading all
 * of them (`curve_code.ts`), and the same operations whatever the scalar is. In G1 the scalar is split in two
 * (`split_code.ts`), which halves the doublings.
 */
import type { Scalar } from "../types.ts";
import { TABLE_SIZE } from "../../wasm/curve_code.ts";
import { NUMBER_BYTES } from "./limbs.ts";
import type { Address, Machine } from "./machine.ts";
import { PART_BITS, PART_BYTES } from "./split_code.ts";

const WINDOW = 4, SCALAR_BITS = 256;

/** `into` and `point` are points in memory, different ones. */
export type Multiply = (into: Address, point: Address, scalar: Scalar) => void;

/** Four bits of a little-endian number in memory. */
const digit = (bytes: Uint8Array, at: Address, window: number): number =>
  bytes[at + (window >> 1)]! >> WINDOW * (window & 1) & TABLE_SIZE - 1;

/** @param point must lie in G1: elsewhere φ isn't a multiplication */
export function multiplyInG1(machine: Machine): Multiply {
  const { run, constants } = machine, POINT = 3 * NUMBER_BYTES;
  const table = machine.reserve(TABLE_SIZE * POINT), chosen = machine.reserve(POINT);
  const scalarAt = machine.reserve(SCALAR_BITS / 8), parts = machine.reserve(2 * PART_BYTES);
  return (into, point, scalar) => {
    fillTable(run.g1Add, run.g1Double, run.copy21, { machine, table, point, pointBytes: POINT });
    machine.bytes.set(scalar, scalarAt);
    run.split(parts, scalarAt);
    const { bytes } = machine;
    writeInfinity(machine, into, POINT, NUMBER_BYTES);
    for (let window = Math.ceil(PART_BITS / WINDOW) - 1; window >= 0; window--) {
      run.g1DoubleTimes(into, into, WINDOW);
      run.g1Select(chosen, table, digit(bytes, parts, window), 0);
      run.g1Add(into, into, chosen);
      // x²·P is −φ(P)
      run.g1Select(chosen, table, digit(bytes, parts + PART_BYTES, window), 0);
      run.mul(chosen, chosen, constants.beta);
      run.neg7(chosen + NUMBER_BYTES, chosen + NUMBER_BYTES);
      run.g1Add(into, into, chosen);
    }
    machine.wipe(table, parts + 2 * PART_BYTES - table);
    machine.wipeTraces();
  };
}

export function multiplyInG2(machine: Machine): Multiply {
  const { run } = machine, POINT = 6 * NUMBER_BYTES;
  const table = machine.reserve(TABLE_SIZE * POINT), chosen = machine.reserve(POINT);
  const scalarAt = machine.reserve(SCALAR_BITS / 8);
  return (into, point, scalar) => {
    fillTable(run.g2Add, run.g2Double, run.copy42, { machine, table, point, pointBytes: POINT });
    machine.bytes.set(scalar, scalarAt);
    const { bytes } = machine;
    writeInfinity(machine, into, POINT, 2 * NUMBER_BYTES);
    for (let window = SCALAR_BITS / WINDOW - 1; window >= 0; window--) {
      run.g2DoubleTimes(into, into, WINDOW);
      run.g2Select(chosen, table, digit(bytes, scalarAt, window), 0);
      run.g2Add(into, into, chosen);
    }
    machine.wipe(table, scalarAt + SCALAR_BITS / 8 - table);
    machine.wipeTraces();
  };
}

/** (0 : 1 : 0) */
export function writeInfinity(machine: Machine, into: Address, pointBytes: number, coordinateBytes: number): void {
  machine.wipe(into, pointBytes);
  machine.run.copy7(into + coordinateBytes, machine.constants.one);
}

/** 0·P to 15·P. */
function fillTable(
  add: (into: Address, a: Address, b: Address) => void,
  double: (into: Address, a: Address) => void,
  copy: (into: Address, a: Address) => void,
  { machine, table, point, pointBytes }: { machine: Machine; table: Address; point: Address; pointBytes: number },
): void {
  const entry = (index: number): Address => table + index * pointBytes;
  writeInfinity(machine, entry(0), pointBytes, pointBytes / 3);
  copy(entry(1), point);
  for (let i = 2; i < TABLE_SIZE; i++) {
    if (i % 2 === 0) double(entry(i), entry(i / 2));
    else add(entry(i), entry(i - 1), entry(1));
  }
}
