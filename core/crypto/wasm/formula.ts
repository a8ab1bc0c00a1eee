/**
 * Formulas written as they stand in papers: each operation is a call of the field's function and gives a new value in
 * the function's frame. The bound of each value (the field's `limbs.ts`) is kept, and a formula whose products could
 * grow too large isn't assembled.
 */
import { assert } from "../../assert.ts";
import type { Body, Ref } from "./assembly.ts";
import { at } from "./assembly.ts";

/** An element of the field (degree 1) or of its quadratic extension (degree 2). */
export type Degree = 1 | 2;
export type Value = { readonly ref: Ref; readonly degree: Degree; readonly bound: number };

/** How a field's numbers lie in memory, and the bounds that its functions keep and ask for. */
export type FieldShape = {
  readonly limbs: number;
  /** Limbs hold no more. */
  readonly boundMax: number;
  /** Bounds of a product's factors, multiplied; for products of pairs. */
  readonly productMax: number;
  readonly pairProductMax: number;
  /** What a product leaves. */
  readonly productBound: number;
  /** What `reduce` leaves, and the most it takes. */
  readonly reducedBound: number;
  readonly reduceMax: number;
  /** Beyond this a factor in a curve's formulas is reduced. */
  readonly easyBound: number;
};

export class Formula {
  readonly body: Body;
  readonly #shape: FieldShape;
  readonly #numberBytes: number;

  constructor(body: Body, shape: FieldShape) {
    this.body = body;
    this.#shape = shape;
    this.#numberBytes = 8 * shape.limbs;
  }

  /** The element at a place that others fill, so many elements behind what a parameter points to. */
  input(parameter: number, index: number, degree: Degree, bound: number): Value {
    return { ref: at(this.body.parameter(parameter), index * degree * this.#numberBytes), degree, bound };
  }

  #new(degree: Degree, bound: number): Value {
    assert(bound <= this.#shape.boundMax, "limbs fit into 64 bits");
    return { ref: this.body.frame(degree * this.#numberBytes), degree, bound };
  }

  mul(a: Value, b: Value): Value {
    assert(a.degree === b.degree, "factors are of one field");
    assert(
      a.bound * b.bound <= (a.degree === 1 ? this.#shape.productMax : this.#shape.pairProductMax),
      "the product's bounds hold",
    );
    assert(a.degree === 1 || Math.max(a.bound, b.bound) <= this.#shape.boundMax / 2, "sums of pairs fit into 64 bits");
    const out = this.#new(a.degree, this.#shape.productBound);
    this.body.call(a.degree === 1 ? "mul" : "mulPair", out.ref, a.ref, b.ref);
    return out;
  }

  sqr(a: Value): Value {
    // of a pair: (a0 + a1)(a0 − a1) has twice the bound in both factors
    assert((a.degree * a.bound) ** 2 <= this.#shape.productMax, "the square's bounds hold");
    const out = this.#new(a.degree, this.#shape.productBound);
    this.body.call(a.degree === 1 ? "sqr" : "sqrPair", out.ref, a.ref);
    return out;
  }

  /** a·b + c·d. */
  mulMul(a: Value, b: Value, c: Value, d: Value): Value {
    if (a.degree === 2) return this.add(this.mul(a, b), this.mul(c, d));
    assert(a.bound * b.bound + c.bound * d.bound <= this.#shape.productMax, "the products' bounds hold");
    const out = this.#new(1, this.#shape.productBound);
    this.body.call("mulMul", out.ref, a.ref, b.ref, c.ref, d.ref);
    return out;
  }

  /** Both parts of a pair, each times a number of the field. */
  scale(a: Value, by: Value): Value {
    assert(a.degree === 2 && by.degree === 1, "a pair is scaled by a number");
    assert(a.bound * by.bound <= this.#shape.productMax, "the product's bounds hold");
    const out = this.#new(2, this.#shape.productBound);
    for (const offset of [0, this.#numberBytes]) this.body.call("mul", at(out.ref, offset), at(a.ref, offset), by.ref);
    return out;
  }

  #byLimbs(name: string, bound: number, a: Value, b: Value | null = null): Value {
    const { degree } = a;
    assert(b === null || b.degree === degree, "operands are of one field");
    const out = this.#new(degree, bound);
    if (b === null) this.body.call(`${name}${degree * this.#shape.limbs}`, out.ref, a.ref);
    else this.body.call(`${name}${degree * this.#shape.limbs}`, out.ref, a.ref, b.ref);
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

  times(factor: number, a: Value): Value {
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
    this.body.call(`copy${this.#shape.limbs}`, out.ref, a.ref);
    this.body.call(`neg${this.#shape.limbs}`, at(out.ref, this.#numberBytes), at(a.ref, this.#numberBytes));
    return out;
  }

  reduce(a: Value): Value {
    assert(a.bound <= this.#shape.reduceMax, "the multiple of p is estimated well enough");
    const out = this.#new(a.degree, this.#shape.reducedBound);
    for (let i = 0; i < a.degree; i++) {
      this.body.call("reduce", at(out.ref, i * this.#numberBytes), at(a.ref, i * this.#numberBytes));
    }
    return out;
  }

  /** Reduced if it isn't small enough for a factor in a curve's formulas. */
  easy(a: Value): Value {
    return a.bound <= this.#shape.easyBound ? a : this.reduce(a);
  }

  /** Writes values side by side. They must keep the bound that readers rely on. */
  write(into: Ref, bound: number, values: readonly Value[]): void {
    let offset = 0;
    for (const { ref, degree, bound: has } of values) {
      assert(has <= bound, "what is stored keeps its bound");
      this.body.call(`copy${degree * this.#shape.limbs}`, at(into, offset), ref);
      offset += degree * this.#numberBytes;
    }
  }
}
