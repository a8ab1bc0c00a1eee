/**
 * Points from their x alone, with the even y: BIP340's `lift_x`. A root costs 254 squarings and 13 products: p is 3
 * modulo 4, and a^((p + 1)/4) is a's root where there is one.
 */
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { at, get, int, load, long, OP, set, store } from "../../wasm/assembly.ts";
import { LIMBS, NUMBER_BYTES, toLimbs } from "./limbs.ts";

/** y² = x³ + 7 */
const B = 7n;

export function defineLift(assembly: Assembly): void {
  const one = assembly.constant(toLimbs(1n)), b = assembly.constant(toLimbs(B));
  // a^((p + 1)/4)
  assembly.define("power", 2, (body) => rooted(body, body.parameter(0), body.parameter(1)));
  // the point of the x at the second address, which is below p. Result: whether there is one
  assembly.define("lift", 2, (body) => {
    const into = body.parameter(0), x = body.parameter(1), [sign] = body.longs(1) as [number];
    const square = body.frame(NUMBER_BYTES), root = body.frame(NUMBER_BYTES), check = body.frame(NUMBER_BYTES);
    body.call("sqr", square, x);
    body.call("mul", square, square, x);
    body.call(`add${LIMBS}`, square, square, b);
    body.call("power", root, square);
    body.call("sqr", check, root);
    body.call(`sub${LIMBS}`, check, check, square);
    body.call("normal", root, root);
    // −1 for an odd y, which is negated
    body.emit(long(0n), load(root, 0), long(1n), [OP.AND, OP.SUB], set(sign));
    body.call(`copy${LIMBS}`, into, x);
    for (let i = 0; i < LIMBS; i++) {
      const negated = [...load(root, 8 * i), ...get(sign), OP.XOR, ...get(sign), OP.SUB];
      body.emit(store(at(into, NUMBER_BYTES), 8 * i, negated));
    }
    body.call(`copy${LIMBS}`, at(into, 2 * NUMBER_BYTES), one);
    body.call("isZero", check);
  }, true);
}

/**
 * The exponent is 223 ones, a zero, 22 ones, four zeros, two ones, two zeros: blocks of ones are made of shorter ones.
 */
function rooted(body: Body, into: Ref, a: Ref): void {
  const ones = new Map<number, Ref>([[1, a]]);
  /** a to the power of left + right ones. */
  const join = (left: number, right: number): void => {
    const made = body.frame(NUMBER_BYTES);
    body.call("sqrTimes", made, ones.get(left)!, int(right));
    body.call("mul", made, made, ones.get(right)!);
    ones.set(left + right, made);
  };
  join(1, 1);
  join(2, 1);
  for (const [left, right] of [[3, 3], [6, 3], [9, 2], [11, 11], [22, 22], [44, 44], [88, 88], [176, 44]] as const) {
    join(left, right);
  }
  join(220, 3);
  const power = body.frame(NUMBER_BYTES);
  body.call("sqrTimes", power, ones.get(223)!, int(23));
  body.call("mul", power, power, ones.get(22)!);
  body.call("sqrTimes", power, power, int(6));
  body.call("mul", power, power, ones.get(2)!);
  body.call("sqrTimes", into, power, int(2));
}
