/**
 * Formulas written as they stand in papers: each operation is a call of the field's function and gives a new value in
 * the function's frame. The bound of each value (`limbs.ts`) is kept, and a formula whose products could grow too large
 * isn't assembled.
 */
import { assert } from "../../../assert.ts";
import type { Body, Ref } from "./assembly.ts";
import { at } from "./assembly.ts";
import type { FACTORS } from "./field_code.ts";
import {
  BOUND_MAX,
  LIMBS,
  NUMBER_BYTES,
  PAIR_PRODUCT_MAX,
  PRODUCT_BOUND,
  PRODUCT_MAX,
  REDUCE_MAX,
  REDUCED_BOUND,
} from "./limbs.ts";

/** An element of the field (degree 1) or of its quadratic extension (degree 2). */
export type Degree = 1 | 2;
export type Value = { readonly ref: Ref; readonly degree: Degree; readonly bound: number };
type Factor = (typeof FACTORS)[number];

export class Formula {
  readonly body: Body;

  constructor(body: Body) {
    this.body = body;
  }

  /** The element at a place that others fill, so many elements behind what a parameter points to. */
  input(parameter: number, index: number, degree: Degree, bound: number): Value {
    return { ref: at(this.body.parameter(parameter), index * degree * NUMBER_BYTES), degree, bound };
  }

  #new(degree: Degree, bound: number): Value {
    assert(bound <= BOUND_MAX, "limbs fit into 64 bits");
    return { ref: this.body.frame(degree * NUMBER_BYTES), degree, bound };
  }

  mul(a: Value, b: Value): Value {
    assert(a.degree === b.degree, "factors are of one field");
    assert(a.bound * b.bound <= (a.degree === 1 ? PRODUCT_MAX : PAIR_PRODUCT_MAX), "the product's bounds hold");
    assert(a.degree === 1 || Math.max(a.bound, b.bound) <= BOUND_MAX / 2, "sums of pairs fit into 64 bits");
    const out = this.#new(a.degree, PRODUCT_BOUND);
    this.body.call(a.degree === 1 ? "mul" : "mulPair", out.ref, a.ref, b.ref);
    return out;
  }

  sqr(a: Value): Value {
    // of a pair: (a0 + a1)(a0 − a1) has twice the bound in both factors
    assert((a.degree * a.bound) ** 2 <= PRODUCT_MAX, "the square's bounds hold");
    const out = this.#new(a.degree, PRODUCT_BOUND);
    this.body.call(a.degree === 1 ? "sqr" : "sqrPair", out.ref, a.ref);
    return out;
  }

  /** a·b + c·d. */
  mulMul(a: Value, b: Value, c: Value, d: Value): Value {
    if (a.degree === 2) return this.add(this.mul(a, b), this.mul(c, d));
    assert(a.bound * b.bound + c.bound * d.bound <= PRODUCT_MAX, "the products' bounds hold");
    const out = this.#new(1, PRODUCT_BOUND);
    this.body.call("mulMul", out.ref, a.ref, b.ref, c.ref, d.ref);
    return out;
  }

  /** Both parts of a pair, each times a number of the field. */
  scale(a: Value, by: Value): Value {
    assert(a.degree === 2 && by.degree === 1, "a pair is scaled by a number");
    assert(a.bound * by.bound <= PRODUCT_MAX, "the product's bounds hold");
    const out = this.#new(2, PRODUCT_BOUND);
    for (const offset of [0, NUMBER_BYTES]) this.body.call("mul", at(out.ref, offset), at(a.ref, offset), by.ref);
    return out;
  }

  #byLimbs(name: string, bound: number, a: Value, b: Value | null = null): Value {
    const { degree } = a;
    assert(b === null || b.degree === degree, "operands are of one field");
    const out = this.#new(degree, bound);
    if (b === null) this.body.call(`${name}${degree * LIMBS}`, out.ref, a.ref);
    else this.body.call(`${name}${degree * LIMBS}`, out.ref, a.ref, b.ref);
    return out;
  }

  add(a: Value, b: Value): Value {
    return this.#byLimbs("add", a.bound + b.bound, a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.#byLimbs("sub", a.bound + b.bound, a, b);
  }

  neg(a: Value): Value {
    return this.#byLimbs("neg", a.bound, a);
  }

  times(factor: Factor, a: Value): Value {
    return this.#byLimbs(`times${factor}of`, factor * a.bound, a);
  }

  /** A pair times 1 + u. */
  byNonResidue(a: Value): Value {
    assert(a.degree === 2, "1 + u is of the quadratic extension");
    const out = this.#new(2, 2 * a.bound);
    this.body.call("byNonResidue", out.ref, a.ref);
    return out;
  }

  /** A pair (a0, −a1). */
  conjugate(a: Value): Value {
    assert(a.degree === 2, "pairs have conjugates");
    const out = this.#new(2, a.bound);
    this.body.call(`copy${LIMBS}`, out.ref, a.ref);
    this.body.call(`neg${LIMBS}`, at(out.ref, NUMBER_BYTES), at(a.ref, NUMBER_BYTES));
    return out;
  }

  reduce(a: Value): Value {
    assert(a.bound <= REDUCE_MAX, "the multiple of p is estimated well enough");
    const out = this.#new(a.degree, REDUCED_BOUND);
    for (let i = 0; i < a.degree; i++) {
      this.body.call("reduce", at(out.ref, i * NUMBER_BYTES), at(a.ref, i * NUMBER_BYTES));
    }
    return out;
  }

  /** Writes values side by side. They must keep the bound that readers rely on. */
  write(into: Ref, bound: number, values: readonly Value[]): void {
    let offset = 0;
    for (const { ref, degree, bound: has } of values) {
      assert(has <= bound, "what is stored keeps its bound");
      this.body.call(`copy${degree * LIMBS}`, at(into, offset), ref);
      offset += degree * NUMBER_BYTES;
    }
  }
}
