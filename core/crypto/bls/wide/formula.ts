/** Formulas over BLS12-381's field and its quadratic extension: see `limbs.ts` for the bounds. */
import type { Body } from "../../wasm/assembly.ts";
import type { FieldShape } from "../../wasm/formula.ts";
import { Formula as AnyFormula } from "../../wasm/formula.ts";
import {
  BOUND_MAX,
  EASY_BOUND,
  LIMBS,
  PAIR_PRODUCT_MAX,
  PRODUCT_BOUND,
  PRODUCT_MAX,
  REDUCE_MAX,
  REDUCED_BOUND,
} from "./limbs.ts";

export type { Degree, Value } from "../../wasm/formula.ts";

export const SHAPE: FieldShape = {
  limbs: LIMBS,
  boundMax: BOUND_MAX,
  productMax: PRODUCT_MAX,
  pairProductMax: PAIR_PRODUCT_MAX,
  productBound: PRODUCT_BOUND,
  reducedBound: REDUCED_BOUND,
  reduceMax: REDUCE_MAX,
  easyBound: EASY_BOUND,
};

export class Formula extends AnyFormula {
  constructor(body: Body) {
    super(body, SHAPE);
  }
}
