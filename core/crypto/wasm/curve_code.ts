/**
 * Points of curves y² = x³ + b, in projective coordinates (X : Y : Z) with x = X/Z and y = Y/Z; infinity has Z = 0. The
 * formulas are complete (Renes, Costello, Batina: ePrint 2016/1060, algorithms 7, 8 and 9 for a = 0): right for every
 * pair of points of the curve, as none of our curves has a point of order two. So nothing depends on what the points
 * are.
 */
import type { Assembly, Body } from "./assembly.ts";
import { get, int, load, long, OP, set, store } from "./assembly.ts";
import type { Degree, FieldShape, Value } from "./formula.ts";
import { Formula } from "./formula.ts";

/** Of each coordinate that is kept. */
export const POINT_BOUND = 3;
/** Multiples of a point that multiplication by a secret chooses from. */
export const TABLE_SIZE = 16;

/** A curve over the field of a shape (degree 1) or over its quadratic extension (degree 2). */
export type Curve = {
  /** How the functions' names begin. */
  readonly group: string;
  readonly degree: Degree;
  readonly shape: FieldShape;
  /** Times 3·b. */
  readonly byThreeB: ByThreeB;
};
type ByThreeB = (f: Formula, value: Value) => Value;

export function defineCurve(assembly: Assembly, { group, degree, shape, byThreeB }: Curve): void {
  assembly.define(`${group}Add`, 3, (body) => {
    const f = new Formula(body, shape);
    const [x1, y1, z1] = point(f, 1, degree), [x2, y2, z2] = point(f, 2, degree);
    const xx = f.mul(x1, x2), yy = f.mul(y1, y2), zz = f.mul(z1, z2);
    const cross = (a1: Value, b1: Value, a2: Value, b2: Value, aa: Value, bb: Value): Value =>
      f.sub(f.mul(f.add(a1, b1), f.add(a2, b2)), f.add(aa, bb));
    const xy = cross(x1, y1, x2, y2, xx, yy), yz = cross(y1, z1, y2, z2, yy, zz), xz = cross(x1, z1, x2, z2, xx, zz);
    finish(f, byThreeB, { xx, yy, xy, yz, xz, zz });
  });
  // the second point has Z = 1, which isn't read: it is not infinity
  assembly.define(`${group}AddAffine`, 3, (body) => {
    const f = new Formula(body, shape);
    const [x1, y1, z1] = point(f, 1, degree), [x2, y2] = point(f, 2, degree);
    const xx = f.mul(x1, x2), yy = f.mul(y1, y2);
    const xy = f.sub(f.mul(f.add(x1, y1), f.add(x2, y2)), f.add(xx, yy));
    finish(f, byThreeB, { xx, yy, xy, yz: f.add(f.mul(y2, z1), y1), xz: f.add(f.mul(x2, z1), x1), zz: z1 });
  });
  assembly.define(`${group}Double`, 2, (body) => {
    const f = new Formula(body, shape);
    const [x, y, z] = point(f, 1, degree);
    const yy = f.sqr(y), yz = f.mul(y, z), b = byThreeB(f, f.sqr(z)), eight = f.times(8, yy);
    const rest = f.easy(f.sub(yy, f.times(3, b)));
    const outX = f.times(2, f.mul(rest, f.mul(x, y)));
    const outY = f.mulMul(b, eight, rest, f.add(yy, b));
    f.write(body.parameter(0), POINT_BOUND, [outX, outY, f.mul(yz, eight)]);
  });
  // doubled `times` times, at least once
  assembly.define(`${group}DoubleTimes`, 3, (body) => {
    body.call(`copy${3 * degree * shape.limbs}`, body.parameter(0), body.parameter(1));
    body.repeat(2, () => body.call(`${group}Double`, body.parameter(0), body.parameter(0)));
  });
}

function point(f: Formula, parameter: number, degree: Degree): [Value, Value, Value] {
  return [0, 1, 2].map((i) => f.input(parameter, i, degree, POINT_BOUND)) as [Value, Value, Value];
}

/** What algorithms 7 and 8 have in common: products of coordinates, and the sums of crossed ones. */
function finish(
  f: Formula,
  byThreeB: ByThreeB,
  { xx, yy, zz, xy, yz, xz }: { xx: Value; yy: Value; zz: Value; xy: Value; yz: Value; xz: Value },
): void {
  const three = f.times(3, xx), b = byThreeB(f, zz);
  const sum = f.add(yy, b), difference = f.sub(yy, b), crossed = byThreeB(f, xz);
  const x = f.mulMul(xy, difference, f.neg(yz), crossed);
  const y = f.mulMul(crossed, three, difference, sum);
  const z = f.mulMul(sum, yz, three, xy);
  f.write(f.body.parameter(0), POINT_BOUND, [x, y, z]);
}

/**
 * The entry of a table of 16 with the given index: all are read, and what isn't wanted is masked, so that neither
 * branches nor addresses depend on the index. The last parameter is a counter of its own.
 */
export function defineSelect(assembly: Assembly, { group, degree, shape }: Curve): void {
  const words = 3 * degree * shape.limbs;
  assembly.define(`${group}Select`, 4, (body: Body) => {
    const chosen = body.longs(words), [mask] = body.longs(1) as [number], TABLE = 1, INDEX = 2, LEFT = 3;
    for (const word of chosen) body.emit(long(0n), set(word));
    body.emit(int(TABLE_SIZE), set(LEFT));
    body.repeat(LEFT, () => {
      // all ones for the wanted entry: so many are left at it
      body.emit(long(0n), get(LEFT), get(INDEX), [OP.I32_ADD], int(TABLE_SIZE), [OP.I32_EQ, OP.EXTEND_U, OP.SUB]);
      body.emit(set(mask));
      chosen.forEach((word, i) => {
        body.emit(get(word), load(body.parameter(TABLE), 8 * i), get(mask), [OP.AND, OP.OR], set(word));
      });
      body.emit(get(TABLE), int(8 * words), [OP.I32_ADD], set(TABLE));
    });
    chosen.forEach((word, i) => body.emit(store(body.parameter(0), 8 * i, get(word))));
  });
}
