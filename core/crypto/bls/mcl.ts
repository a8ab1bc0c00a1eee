/**
 * BLS12-381 by mcl (WebAssembly), several times as fast as noble. A point is the 36 or 72 words of mcl's Jacobian
 * coordinates, kept on our side and copied in for each call (a tenth of a microsecond), so that nothing has to be
 * freed.
 *
 * What mcl decodes is not trusted: flags and infinity are read here, the group is checked, and the point must encode to
 * the same bytes.
 */
import { equalBytes, fromHex } from "../../bytes.ts";
import { assert } from "../../assert.ts";
import { orNull, requireLength } from "../error.ts";
import type { BlsBackend, CurvePoint, RawG1, RawG2, RawGroup } from "./backend.ts";
import { badPoint } from "./bad_point.ts";
import { GENERATORS } from "./generators.ts";
import type { Address, MclModule } from "./mcl_memory.ts";
import { FP_BYTES, FR_BYTES, GT_BYTES, instantiateMcl, MclMemory } from "./mcl_memory.ts";
import { areInG1 } from "./mcl_subgroup.ts";
import { BLOCK_BYTES, CLEARING_FACTOR } from "./random_point.ts";
import type { Scalar } from "./types.ts";

/**
 * Points of one multi-scalar multiplication: mcl keeps its tables on a stack of 1 MiB. Longer lists are summed in
 * parts.
 */
const SUM_POINTS_MAX = 512;

const INFINITY_FLAG = 0x40;

/** Each call makes an instance with its own memory. */
export async function loadMcl(): Promise<BlsBackend> {
  const module = await instantiateMcl();
  const memory = new MclMemory(module);
  const g1 = group<RawG1>(module, memory, "G1");
  const g2 = group<RawG2>(module, memory, "G2");
  return {
    name: "mcl",
    g1,
    g2,
    pairingProductIsOne: pairingProduct(module, memory, g1, g2),
    ...curvePoints(module, memory, g1),
  };
}

function words(point: unknown): Uint32Array {
  return point as Uint32Array;
}

function group<P>(module: MclModule, memory: MclMemory, name: "G1" | "G2"): RawGroup<P> {
  const size = name === "G1" ? 48 : 96;
  const pointBytes = 3 * size;
  const [a, b, out] = [memory.reserve(pointBytes), memory.reserve(pointBytes), memory.reserve(pointBytes)];
  const scalarAt = memory.reserve(FR_BYTES), bytesAt = memory.reserve(size);
  const call = (what: "add" | "neg" | "mulCT" | "mulVec" | "clear" | "deserialize" | "serialize" | "isValidOrder") =>
    module[`_mclBn${name}_${what}`];
  const read = (address: Address): P => memory.readWords(address, pointBytes) as unknown as P;
  const [add, neg, mulCT, mulVec] = [call("add"), call("neg"), call("mulCT"), call("mulVec")];
  const [deserialize, serialize, isValidOrder] = [call("deserialize"), call("serialize"), call("isValidOrder")];
  const isZero = module[`_mclBn${name}_isZero`];

  call("clear")(out);
  const infinity = read(out);
  const infinityEncoding = new Uint8Array(size);
  infinityEncoding[0] = 0xc0;

  /** Everything but the check of the group. */
  const parse = (bytes: Uint8Array): P => {
    requireLength(bytes, size, "point");
    if ((bytes[0]! & INFINITY_FLAG) !== 0) {
      if (!equalBytes(bytes, infinityEncoding)) throw badPoint(size);
      return infinity;
    }
    memory.writeBytes(bytesAt, bytes);
    if (deserialize(out, bytesAt, size) !== size) throw badPoint(size);
    const point = read(out);
    if (!equalBytes(group.encode(point), bytes)) throw badPoint(size);
    return point;
  };
  const isInGroup = (point: P): boolean => {
    memory.writeWords(a, words(point));
    return isValidOrder(a) === 1;
  };

  const group: RawGroup<P> = {
    size,
    generator: infinity, // replaced below: it is decoded like any other point
    infinity,
    decode: (bytes) => {
      const point = parse(bytes);
      if (point !== infinity && !isInGroup(point)) throw badPoint(size);
      return point;
    },
    decodeMany: (list) => {
      const points = list.map((bytes) => orNull(() => parse(bytes)));
      const finite = points.filter((point) => point !== null && point !== infinity);
      const inGroup = name === "G1"
        ? areInG1(module, memory, finite.map(words), (point) => isInGroup(point as unknown as P))
        : finite.map((point) => isInGroup(point!));
      const outside = new Set(finite.filter((_, i) => !inGroup[i]));
      return points.map((point) => outside.has(point) ? null : point);
    },
    encode: (point) => {
      memory.writeWords(a, words(point));
      const written = serialize(bytesAt, size, a);
      assert(written === size, "mcl serializes every point it computed");
      return memory.readBytes(bytesAt, size);
    },
    packedSize: pointBytes,
    pack: (to, point) => to.set(new Uint8Array(words(point).buffer)),
    unpack: (bytes) => new Uint32Array(bytes.slice().buffer) as unknown as P,
    isInfinity: (point) => {
      memory.writeWords(a, words(point));
      return isZero(a) === 1;
    },
    add: (left, right) => {
      memory.writeWords(a, words(left));
      memory.writeWords(b, words(right));
      add(out, a, b);
      return read(out);
    },
    negate: (point) => {
      memory.writeWords(a, words(point));
      neg(out, a);
      return read(out);
    },
    multiply: (point, scalar) => {
      memory.writeWords(a, words(point));
      writeScalar(module, memory, scalarAt, bytesAt, scalar);
      mulCT(out, a, scalarAt);
      return read(out);
    },
    sumOfProducts: (points, scalars) => {
      assert(points.length === scalars.length, "each point has its scalar");
      let sum = infinity;
      for (let from = 0; from < points.length; from += SUM_POINTS_MAX) {
        const count = Math.min(SUM_POINTS_MAX, points.length - from);
        const list = memory.list(count * (pointBytes + FR_BYTES));
        const scalarList = list + count * pointBytes;
        for (let i = 0; i < count; i++) {
          memory.writeWords(list + i * pointBytes, words(points[from + i]));
          writeScalar(module, memory, scalarList + i * FR_BYTES, bytesAt, scalars[from + i]!);
        }
        mulVec(out, list, scalarList, count);
        sum = from === 0 ? read(out) : group.add(sum, read(out));
      }
      return sum;
    },
  };
  return { ...group, generator: group.decode(fromHex(GENERATORS[name])) };
}

/** Scalars are below the order already, so that "mod" changes nothing. */
function writeScalar(module: MclModule, memory: MclMemory, to: Address, scratch: Address, scalar: Scalar): void {
  memory.writeBytes(scratch, scalar);
  const failed = module._mclBnFr_setLittleEndianMod(to, scratch, scalar.length);
  assert(failed === 0, "mcl takes every scalar below the order");
}

function pairingProduct(
  module: MclModule,
  memory: MclMemory,
  g1: RawGroup<RawG1>,
  g2: RawGroup<RawG2>,
): BlsBackend["pairingProductIsOne"] {
  const gt = memory.reserve(GT_BYTES);
  return (pairs) => {
    const finite = pairs.filter(([p, q]) => !g1.isInfinity(p) && !g2.isInfinity(q));
    if (finite.length === 0) return true;
    const bytes1 = 3 * g1.size, bytes2 = 3 * g2.size;
    const list1 = memory.list(finite.length * (bytes1 + bytes2));
    const list2 = list1 + finite.length * bytes1;
    finite.forEach(([p, q], i) => {
      memory.writeWords(list1 + i * bytes1, words(p));
      memory.writeWords(list2 + i * bytes2, words(q));
    });
    module._mclBn_millerLoopVec(gt, list1, list2, finite.length);
    module._mclBn_finalExp(gt, gt);
    return module._mclBnGT_isOne(gt) === 1;
  };
}

function curvePoints(
  module: MclModule,
  memory: MclMemory,
  g1: RawGroup<RawG1>,
): Pick<BlsBackend, "curvePoint" | "sumOfCurvePoints" | "clearCofactor"> {
  const pointBytes = 3 * FP_BYTES;
  const out = memory.reserve(pointBytes), base = memory.reserve(pointBytes);
  const [x, y, z] = [out, out + FP_BYTES, out + 2 * FP_BYTES];
  const square = memory.reserve(FP_BYTES), high = memory.reserve(FP_BYTES), blockAt = memory.reserve(BLOCK_BYTES);
  const four = memory.reserve(FP_BYTES), shift = memory.reserve(FP_BYTES);
  const reduce = (to: Address, from: Address) => {
    const failed = module._mclBnFp_setBigEndianMod(to, from, FP_BYTES);
    assert(failed === 0, "mcl reduces any number of the field's size");
  };
  module._mclBnFp_setInt32(four, 4);
  // 2^384 = 2^192 squared: 49 bytes, a byte more than one call takes
  memory.writeBytes(blockAt, Uint8Array.from({ length: FP_BYTES }, (_, i) => i === FP_BYTES - 25 ? 1 : 0));
  reduce(shift, blockAt);
  module._mclBnFp_sqr(shift, shift);
  const bits = CLEARING_FACTOR.toString(2);
  const read = <P>(): P => memory.readWords(out, pointBytes) as unknown as P;
  return {
    curvePoint: (block, flip) => {
      requireLength(block, BLOCK_BYTES, "block");
      memory.writeBytes(blockAt, block);
      reduce(x, blockAt);
      reduce(high, blockAt + FP_BYTES);
      module._mclBnFp_mul(high, high, shift);
      module._mclBnFp_add(x, x, high);
      module._mclBnFp_sqr(square, x);
      module._mclBnFp_mul(square, square, x);
      module._mclBnFp_add(square, square, four);
      if (module._mclBnFp_squareRoot(y, square) < 0) return null;
      if (flip) module._mclBnFp_neg(y, y);
      module._mclBnFp_setInt32(z, 1);
      return read<CurvePoint>();
    },
    // mcl splits a scalar k into a + b·λ and computes a·P + b·φ(P) with the endomorphism φ. Outside the group that is
    // not k·P, but it is linear, and φ commutes with clearing the cofactor: after it, the sum is what it should be.
    sumOfCurvePoints: (points, scalars) =>
      g1.sumOfProducts(points as unknown as RawG1[], scalars) as unknown as CurvePoint,
    // Doubling and adding by hand: mcl's own multiplication would split the factor, which is wrong outside the group.
    clearCofactor: (point) => {
      memory.writeWords(base, words(point));
      memory.writeWords(out, words(point));
      for (let i = 1; i < bits.length; i++) {
        module._mclBnG1_dbl(out, out);
        if (bits[i] === "1") module._mclBnG1_add(out, out, base);
      }
      return read<RawG1>();
    },
  };
}
