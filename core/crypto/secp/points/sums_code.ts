/**
 * Sums of pairs of points, many at once: affine coordinates, and one inversion for all of them (Montgomery's trick), so
 * that a sum costs five products and a square. Of no pair may the two be equal, opposite or infinite.
 *
 * An addend's coordinates have a bound of 1. Those of a sum are above those of the other point by 2 for x and 1 for y,
 * and one factor of each product is a product itself: so many sums in a row stay within bounds without being reduced.
 */
import type { Code } from "../../../wasm_code.ts";
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { at, get, int, load, long, moved, OP, set, store } from "../../wasm/assembly.ts";
import { indicesOf, inline } from "../wide/field_code.ts";
import type { FieldForm } from "../wide/form.ts";

/**
 * Sums in a row without reducing: the last one multiplies a difference of two x, one of them with a bound of
 * 1 + 2·`SUMS_MAX`, the other one 2 more.
 */
export function sumsMax({ productMax }: FieldForm): number {
  return Math.floor((productMax - 4) / 4);
}

export function defineSums(assembly: Assembly, form: FieldForm): void {
  const { limbs, numberBytes } = form, pointBytes = 2 * numberBytes, indices = indicesOf(form);
  const by = (ref: Ref): Ref => at(ref, numberBytes);
  const limbwise = (body: Body, into: Ref, value: (byte: number) => Code): void => {
    for (const i of indices) body.emit(store(into, 8 * i, value(8 * i)));
  };

  // addends, so many bytes from one to the next, + points, into others or the same; scratch: two numbers a pair. The
  // last parameter is the function's own. Result: 1 if there was a pair of equal or opposite ones, and nothing is
  // written
  assembly.define("sums", 7, (body) => {
    const ADDENDS = 0, STEP = 1, POINTS = 2, INTO = 3, SCRATCH = 4, COUNT = 5, LEFT = 6;
    const [addend, points, into, scratch] = [ADDENDS, POINTS, INTO, SCRATCH].map((i) => body.parameter(i)) as [
      ...[Ref, Ref, Ref, Ref],
    ];
    const math = inline(body, form), products = body.longs(limbs), inverses = body.longs(limbs);
    const product = body.frame(numberBytes), inverse = body.frame(numberBytes);
    const move = (direction: 1 | -1): void => {
      const step = direction === 1 ? OP.I32_ADD : OP.I32_SUB;
      body.emit(get(ADDENDS), get(STEP), [step], set(ADDENDS));
      for (const parameter of [POINTS, INTO, SCRATCH]) body.emit(moved(parameter, direction * pointBytes));
    };
    math.assign(products, (i) => long(i === 0 ? 1n : 0n));
    body.emit(get(COUNT), set(LEFT));
    body.repeat(LEFT, () => {
      const difference = math.number((i) => [...load(addend, 8 * i), ...load(points, 8 * i), OP.SUB]);
      math.store(scratch, difference);
      math.store(by(scratch), products);
      math.copy(products, math.mul(products, difference));
      move(1);
    });
    math.store(product, products);
    body.call("isZero", product);
    body.emit([OP.IF, OP.EMPTY_BLOCK], int(1), [OP.RETURN, OP.END]);
    body.call("inverse", inverse, product);
    math.assign(inverses, (i) => load(inverse, 8 * i));
    body.repeat(COUNT, () => {
      move(-1);
      const own = math.mul(inverses, math.number((i) => load(by(scratch), 8 * i)));
      math.copy(inverses, math.mul(inverses, math.number((i) => load(scratch, 8 * i))));
      const rise = math.number((i) => [...load(by(addend), 8 * i), ...load(by(points), 8 * i), OP.SUB]);
      const slope = math.mul(own, rise), square = math.sqr(slope), px = math.number((i) => load(points, 8 * i));
      const x = math.number((i) => [
        ...[...get(square[i]!), ...load(addend, 8 * i), OP.SUB, ...get(px[i]!), OP.SUB],
      ]);
      const y = math.mul(slope, math.number((i) => [...get(px[i]!), ...get(x[i]!), OP.SUB]));
      limbwise(body, by(into), (byte) => [...get(y[byte / 8]!), ...load(by(points), byte), OP.SUB]);
      math.store(into, x);
    });
    body.emit(int(0));
  }, true);
  // 2·point; its own bound is 1
  assembly.define("twice", 2, (body) => {
    const into = body.parameter(0), point = body.parameter(1);
    const slope = body.frame(numberBytes), other = body.frame(numberBytes), x = body.frame(numberBytes);
    body.call(`times2of${limbs}`, other, by(point));
    body.call("inverse", slope, other);
    body.call("sqr", other, point);
    body.call(`times3of${limbs}`, other, other);
    body.call("mul", slope, slope, other);
    body.call("sqr", x, slope);
    limbwise(body, x, (byte) => [...load(x, byte), ...load(point, byte), ...long(1n), OP.SHL, OP.SUB]);
    limbwise(body, other, (byte) => [...load(point, byte), ...load(x, byte), OP.SUB]);
    body.call("mul", other, slope, other);
    limbwise(body, other, (byte) => [...load(other, byte), ...load(by(point), byte), OP.SUB]);
    body.call("normal", into, x);
    body.call("normal", by(into), other);
  });
  // so many numbers, from 0 to p − 1 each
  assembly.define("normals", 2, (body) => {
    body.repeat(1, () => {
      body.call("normal", body.parameter(0), body.parameter(0));
      body.emit(moved(0, numberBytes));
    });
  });
}
