/** The module for secp256k1, put together when it is first needed: nothing of it is stored. */
import { Assembly } from "../../wasm/assembly.ts";
import type { Curve } from "../../wasm/curve_code.ts";
import { defineCurve } from "../../wasm/curve_code.ts";
import type { FieldShape } from "../../wasm/formula.ts";
import type { Address } from "../../wasm/memory.ts";
import { Memory } from "../../wasm/memory.ts";
import { defineField } from "./field_code.ts";
import { WIDE } from "./form.ts";
import { defineLift } from "./lift_code.ts";
import { definePowers } from "./power_code.ts";
import { BOUND_MAX, LIMBS, NUMBER_BYTES, PRODUCT_MAX, toLimbs } from "./limbs.ts";

/** Nothing needs to be reduced between products: `reduce` isn't there. */
const SHAPE: FieldShape = {
  limbs: LIMBS,
  boundMax: BOUND_MAX,
  productMax: PRODUCT_MAX,
  pairProductMax: 0,
  productBound: 1,
  reducedBound: 1,
  reduceMax: 0,
  easyBound: BOUND_MAX,
};

/** y² = x³ + 7 */
const CURVE: Curve = { group: "point", degree: 1, shape: SHAPE, byThreeB: (f, value) => f.times(21, value) };
export const POINT_BYTES = 3 * NUMBER_BYTES;

type Unary = (into: Address, a: Address) => void;
type Binary = (into: Address, a: Address, b: Address) => void;

/** What the module exports, as far as it is called from here; numbers are how many limbs go side by side. */
export type Functions =
  & { readonly memory: WebAssembly.Memory }
  & { readonly [name in "mul" | "add5" | "sub5" | "pointAdd" | "pointAddAffine"]: Binary }
  & {
    readonly [name in "sqr" | "neg5" | "copy5" | "copy15" | "normal" | "power" | "inverse" | "pointDouble"]: Unary;
  }
  & {
    readonly lift: (into: Address, x: Address) => number;
    readonly isZero: (a: Address) => number;
    readonly mulMul: (into: Address, a: Address, b: Address, c: Address, d: Address) => void;
    readonly sqrTimes: (into: Address, a: Address, count: number) => void;
  };

export class Machine extends Memory<Functions> {
  /** In memory. */
  readonly one: Address;

  constructor() {
    const assembly = new Assembly(), one = assembly.constant(toLimbs(1n));
    defineField(assembly, WIDE);
    defineCurve(assembly, CURVE);
    definePowers(assembly, WIDE);
    defineLift(assembly);
    super(assembly);
    this.one = one.offset;
  }

  writeNumber(address: Address, value: bigint): void {
    for (const [i, limb] of toLimbs(value).entries()) this.words[address / 8 + i] = limb;
  }

  /** (0 : 1 : 0) */
  writeInfinity(into: Address): void {
    this.wipe(into, POINT_BYTES);
    this.run.copy5(into + NUMBER_BYTES, this.one);
  }
}
