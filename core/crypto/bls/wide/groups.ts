/** What the two groups' curves are for the module: b is 4 in the field and 4·(1 + u) in its extension. */
import type { Curve } from "../../wasm/curve_code.ts";
import type { Formula, Value } from "../../wasm/formula.ts";
import { SHAPE } from "./formula.ts";
import { EASY_BOUND } from "./limbs.ts";

const byTwelve = (f: Formula, value: Value): Value =>
  f.times(12, 12 * value.bound <= EASY_BOUND ? value : f.reduce(value));

export const G1: Curve = { group: "g1", degree: 1, shape: SHAPE, byThreeB: byTwelve };
export const G2: Curve = {
  group: "g2",
  degree: 2,
  shape: SHAPE,
  byThreeB: (f, value) => byTwelve(f, f.byNonResidue(value)),
};
