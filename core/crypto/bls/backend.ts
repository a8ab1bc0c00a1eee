/**
 * What a library must do to carry `Bls`: group arithmetic on points in its own form. Two implement it: `noble.ts`, the
 * reference, and `mcl.ts`, the fast one. Points get into a backend only by `decode`, which checks everything, by
 * arithmetic on such points, or from another thread of this program, where that was done (`unpack`).
 */
import type { Bytes } from "../../bytes.ts";
import type { Scalar } from "./types.ts";

declare const raw: unique symbol;

/** A backend's own form of a point in G1; of G2; of a point on G1's curve that may lie outside the group. */
export type RawG1 = { readonly [raw]: "G1" };
export type RawG2 = { readonly [raw]: "G2" };
export type CurvePoint = { readonly [raw]: "curve" };

export interface RawGroup<P> {
  /** Length of the compressed encoding. */
  readonly size: number;
  readonly generator: P;
  readonly infinity: P;
  /**
   * Strict: canonical, on the curve, in the group of order r; infinity only as `c0 00…`.
   * @throws {CryptoError} `bad_length` · `bad_point`
   */
  decode(bytes: Uint8Array): P;
  /** The same for many, with null for each that `decode` refuses. */
  decodeMany(list: readonly Uint8Array[]): (P | null)[];
  encode(point: P): Bytes;
  /** Length of a packed point. */
  readonly packedSize: number;
  /** Writes its own form for the same backend on another thread of this program. */
  pack(to: Uint8Array, point: P): void;
  /** What `pack` wrote. Nothing is checked. */
  unpack(bytes: Uint8Array): P;
  isInfinity(point: P): boolean;
  add(a: P, b: P): P;
  negate(point: P): P;
  /** As close to constant time as the library gets: scalars here are often secret. */
  multiply(point: P, scalar: Scalar): P;
  /** Σ scalar·point, not in constant time: for public numbers. Infinity for none. */
  sumOfProducts(points: readonly P[], scalars: readonly Scalar[]): P;
}

export interface BlsBackend {
  readonly name: "noble" | "mcl" | "wide";
  readonly g1: RawGroup<RawG1>;
  readonly g2: RawGroup<RawG2>;
  /** Whether Π e(P, Q) = 1. Infinity on either side is a factor 1. */
  pairingProductIsOne(pairs: readonly (readonly [RawG1, RawG2])[]): boolean;
  /**
   * The point of G1's curve with x = BE(block[0..48]) + 2^384·BE(block[48..96]) mod p, and y the root (x³+4)^((p+1)/4),
   * negated when `flip`. Null when x³+4 has no root. docs/protocol/04-mint.md §1.1.
   */
  curvePoint(block: Uint8Array, flip: boolean): CurvePoint | null;
  /** Σ scalar·point like `sumOfProducts`, outside the group: exact multiplication only after `clearCofactor`. */
  sumOfCurvePoints(points: readonly CurvePoint[], scalars: readonly Scalar[]): CurvePoint;
  /** [0xd201000000010001]·P, which lies in G1. */
  clearCofactor(point: CurvePoint): RawG1;
}
