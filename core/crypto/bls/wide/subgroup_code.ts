/**
 * Doubling and adding for the test whether a point of G1's curve lies in G1 (`points.ts`), in Jacobian coordinates with
 * x = X/Z² and y = Y/Z³: fewer products than the complete formulas take. dbl-2009-l and madd-2007-bl of
 * https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-0.html.
 *
 * Doubling is right for every point (there is none of order two). Adding a point to itself, to its opposite or to
 * infinity gives Z = 0, and Z stays zero from then on: the test refuses such a result.
 */
import type { Assembly } from "../../wasm/assembly.ts";
import type { Value } from "./formula.ts";
import { Formula } from "./formula.ts";
import { LIMBS } from "./limbs.ts";

const X_BOUND = 20, Y_BOUND = 14, Z_BOUND = 3;

function jacobian(f: Formula, parameter: number): [Value, Value, Value] {
  return [f.input(parameter, 0, 1, X_BOUND), f.input(parameter, 1, 1, Y_BOUND), f.input(parameter, 2, 1, Z_BOUND)];
}

function write(f: Formula, x: Value, y: Value, z: Value): void {
  const [outX, outY, outZ] = jacobian(f, 0);
  f.write(outX.ref, X_BOUND, [x]);
  f.write(outY.ref, Y_BOUND, [y]);
  f.write(outZ.ref, Z_BOUND, [z]);
}

export function defineSubgroup(assembly: Assembly): void {
  assembly.define("jacobianDouble", 2, (body) => {
    const f = new Formula(body);
    const [x, y, z] = jacobian(f, 1);
    const a = f.sqr(x), b = f.sqr(y), c = f.sqr(b);
    const d = f.times(2, f.sub(f.sqr(f.add(x, b)), f.add(a, c))), e = f.times(3, a);
    const outX = f.sub(f.sqr(e), f.times(2, d));
    write(f, outX, f.sub(f.mul(e, f.sub(d, outX)), f.times(8, c)), f.times(2, f.mul(y, z)));
  });
  assembly.define("jacobianDoubleTimes", 3, (body) => {
    body.call(`copy${3 * LIMBS}`, body.parameter(0), body.parameter(1));
    body.repeat(2, () => body.call("jacobianDouble", body.parameter(0), body.parameter(0)));
  });
  // the second point is affine: its Z isn't read
  assembly.define("jacobianAddAffine", 3, (body) => {
    const f = new Formula(body);
    const [x1, y1, z1] = jacobian(f, 1), x2 = f.input(2, 0, 1, Z_BOUND), y2 = f.input(2, 1, 1, Z_BOUND);
    const zz = f.sqr(z1), h = f.sub(f.mul(x2, zz), x1), hh = f.sqr(h), i = f.times(4, hh), j = f.mul(h, i);
    const r = f.times(2, f.sub(f.mul(y2, f.mul(z1, zz)), y1)), v = f.mul(x1, i);
    const x = f.sub(f.sqr(f.reduce(r)), f.add(j, f.times(2, v)));
    write(f, x, f.sub(f.mul(r, f.sub(v, x)), f.times(2, f.mul(y1, j))), f.times(2, f.mul(z1, h)));
  });
}
