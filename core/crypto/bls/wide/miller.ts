/**
 * Whether a product of pairings is one: Miller's loop for all pairs at once, and one final exponentiation (Hayashida,
 * Hayasaka, Teruya: ePrint 2020/875), whose result is the cube of the usual one: it is one for the same products, as
 * three doesn't divide the group's order.
 */
import { LINE_BYTES } from "./pairing_code.ts";
import type { Address, Machine, Words } from "./machine.ts";
import { NUMBER_BYTES } from "./limbs.ts";
import { PARAMETER } from "./points.ts";
import { TWELVE_BYTES } from "./tower_code.ts";

/** |x| from its second highest bit on: a doubling each, and an addition where it is one. */
const BITS = PARAMETER.toString(2).slice(1);
const LINES = BITS.length + BITS.replaceAll("0", "").length;
const POINT_OF_G1 = 3 * NUMBER_BYTES, POINT_OF_G2 = 6 * NUMBER_BYTES;

/**
 * Points of G2 whose lines are kept: 23 KB each. Public keys of the denominations and the generator come again in each
 * batch.
 */
export const KEPT_LINES_MAX = 64;
/** Pairs whose lines are in the module's memory together. Longer lists go in parts, each with squarings of its own. */
export const PAIRS_AT_ONCE = 64;

export class Pairings {
  readonly #machine: Machine;
  /** By point, the one used last at the end. */
  readonly #kept = new Map<object, Words>();
  readonly #point: Address;
  readonly #base: Address;
  readonly #result: Address;
  readonly #product: Address;
  /** Elements of twelfth degree. */
  readonly #spare: readonly Address[];

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#point = machine.reserve(POINT_OF_G2);
    this.#base = machine.reserve(POINT_OF_G2);
    this.#result = machine.reserve(TWELVE_BYTES);
    this.#product = machine.reserve(TWELVE_BYTES);
    this.#spare = Array.from({ length: 4 }, () => machine.reserve(TWELVE_BYTES));
  }

  /** At least one pair, no point infinity. */
  productIsOne(pairs: readonly (readonly [Words, Words])[]): boolean {
    const { run } = this.#machine, product = this.#product;
    this.#writeOne(product);
    for (let from = 0; from < pairs.length; from += PAIRS_AT_ONCE) {
      this.#loop(pairs.slice(from, from + PAIRS_AT_ONCE));
      run.mul12(product, product, this.#result);
    }
    this.#exponentiate(product);
    return this.#isOne(product);
  }

  /** Miller's loop, its squarings shared; what comes out is the result. */
  #loop(pairs: readonly (readonly [Words, Words])[]): void {
    const machine = this.#machine, { run } = machine, f = this.#result;
    const linesBytes = LINES * LINE_BYTES;
    const known = pairs.map(([, q]) => this.#linesOf(q));
    const lines = machine.list(pairs.length * (linesBytes + POINT_OF_G1)), points = lines + pairs.length * linesBytes;
    pairs.forEach(([p], i) => {
      machine.write(lines + i * linesBytes, known[i]!);
      machine.write(points + i * POINT_OF_G1, p);
    });
    this.#writeOne(f);
    let line = 0;
    const mulLines = () => {
      for (let i = 0; i < pairs.length; i++) {
        run.mulLine(f, f, lines + i * linesBytes + line * LINE_BYTES, points + i * POINT_OF_G1);
      }
      line++;
    };
    for (const bit of BITS) {
      if (line > 0) run.sqr12(f, f);
      mulLines();
      if (bit === "1") mulLines();
    }
  }

  /** The lines of Miller's loop through multiples of a point of G2. */
  #linesOf(q: Words): Words {
    const kept = this.#kept.get(q);
    const lines = kept ?? this.#makeLines(q);
    this.#kept.delete(q);
    this.#kept.set(q, lines);
    if (this.#kept.size > KEPT_LINES_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    return lines;
  }

  #makeLines(q: Words): Words {
    const machine = this.#machine, { run, constants } = machine, PAIR = 2 * NUMBER_BYTES;
    const point = this.#point, base = this.#base, z = point + 2 * PAIR;
    machine.write(point, q);
    // affine
    run.invertPair(base + 2 * PAIR, z);
    for (const offset of [0, PAIR]) run.mulPair(base + offset, point + offset, base + 2 * PAIR);
    run.copy14(point, base);
    run.copy14(point + PAIR, base + PAIR);
    run.copy7(z, constants.one);
    machine.wipe(z + NUMBER_BYTES, NUMBER_BYTES);
    const lines = machine.list(LINES * LINE_BYTES);
    let at = lines;
    for (const bit of BITS) {
      run.tangent(at, point);
      at += LINE_BYTES;
      if (bit !== "1") continue;
      run.chord(at, point, base);
      at += LINE_BYTES;
    }
    return machine.read(lines, LINES * LINE_BYTES);
  }

  #writeOne(f: Address): void {
    this.#machine.wipe(f, TWELVE_BYTES);
    this.#machine.run.copy7(f, this.#machine.constants.one);
  }

  #isOne(f: Address): boolean {
    const { run, constants } = this.#machine;
    run.sub7(f, f, constants.one);
    for (let offset = 0; offset < TWELVE_BYTES; offset += NUMBER_BYTES) {
      if (run.isZero(f + offset) === 0) return false;
    }
    return true;
  }

  /** To the power 3·(p^12 − 1)/r. */
  #exponentiate(f: Address): void {
    const { run } = this.#machine, [a, b, c, d] = this.#spare as [Address, Address, Address, Address];
    // (p^6 − 1)(p² + 1)
    run.invert12(a, f);
    run.conjugate12(b, f);
    run.mul12(a, a, b);
    run.frobenius12(b, a);
    run.frobenius12(b, b);
    run.mul12(f, a, b);
    // (x − 1)²·(x + p)·(x² + p² − 1) + 3 is 3·(p⁴ − p² + 1)/r
    const byParameterMinusOne = (into: Address, from: Address) => {
      this.#power(into, from);
      run.conjugate12(d, from);
      run.mul12(into, into, d);
    };
    byParameterMinusOne(a, f);
    byParameterMinusOne(b, a);
    this.#power(a, b);
    run.frobenius12(b, b);
    run.mul12(a, a, b);
    this.#power(b, a);
    this.#power(c, b);
    run.frobenius12(b, a);
    run.frobenius12(b, b);
    run.mul12(c, c, b);
    run.conjugate12(a, a);
    run.mul12(c, c, a);
    run.cyclotomicSqrTimes(a, f, 1);
    run.mul12(c, c, a);
    run.mul12(f, c, f);
  }

  /** To the curve's parameter, which is negative: in the cyclotomic subgroup. `into` is another place. */
  #power(into: Address, from: Address): void {
    const { run } = this.#machine;
    let first = true;
    for (const zeros of BITS.match(/0*1|0+$/g)!) {
      run.cyclotomicSqrTimes(into, first ? from : into, zeros.length);
      if (zeros.endsWith("1")) run.mul12(into, into, from);
      first = false;
    }
    run.conjugate12(into, into);
  }
}
