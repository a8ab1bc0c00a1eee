/** BLS12-381 by @noble/curves: the reference that the fast backend is compared with. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { pippenger } from "@noble/curves/abstract/curve.js";
import { bytesToNumberBE } from "@noble/curves/utils.js";
import type { Bytes } from "../../bytes.ts";
import { equalBytes } from "../../bytes.ts";
import { orNull, requireLength } from "../error.ts";
import type { BlsBackend, CurvePoint, RawG1, RawG2, RawGroup } from "./backend.ts";
import { badPoint } from "./bad_point.ts";
import { fromLittleEndian } from "./scalar.ts";
import { CLEARING_FACTOR, wideBlock } from "./random_point.ts";

const { Fp, Fp12 } = bls12_381.fields;
const G1Point = bls12_381.G1.Point;
const G2Point = bls12_381.G2.Point;
type G1Point = InstanceType<typeof G1Point>;
type G2Point = InstanceType<typeof G2Point>;
type AnyPoint = G1Point | G2Point;

/** Both groups alike; noble's points are told apart by the constructor that made them. */
function group<P>(
  // deno-lint-ignore no-explicit-any -- G1 and G2 points share their methods, but no type that could be named
  constructor: any,
  size: number,
): RawGroup<P> {
  const own = (point: P): G1Point => point as unknown as G1Point;
  const raw = (point: AnyPoint): P => point as unknown as P;
  const decode = (bytes: Uint8Array): P => {
    requireLength(bytes, size, "point");
    let point: AnyPoint;
    try {
      point = constructor.fromBytes(bytes);
    } catch (cause) {
      throw badPoint(size, { cause });
    }
    // noble's 1.x line took several encodings of one point: whatever the version, only the canonical one passes
    if (!equalBytes(point.toBytes(true), bytes)) throw badPoint(size);
    if (!point.is0() && !point.isTorsionFree()) throw badPoint(size);
    return raw(point);
  };
  return {
    size,
    generator: raw(constructor.BASE),
    infinity: raw(constructor.ZERO),
    decode,
    decodeMany: (list) => list.map((bytes) => orNull(() => decode(bytes))),
    // a computed infinity may have other coordinates than noble's ZERO, which alone it encodes
    encode: (point) => (own(point).is0() ? constructor.ZERO : own(point)).toBytes(true) as Bytes,
    packedSize: size,
    pack: (to, point) => to.set((own(point).is0() ? constructor.ZERO : own(point)).toBytes(true)),
    unpack: decode,
    isInfinity: (point) => own(point).is0(),
    add: (a, b) => raw(own(a).add(own(b))),
    negate: (point) => raw(own(point).negate()),
    multiply: (point, scalar) => {
      const factor = fromLittleEndian(scalar);
      // noble's multiply refuses the scalar 0
      return raw(factor === 0n || own(point).is0() ? constructor.ZERO : own(point).multiply(factor));
    },
    sumOfProducts: (points, scalars) =>
      points.length === 0
        ? raw(constructor.ZERO)
        : raw(pippenger(constructor, points.map(own) as never[], scalars.map(fromLittleEndian)) as never),
  };
}

const g1 = group<RawG1>(G1Point, 48);
const g2 = group<RawG2>(G2Point, 96);

export const nobleBls: BlsBackend = {
  name: "noble",
  g1,
  g2,
  pairingProductIsOne: (pairs) => {
    // noble refuses infinity, which the reference takes as a factor 1
    const finite = pairs.filter(([p, q]) => !g1.isInfinity(p) && !g2.isInfinity(q));
    const product = bls12_381.pairingBatch(
      finite.map(([p, q]) => ({ g1: p as unknown as G1Point, g2: q as unknown as G2Point })),
    );
    return Fp12.eql(product, Fp12.ONE);
  },
  curvePoint: (block, flip) => {
    const x = Fp.create(bytesToNumberBE(wideBlock(block)));
    const square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n);
    const root = Fp.pow(square, (Fp.ORDER + 1n) / 4n);
    if (!Fp.eql(Fp.sqr(root), square)) return null;
    return G1Point.fromAffine({ x, y: flip ? Fp.neg(root) : root }) as unknown as CurvePoint;
  },
  sumOfCurvePoints: (points, scalars) =>
    g1.sumOfProducts(points as unknown as RawG1[], scalars) as unknown as CurvePoint,
  clearCofactor: (point) => (point as unknown as G1Point).multiplyUnsafe(CLEARING_FACTOR) as unknown as RawG1,
};
