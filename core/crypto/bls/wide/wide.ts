/**
 * BLS12-381 by a WebAssembly module that is assembled here (`program.ts`), two to four times as fast as mcl: it takes
 * V8's wide arithmetic (64 × 64 bits to 128), which a flag switches on. A point is the 21 or 42 words of its projective
 * coordinates, kept on our side and copied in for each call, so that nothing has to be freed.
 */
import { assert } from "../../../assert.ts";
import type { Bytes } from "../../../bytes.ts";
import { equalBytes, fromHex } from "../../../bytes.ts";
import { orNull, requireLength } from "../../error.ts";
import type { BlsBackend, CurvePoint, RawG1, RawG2, RawGroup } from "../backend.ts";
import { badPoint } from "../bad_point.ts";
import { GENERATORS } from "../generators.ts";
import { BLOCK_BYTES, CLEARING_FACTOR } from "../random_point.ts";
import { Field } from "./field.ts";
import { NUMBER_BYTES } from "./limbs.ts";
import type { Words } from "./machine.ts";
import { Machine } from "./machine.ts";
import { Pairings } from "./miller.ts";
import type { Multiply } from "./multiply.ts";
import { multiplyInG1, multiplyInG2, writeInfinity } from "./multiply.ts";
import type { Encoding } from "./points.ts";
import { encodingOfG1, encodingOfG2, followSteps, stepsOf } from "./points.ts";
import type { Summing } from "../../wasm/sum.ts";
import { addProducts, ODD_MULTIPLES } from "../../wasm/sum.ts";

const COMPRESSED = 0x80, INFINITE = 0x40, LARGE = 0x20, FLAGS = 0xe0;
/** Points of one sum whose multiples are in memory together: 1.3 KB each in G1. Longer lists are summed in parts. */
const SUM_POINTS_MAX = 512;
const CLEARING_STEPS = stepsOf(CLEARING_FACTOR);

/** @throws {WebAssembly.CompileError} where V8's wide arithmetic isn't switched on */
export function loadWide(): BlsBackend {
  const machine = new Machine(), field = new Field(machine);
  const { run } = machine;
  const g1 = group<RawG1>(machine, encodingOfG1(machine, field), multiplyInG1(machine), GENERATORS.G1, {
    add: run.g1Add,
    double: run.g1Double,
    pointBytes: 3 * NUMBER_BYTES,
    negate: (into, a) => {
      run.copy21(into, a);
      run.neg7(into + NUMBER_BYTES, a + NUMBER_BYTES);
    },
  });
  const g2 = group<RawG2>(machine, encodingOfG2(machine, field), multiplyInG2(machine), GENERATORS.G2, {
    add: run.g2Add,
    double: run.g2Double,
    pointBytes: 6 * NUMBER_BYTES,
    negate: (into, a) => {
      run.copy42(into, a);
      run.neg14(into + 2 * NUMBER_BYTES, a + 2 * NUMBER_BYTES);
    },
  });
  const pairings = new Pairings(machine);
  return {
    name: "wide",
    g1,
    g2,
    pairingProductIsOne: (pairs) => {
      const finite = pairs.filter(([p, q]) => !g1.isInfinity(p) && !g2.isInfinity(q));
      if (finite.length === 0) return true;
      return pairings.productIsOne(finite.map(([p, q]) => [words(p), words(q)] as const));
    },
    ...curvePoints(machine, field, g1),
  };
}

function words(point: unknown): Words {
  return point as Words;
}

function group<P>(
  machine: Machine,
  encoding: Encoding,
  multiply: Multiply,
  generator: string,
  summing: Summing,
): RawGroup<P> {
  const { size, pointBytes } = encoding;
  const [a, b, out] = [machine.reserve(pointBytes), machine.reserve(pointBytes), machine.reserve(pointBytes)];
  const coordinateBytes = pointBytes / 3;
  const read = (): P => machine.read(out, pointBytes) as unknown as P;
  writeInfinity(machine, out, pointBytes, coordinateBytes);
  const infinity = read();
  const infinityEncoding = new Uint8Array(size);
  infinityEncoding[0] = COMPRESSED | INFINITE;

  const decode = (bytes: Uint8Array): P => {
    requireLength(bytes, size, "point");
    const flags = bytes[0]! & FLAGS;
    if ((flags & INFINITE) !== 0) {
      if (!equalBytes(bytes, infinityEncoding)) throw badPoint(size);
      return infinity;
    }
    if ((flags & COMPRESSED) === 0) throw badPoint(size);
    const coordinates = Uint8Array.from(bytes);
    coordinates[0]! &= ~FLAGS;
    const holds = encoding.read(out, coordinates, (flags & LARGE) !== 0) && encoding.isInGroup(out);
    if (!holds) throw badPoint(size);
    return read();
  };

  const result: RawGroup<P> = {
    size,
    generator: decode(fromHex(generator)),
    infinity,
    decode,
    decodeMany: (list) => list.map((bytes) => orNull(() => decode(bytes))),
    encode: (point) => {
      machine.write(a, words(point));
      if (encoding.isInfinity(a)) return infinityEncoding.slice() as Bytes;
      const bytes = new Uint8Array(size) as Bytes;
      const isLarge = encoding.write(bytes, a);
      bytes[0]! |= COMPRESSED | (isLarge ? LARGE : 0);
      return bytes;
    },
    packedSize: pointBytes,
    pack: (to, point) => to.set(new Uint8Array(words(point).buffer)),
    unpack: (bytes) => new BigInt64Array(bytes.slice().buffer) as unknown as P,
    isInfinity: (point) => {
      machine.write(a, words(point));
      return encoding.isInfinity(a);
    },
    add: (left, right) => {
      machine.write(a, words(left));
      machine.write(b, words(right));
      summing.add(out, a, b);
      return read();
    },
    negate: (point) => {
      machine.write(a, words(point));
      summing.negate(out, a);
      return read();
    },
    multiply: (point, scalar) => {
      machine.write(a, words(point));
      multiply(out, a, scalar);
      return read();
    },
    sumOfProducts: (points, scalars) => {
      assert(points.length === scalars.length, "each point has its scalar");
      if (points.length === 0) return infinity;
      let sum = infinity;
      for (let from = 0; from < points.length; from += SUM_POINTS_MAX) {
        const count = Math.min(SUM_POINTS_MAX, points.length - from);
        const tables = machine.list(count * ODD_MULTIPLES * pointBytes + 2 * pointBytes);
        const spare = tables + count * ODD_MULTIPLES * pointBytes;
        for (let i = 0; i < count; i++) {
          machine.write(tables + i * ODD_MULTIPLES * pointBytes, words(points[from + i]));
        }
        writeInfinity(machine, out, pointBytes, coordinateBytes);
        addProducts(out, tables, scalars.slice(from, from + count), spare, summing);
        sum = from === 0 ? read() : result.add(sum, read());
      }
      return sum;
    },
  };
  return result;
}

function curvePoints(
  machine: Machine,
  field: Field,
  g1: RawGroup<RawG1>,
): Pick<BlsBackend, "curvePoint" | "sumOfCurvePoints" | "clearCofactor"> {
  const { run, constants } = machine, pointBytes = 3 * NUMBER_BYTES;
  const base = machine.reserve(pointBytes), opposite = machine.reserve(pointBytes), out = machine.reserve(pointBytes);
  const square = machine.reserve(NUMBER_BYTES);
  const [x, y, z] = [out, out + NUMBER_BYTES, out + 2 * NUMBER_BYTES];
  return {
    curvePoint: (block, flip) => {
      requireLength(block, BLOCK_BYTES, "block");
      field.readWide(x, block.subarray(0, 48), block.subarray(48));
      run.sqr(square, x);
      run.mul(square, square, x);
      run.add7(square, square, constants.four);
      if (!field.root(y, square)) return null;
      if (flip) run.neg7(y, y);
      run.copy7(z, constants.one);
      return machine.read(out, pointBytes) as unknown as CurvePoint;
    },
    // nothing in a sum depends on the group: it is exact outside it, too
    sumOfCurvePoints: (points, scalars) =>
      g1.sumOfProducts(points as unknown as RawG1[], scalars) as unknown as CurvePoint,
    clearCofactor: (point) => {
      machine.write(base, words(point));
      run.copy21(opposite, base);
      run.neg7(opposite + NUMBER_BYTES, base + NUMBER_BYTES);
      run.copy21(out, base);
      followSteps(CLEARING_STEPS, out, { doubleTimes: run.g1DoubleTimes, add: run.g1Add, base, opposite });
      return machine.read(out, pointBytes) as unknown as RawG1;
    },
  };
}
