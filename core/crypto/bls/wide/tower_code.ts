/**
 * The tower above the quadratic extension: sixth degree with v³ = 1 + u, twelfth with w² = v. An element of twelfth
 * degree is six pairs: three of c0, then three of c1. Karatsuba throughout (Devegili et al.: ePrint 2006/471); squaring
 * in the cyclotomic subgroup by Granger and Scott (ePrint 2009/565).
 */
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { at } from "../../wasm/assembly.ts";
import type { Value } from "./formula.ts";
import { Formula } from "./formula.ts";
import { LIMBS, modP, NUMBER_BYTES, REDUCED_BOUND, toLimbs, toMontgomery } from "./limbs.ts";

export const PAIR_BYTES = 2 * NUMBER_BYTES, TWELVE_BYTES = 6 * PAIR_BYTES;
export type Three = readonly [Value, Value, Value];
export type Twelve = { readonly c0: Three; readonly c1: Three };

type Pair = readonly [bigint, bigint];

function timesPair([a0, a1]: Pair, [b0, b1]: Pair): Pair {
  return [modP(a0 * b0 - a1 * b1), modP(a0 * b1 + a1 * b0)];
}

/** (1 + u)^((p − 1)/6), and 1 divided by it: by its powers the p-th power differs from the conjugate. */
export const STEP: Pair = [
  0x1904d3bf02bb0667c231beb4202c0d1f0fd603fd3cbd5f4f7b2443d784bab9c4f67ea53d63e7813d8d0775ed92235fb8n,
  0xfc3e2b36c4e03288e9e902231f9fb854a14787b6c7b36fec0c8ec971f63c5f282d5ac14d6c7ec22cf78a126ddc4af3n,
];
const INVERSE_PART = 0x5b2cfd9013a5fd8df47fa6b48b1e045f39816240c0b8fee8beadf4d8e9c0566c63a3e6e257f87329b18fae980078116n;
export const STEP_INVERSE: Pair = [INVERSE_PART, INVERSE_PART];

/** To the powers 0 to 5. */
export function powersOf(base: Pair): Pair[] {
  const powers: Pair[] = [[1n, 0n]];
  while (powers.length < 6) powers.push(timesPair(powers.at(-1)!, base));
  return powers;
}

export function pairConstant(assembly: Assembly, [a0, a1]: Pair): Ref {
  return assembly.constant([...toLimbs(toMontgomery(a0)), ...toLimbs(toMontgomery(a1))]);
}

export function twelve(f: Formula, parameter: number): Twelve {
  const three = (first: number): Three =>
    [0, 1, 2].map((i) => f.input(parameter, first + i, 2, REDUCED_BOUND)) as unknown as Three;
  return { c0: three(0), c1: three(3) };
}

export function writeTwelve(f: Formula, { c0, c1 }: Twelve): void {
  f.write(f.body.parameter(0), REDUCED_BOUND, [...c0, ...c1].map((value) => f.reduce(value)));
}

const each = (operation: (a: Value, b: Value) => Value, a: Three, b: Three): Three => [
  operation(a[0], b[0]),
  operation(a[1], b[1]),
  operation(a[2], b[2]),
];
export const addThree = (f: Formula, a: Three, b: Three): Three => each((x, y) => f.add(x, y), a, b);
export const subThree = (f: Formula, a: Three, b: Three): Three => each((x, y) => f.sub(x, y), a, b);
/** Times v. */
export const byV = (f: Formula, [a0, a1, a2]: Three): Three => [f.byNonResidue(a2), a0, a1];

function mulThree(f: Formula, [a0, a1, a2]: Three, [b0, b1, b2]: Three): Three {
  const t0 = f.mul(a0, b0), t1 = f.mul(a1, b1), t2 = f.mul(a2, b2);
  const cross = (a: Value, b: Value, c: Value, d: Value, one: Value, two: Value): Value =>
    f.sub(f.mul(f.add(a, b), f.add(c, d)), f.add(one, two));
  return [
    f.add(t0, f.byNonResidue(cross(a1, a2, b1, b2, t1, t2))),
    f.add(cross(a0, a1, b0, b1, t0, t1), f.byNonResidue(t2)),
    f.add(cross(a0, a2, b0, b2, t0, t2), t1),
  ];
}

export function defineTower(assembly: Assembly): void {
  assembly.define("mul12", 3, (body) => {
    const f = new Formula(body), a = twelve(f, 1), b = twelve(f, 2);
    const t0 = mulThree(f, a.c0, b.c0), t1 = mulThree(f, a.c1, b.c1);
    const mixed = mulThree(f, addThree(f, a.c0, a.c1), addThree(f, b.c0, b.c1));
    writeTwelve(f, { c0: addThree(f, t0, byV(f, t1)), c1: subThree(f, mixed, addThree(f, t0, t1)) });
  });
  // (a0 + a1)(a0 + v·a1) is a0² + v·a1² + (1 + v)·a0·a1
  assembly.define("sqr12", 2, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    const t = mulThree(f, c0, c1), mixed = mulThree(f, addThree(f, c0, c1), addThree(f, c0, byV(f, c1)));
    writeTwelve(f, { c0: subThree(f, mixed, addThree(f, t, byV(f, t))), c1: addThree(f, t, t) });
  });
  // the inverse of what has norm one
  assembly.define("conjugate12", 2, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    writeTwelve(f, { c0, c1: [f.neg(c1[0]), f.neg(c1[1]), f.neg(c1[2])] });
  });
  defineFrobenius(assembly);
  defineInversion(assembly);
  defineCyclotomic(assembly);
}

/** To the p-th power: conjugates, times powers of (1 + u)^((p − 1)/6). */
function defineFrobenius(assembly: Assembly): void {
  const refs = powersOf(STEP).map((power) => pairConstant(assembly, power));
  assembly.define("frobenius12", 2, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    const turned = (value: Value, power: number): Value =>
      f.mul(f.conjugate(value), { ref: refs[power]!, degree: 2, bound: 1 });
    writeTwelve(f, {
      c0: [f.conjugate(c0[0]), turned(c0[1], 2), turned(c0[2], 4)],
      c1: [turned(c1[0], 1), turned(c1[1], 3), turned(c1[2], 5)],
    });
  });
}

/** By norms down to the field. */
function defineInversion(assembly: Assembly): void {
  // 1/(a0 + a1·u) = (a0 − a1·u)/(a0² + a1²)
  assembly.define("invertPair", 2, (body) => {
    const f = new Formula(body),
      a = body.parameter(1),
      norm = body.frame(NUMBER_BYTES),
      minus = body.frame(NUMBER_BYTES);
    const bound = 3;
    const a0: Value = { ref: a, degree: 1, bound }, a1: Value = { ref: at(a, NUMBER_BYTES), degree: 1, bound };
    body.call("invert", norm, f.add(f.sqr(a0), f.sqr(a1)).ref);
    body.call(`neg${LIMBS}`, minus, a1.ref);
    const inverse: Value = { ref: norm, degree: 1, bound: 1.5 };
    const real = f.mul(a0, inverse), imaginary = f.mul({ ref: minus, degree: 1, bound }, inverse);
    f.write(body.parameter(0), 1.5, [real, imaginary]);
  });
  assembly.define("invert12", 2, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    const reduce = (three: Three): Three => three.map((value) => f.reduce(value)) as unknown as Three;
    const norm = reduce(subThree(f, mulThree(f, c0, c0), byV(f, mulThree(f, c1, c1))));
    const inverse = invertedThree(f, body, norm);
    const minus = mulThree(f, c1, inverse);
    writeTwelve(f, {
      c0: mulThree(f, c0, inverse),
      c1: [f.neg(minus[0]), f.neg(minus[1]), f.neg(minus[2])],
    });
  });
}

function invertedThree(f: Formula, body: Body, [a0, a1, a2]: Three): Three {
  const b0 = f.sub(f.sqr(a0), f.byNonResidue(f.mul(a1, a2)));
  const b1 = f.sub(f.byNonResidue(f.sqr(a2)), f.mul(a0, a1));
  const b2 = f.sub(f.sqr(a1), f.mul(a0, a2));
  const rest = f.byNonResidue(f.add(f.mul(a2, b1), f.mul(a1, b2)));
  const inverse = body.frame(PAIR_BYTES);
  body.call("invertPair", inverse, f.reduce(f.add(f.mul(a0, b0), rest)).ref);
  const factor: Value = { ref: inverse, degree: 2, bound: 1.5 };
  return [f.mul(b0, factor), f.mul(b1, factor), f.mul(b2, factor)];
}

/** Squares of elements whose order divides p⁴ − p² + 1: three squarings in the fourth degree. */
function defineCyclotomic(assembly: Assembly): void {
  assembly.define("cyclotomicSqr", 2, (body) => {
    const f = new Formula(body), { c0, c1 } = twelve(f, 1);
    const squared = (a: Value, b: Value): [Value, Value] => {
      const aa = f.sqr(a), bb = f.sqr(b);
      return [f.add(aa, f.byNonResidue(bb)), f.times(2, f.mul(a, b))];
    };
    const [a0, a1] = squared(c0[0], c1[1]), [b0, b1] = squared(c1[0], c0[2]), [d0, d1] = squared(c0[1], c1[2]);
    const minus = (square: Value, old: Value): Value => f.sub(f.times(3, square), f.times(2, old));
    const plus = (square: Value, old: Value): Value => f.add(f.times(3, square), f.times(2, old));
    writeTwelve(f, {
      c0: [minus(a0, c0[0]), minus(b0, c0[1]), minus(d0, c0[2])],
      c1: [plus(f.byNonResidue(d1), c1[0]), plus(a1, c1[1]), plus(b1, c1[2])],
    });
  });
  assembly.define("cyclotomicSqrTimes", 3, (body) => {
    for (const offset of [0, TWELVE_BYTES / 2]) {
      body.call(`copy${6 * LIMBS}`, at(body.parameter(0), offset), at(body.parameter(1), offset));
    }
    body.repeat(2, () => body.call("cyclotomicSqr", body.parameter(0), body.parameter(0)));
  });
}
