/** Scalars of secp256k1: 32 bytes big-endian, modulo the group's order. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import type { Bytes } from "../../bytes.ts";

const field = secp256k1.Point.Fn;

export function isBelowOrder(bytes: Uint8Array): boolean {
  return bytes.length === 32 && bytesToNumberBE(bytes) < field.ORDER;
}

export function isZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}

/** a + b mod order; both below the order. */
export function addScalars(a: Uint8Array, b: Uint8Array): Bytes {
  return numberToBytesBE(field.add(bytesToNumberBE(a), bytesToNumberBE(b)), 32) as Bytes;
}

/** a · b mod order; both below the order. */
export function multiplyScalars(a: Uint8Array, b: Uint8Array): Bytes {
  return numberToBytesBE(field.mul(bytesToNumberBE(a), bytesToNumberBE(b)), 32) as Bytes;
}
