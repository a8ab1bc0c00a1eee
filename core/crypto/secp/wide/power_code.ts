/**
 * Roots and inverses, as powers: p is 3 modulo 4, so that a^((p + 1)/4) is a's root where there is one, and a^(p − 2)
 * is its inverse. Both exponents begin with 223 ones, a zero, 22 ones: blocks of ones are made of shorter ones. A root
 * costs 254 squarings and 13 products, an inverse one and two more.
 */
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { int } from "../../wasm/assembly.ts";
import type { FieldForm } from "./form.ts";

export function definePowers(assembly: Assembly, form: FieldForm): void {
  // then four zeros, two ones, two zeros
  assembly.define("power", 2, (body) => {
    const power = beginning(body, form);
    power.append(4, 2);
    body.call("sqrTimes", body.parameter(0), power.value, int(2));
  });
  // then four zeros, a one, a zero, two ones, a zero, a one; the inverse of zero is zero
  assembly.define("inverse", 2, (body) => {
    const power = beginning(body, form);
    power.append(4, 1);
    power.append(1, 2);
    power.append(1, 1);
    body.call(`copy${form.limbs}`, body.parameter(0), power.value);
  });
}

type Power = {
  readonly value: Ref;
  /** Writes so many zeros and ones behind the exponent. */
  readonly append: (zeros: number, ones: 1 | 2 | 22) => void;
};

/** The function's second parameter to the power of what both exponents begin with. */
function beginning(body: Body, { numberBytes }: FieldForm): Power {
  const ones = new Map<number, Ref>([[1, body.parameter(1)]]);
  /** To the power of left + right ones. */
  const join = (left: number, right: number): void => {
    const made = body.frame(numberBytes);
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
  const value = ones.get(223)!;
  const append = (zeros: number, count: number): void => {
    body.call("sqrTimes", value, value, int(zeros + count));
    body.call("mul", value, value, ones.get(count)!);
  };
  append(1, 22);
  return { value, append };
}
