/**
 * The forms that numbers modulo secp256k1's prime have: by limbs for WebAssembly's wide arithmetic, and by shorter ones
 * whose products fit into 64 bits, for V8 without its flag. All code is written once, for both (`field_code.ts`).
 */
import type { Code } from "../../../wasm_code.ts";
import { ADD_128, MUL_WIDE_S, OP } from "../../wasm/assembly.ts";
import { splitLimbs } from "../../wasm/limbs.ts";
import { FOLD, LIMB_BITS, LIMBS, PRODUCT_MAX } from "./limbs.ts";

export type FieldForm = {
  readonly limbs: number;
  readonly limbBits: number;
  /** Bits of the highest limb of a reduced number. */
  readonly highBits: number;
  /** Bytes of a number in memory. */
  readonly numberBytes: number;
  /** 2^256 modulo p, by limbs. */
  readonly fold: readonly bigint[];
  /** Whether a column of a product takes two words of 64 bits; of two limbs the product, of two columns the sum. */
  readonly columnIsPair: boolean;
  readonly multiply: Code;
  readonly add: Code;
  /** Bounds of a product's factors, multiplied. */
  readonly productMax: number;
};

function formOf(
  limbs: number,
  limbBits: number,
  rest: Pick<FieldForm, "columnIsPair" | "multiply" | "add" | "productMax">,
): FieldForm {
  const fold = splitLimbs(FOLD, Math.ceil(33 / limbBits), limbBits);
  return { limbs, limbBits, highBits: 256 - (limbs - 1) * limbBits, numberBytes: 8 * limbs, fold, ...rest };
}

/** As `limbs.ts` has it. */
export const WIDE: FieldForm = formOf(LIMBS, LIMB_BITS, {
  columnIsPair: true,
  multiply: MUL_WIDE_S,
  add: ADD_128,
  productMax: PRODUCT_MAX,
});

/**
 * Ten limbs of 26 bits, signed and in words of 64 bits too. A bound b: each limb is below b·(2^26 + 2^20), the highest
 * below b·(2^22 + 2^20). With ab ≤ 2^7 a column of a product is below 10·ab·2^52·(1 + 2^−6)² < 2^62.4, and what is
 * folded into it below 2^41. What is left above 2^256 is below 2^40, so that after two limbs' carries the third one
 * gets less than 2^20: a product's bound is 1.
 */
export const NARROW: FieldForm = formOf(10, 26, {
  columnIsPair: false,
  multiply: [OP.MUL],
  add: [OP.ADD],
  productMax: 1 << 7,
});

/** Of a number from 0 to 2^260 − 1. */
export function limbsIn({ limbs, limbBits }: FieldForm, value: bigint): bigint[] {
  return splitLimbs(value, limbs, limbBits);
}
