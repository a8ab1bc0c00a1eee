/**
 * Points and scalars of BLS12-381 as the rest of the program holds them: their one canonical encoding, branded. They can be compared
 * and stored as bytes, and sent to another thread. Only `Bls` makes them, from bytes it has checked.
 */
import type { Bytes } from "../../bytes.ts";

declare const brand: unique symbol;

/** 48 bytes compressed (zcash format): a point of G1, infinity (`c0 00…`) included. */
export type G1 = Bytes & { readonly [brand]: "G1" };
/** 96 bytes compressed: a point of G2, infinity included. */
export type G2 = Bytes & { readonly [brand]: "G2" };
/** 32 bytes little-endian, below the group order r. Often secret. */
export type Scalar = Bytes & { readonly __is: "Scalar" };

export const G1_BYTES = 48;
export const G2_BYTES = 96;
export const SCALAR_BYTES = 32;
