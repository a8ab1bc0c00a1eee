/** Points from their x alone, with the even y: BIP340's `lift_x`. */
import type { Assembly } from "../../wasm/assembly.ts";
import { at, get, load, long, OP, set, store } from "../../wasm/assembly.ts";
import { LIMBS, NUMBER_BYTES, toLimbs } from "./limbs.ts";

/** y² = x³ + 7 */
const B = 7n;

export function defineLift(assembly: Assembly): void {
  const one = assembly.constant(toLimbs(1n)), b = assembly.constant(toLimbs(B));
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
