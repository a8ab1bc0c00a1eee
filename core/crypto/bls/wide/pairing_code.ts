/**
 * Miller's loop, in two parts: lines through multiples of a point of G2, which depend on that point alone, and an
 * element of twelfth degree that is multiplied by each line at a point of G1. Formulas of Costello, Lange and Naehrig
 * (ePrint 2009/615) as Aranha et al. have them (ePrint 2010/526), all coordinates times four instead of halves.
 *
 * A line is three pairs (a, b, c): its value at (x, y) is a + b·x·v + c·y·v·w. At (X : Y : Z) it is multiplied by Z,
 * which the final exponentiation takes away, as it does with each number of the field.
 */
import type { Assembly } from "../../wasm/assembly.ts";
import { POINT_BOUND } from "../../wasm/curve_code.ts";
import type { Value } from "./formula.ts";
import { Formula } from "./formula.ts";
import type { Three } from "./tower_code.ts";
import { addThree, byV, PAIR_BYTES, subThree, twelve, writeTwelve } from "./tower_code.ts";

export const LINE_BYTES = 3 * PAIR_BYTES;
const LINE_BOUND = 14;

export function definePairing(assembly: Assembly): void {
  // line, point of G2 (projective): the tangent, and the point is doubled
  assembly.define("tangent", 2, (body) => {
    const f = new Formula(body), [x, y, z] = pointOfG2(f, 1);
    const yy = f.sqr(y), yz = f.mul(y, z);
    const b = f.times(12, f.reduce(f.byNonResidue(f.sqr(z)))), threeB = f.times(3, b);
    f.write(body.parameter(0), LINE_BOUND, [f.sub(b, yy), f.times(3, f.sqr(x)), f.neg(f.times(2, yz))]);
    const outX = f.times(2, f.mul(f.sub(yy, threeB), f.mul(x, y)));
    const outY = f.sub(f.sqr(f.reduce(f.add(yy, threeB))), f.times(12, f.sqr(b)));
    f.write(body.parameter(1), POINT_BOUND, [outX, f.reduce(outY), f.mul(f.times(8, yy), yz)]);
  });
  // line, point, affine point of G2: the line through both, and the second is added to the first
  assembly.define("chord", 3, (body) => {
    const f = new Formula(body), [x, y, z] = pointOfG2(f, 1), [qx, qy] = pointOfG2(f, 2);
    const dy = f.sub(y, f.mul(qy, z)), dx = f.sub(x, f.mul(qx, z));
    f.write(body.parameter(0), LINE_BOUND, [f.sub(f.mul(dy, qx), f.mul(dx, qy)), f.neg(dy), dx]);
    const dx2 = f.sqr(dx), dx3 = f.mul(dx2, dx), t = f.mul(dx2, x);
    const s = f.add(f.sub(dx3, f.times(2, t)), f.mul(f.sqr(dy), z));
    f.write(body.parameter(1), POINT_BOUND, [
      f.mul(dx, s),
      f.sub(f.mul(f.sub(t, s), dy), f.mul(dx3, y)),
      f.mul(z, dx3),
    ]);
  });
  // out, element of twelfth degree, line, point of G1
  assembly.define("mulLine", 4, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    const [a, b, c] = [0, 1, 2].map((i) => f.input(2, i, 2, LINE_BOUND)) as [Value, Value, Value];
    const [x, y, z] = [0, 1, 2].map((i) => f.input(3, i, 1, POINT_BOUND)) as [Value, Value, Value];
    const l0 = f.scale(a, z), l1 = f.scale(b, x), l4 = f.scale(c, y);
    const t0 = byTwo(f, c0, l0, l1);
    const t1: Three = [f.byNonResidue(f.mul(c1[2], l4)), f.mul(c1[0], l4), f.mul(c1[1], l4)];
    const mixed = byTwo(f, addThree(f, c0, c1), l0, f.add(l1, l4));
    writeTwelve(f, { c0: addThree(f, t0, byV(f, t1)), c1: subThree(f, mixed, addThree(f, t0, t1)) });
  });
}

function pointOfG2(f: Formula, parameter: number): [Value, Value, Value] {
  return [0, 1, 2].map((i) => f.input(parameter, i, 2, POINT_BOUND)) as [Value, Value, Value];
}

/** (a0, a1, a2) times (b0, b1, 0). */
function byTwo(f: Formula, [a0, a1, a2]: Three, b0: Value, b1: Value): Three {
  const t0 = f.mul(a0, b0), t1 = f.mul(a1, b1);
  return [
    f.add(t0, f.byNonResidue(f.mul(a2, b1))),
    f.sub(f.mul(f.add(a0, a1), f.add(b0, b1)), f.add(t0, t1)),
    f.add(t1, f.mul(a2, b0)),
  ];
}
