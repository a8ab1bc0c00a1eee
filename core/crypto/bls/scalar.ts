/**
 * Scalars of BLS12-381: numbers modulo the group order r, 32 bytes little-endian. Source: `bls12_381` crate `Scalar`.
 * Arithmetic is on BigInt and so not in constant time: it happens in the ceremony and when combining shares, never on a
 * secret that an outsider can have processed at will. Multiplying points by secrets is the backend's affair.
 */
import type { Bytes } from "../../bytes.ts";
import { CryptoError, requireLength } from "../error.ts";
import type { Scalar } from "./types.ts";
import { SCALAR_BYTES } from "./types.ts";

/** The group order r. */
export const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** Unsigned number of any length, least significant byte first. */
export function fromLittleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** Any integer modulo r. */
export function scalarFromBigInt(value: bigint): Scalar {
  let rest = ((value % ORDER) + ORDER) % ORDER;
  const bytes = new Uint8Array(SCALAR_BYTES);
  for (let i = 0; i < SCALAR_BYTES; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes as Bytes as Scalar;
}

/** @throws {CryptoError} `bad_length` · `bad_scalar` (not below r) */
export function decodeScalar(bytes: Uint8Array): Scalar {
  requireLength(bytes, SCALAR_BYTES, "scalar");
  if (fromLittleEndian(bytes) >= ORDER) {
    throw new CryptoError({ code: "bad_scalar", argument: "scalar" }, "Scalar is not below the group order");
  }
  return Uint8Array.from(bytes) as Bytes as Scalar;
}

/** 64 bytes, read as a little-endian number and reduced: uniform when they are. @throws {CryptoError} `bad_length` */
export function scalarFromWide(bytes: Uint8Array): Scalar {
  requireLength(bytes, 64, "wide scalar");
  return scalarFromBigInt(fromLittleEndian(bytes));
}

/** Sum modulo r; zero for none. */
export function addScalars(...scalars: readonly Scalar[]): Scalar {
  return scalarFromBigInt(scalars.reduce((sum, scalar) => sum + fromLittleEndian(scalar), 0n));
}

/** 1/scalar modulo r. @throws {CryptoError} `bad_scalar` for zero */
export function invertScalar(scalar: Scalar): Scalar {
  return scalarFromBigInt(invertModulo(fromLittleEndian(scalar)));
}

/** @throws {CryptoError} `bad_scalar` for a multiple of r */
function invertModulo(value: bigint): bigint {
  let [a, b] = [((value % ORDER) + ORDER) % ORDER, ORDER];
  let [u, v] = [1n, 0n];
  while (a !== 0n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  if (b !== 1n) throw new CryptoError({ code: "bad_scalar", argument: "scalar" }, "Zero has no inverse");
  return v;
}

/**
 * λ_i = Π_{j≠i} x_j / (x_j − x_i) with x = peer + 1: the factors that interpolate a polynomial at 0.
 * @param peers distinct peer ids, counted from 0
 * @returns one factor for each, in order; 1 for a single peer
 * @throws {CryptoError} `bad_scalar` for a peer given twice
 * Source: fedimint-tbs `lagrange_multipliers`.
 */
export function lagrangeFactors(peers: readonly number[]): Scalar[] {
  const xs = peers.map((peer) => BigInt(peer) + 1n);
  return xs.map((xi, i) => {
    let numerator = 1n, denominator = 1n;
    xs.forEach((xj, j) => {
      if (j === i) return;
      numerator = (numerator * xj) % ORDER;
      denominator = (denominator * (xj - xi)) % ORDER;
    });
    return scalarFromBigInt(numerator * invertModulo(denominator));
  });
}
