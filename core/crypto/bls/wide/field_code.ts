/**
 * The field's arithmetic: products by columns with Montgomery's reduction in between (product scanning: Koç, Acar,
 * Kaliski 1996, "FIPS"), and what goes limb by limb. See `limbs.ts` for what bounds mean; nothing here branches on a
 * number.
 */
import type { Code } from "../../../wasm_code.ts";
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import {
  ADD_128,
  at,
  get,
  int,
  load,
  long,
  MUL_WIDE_S,
  MUL_WIDE_U,
  OP,
  set,
  store,
  SUB_128,
} from "../../wasm/assembly.ts";
import { defineByLimbs } from "../../wasm/by_limbs_code.ts";
import { LIMB_BITS, LIMB_MASK, LIMBS, MINUS_P_INVERSE, NUMBER_BYTES, P, toLimbs } from "./limbs.ts";

export const INDICES = Array.from({ length: LIMBS }, (_, i) => i);
const PRIME = toLimbs(P);

/** Pushes 128 bits, low half first, which are added or taken away. */
type Part = { readonly code: Code; readonly minus?: boolean };
/** One product that is reduced: what each of its columns consists of. */
type Columns = (column: number) => readonly Part[];

const summed = (parts: readonly Part[]): Code => {
  const [first, ...others] = parts as [Part, ...Part[]];
  const begin = first.minus ? long(0n).concat(long(0n), first.code, SUB_128) : first.code;
  return begin.concat(others.flatMap(({ code, minus }) => code.concat(minus ? SUB_128 : ADD_128)));
};

/** Pairs (i, j) of limbs with i + j = column. */
const pairsOf = (column: number): (readonly [number, number])[] =>
  INDICES.filter((i) => column - i >= 0 && column - i < LIMBS).map((i) => [i, column - i] as const);

const product = (a: Code, b: Code): Part => ({ code: a.concat(b, MUL_WIDE_S) });

/** The columns of a·b, of limbs that the functions push. */
const columnsOf = (a: (i: number) => Code, b: (i: number) => Code): Columns => (column) =>
  pairsOf(column).map(([i, j]) => product(a(i), b(j)));

/**
 * Reduces products side by side: what one waits for, the processor does for the other. The order within a column keeps
 * the chain short from one column's factor to the next: what is known long before comes first.
 * @param before emitted before each column
 * @returns for each product the locals of its limbs: all but the last have 56 bits
 */
function reduced(body: Body, products: readonly Columns[], before: (column: number) => void = () => {}): number[][] {
  const states = products.map((columns) => {
    const [low, high, ...factors] = body.longs(2 + LIMBS) as [number, number, ...number[]];
    return { columns, low, high, factors };
  });
  for (let column = 0; column < 2 * LIMBS - 1; column++) {
    before(column);
    for (const { columns, low, high, factors } of states) {
      const reducing = pairsOf(column).filter(([i, j]) => i < column && j >= 1);
      const byFactor = ([i, j]: readonly [number, number]): Part => ({
        code: get(factors[i]!).concat(long(PRIME[j]!), MUL_WIDE_U),
      });
      const last = reducing.filter(([, j]) => j === 1), earlier = reducing.filter(([, j]) => j > 1);
      const carry: Part[] = column === 0 ? [] : [{ code: get(low).concat(get(high)) }];
      body.emit(summed([...columns(column), ...earlier.map(byFactor), ...carry, ...last.map(byFactor)]));
      body.emit(set(high), set(low));
      if (column < LIMBS) {
        const factor = factors[column]!;
        body.emit(get(low), long(MINUS_P_INVERSE), [OP.MUL], long(LIMB_MASK), [OP.AND], set(factor));
        body.emit(get(low), get(high), get(factor), long(PRIME[0]!), MUL_WIDE_U, ADD_128, set(high), set(low));
      } else {
        // the factor of seven columns before isn't needed any more
        body.emit(get(low), long(LIMB_MASK), [OP.AND], set(factors[column - LIMBS]!));
      }
      body.emit(get(low), long(BigInt(LIMB_BITS)), [OP.SHR_U], get(high), long(BigInt(64 - LIMB_BITS)), [
        OP.SHL,
        OP.OR,
      ]);
      body.emit(set(low), get(high), long(BigInt(LIMB_BITS)), [OP.SHR_S], set(high));
    }
  }
  return states.map(({ low, factors }) => {
    body.emit(get(low), set(factors[LIMBS - 1]!));
    return factors;
  });
}

/** Reads a number into locals. */
function loaded(body: Body, ref: Ref): (i: number) => Code {
  const locals = body.longs(LIMBS);
  for (const i of INDICES) body.emit(load(ref, 8 * i), set(locals[i]!));
  return (i) => get(locals[i]!);
}

function stored(body: Body, ref: Ref, limbs: readonly number[]): void {
  for (const i of INDICES) body.emit(store(ref, 8 * i, get(limbs[i]!)));
}

/** Locals with a + b limb by limb. */
function sumOf(body: Body, a: (i: number) => Code, b: (i: number) => Code): (i: number) => Code {
  const locals = body.longs(LIMBS);
  for (const i of INDICES) body.emit(a(i), b(i), [OP.ADD], set(locals[i]!));
  return (i) => get(locals[i]!);
}

/** Columns of a square: each product of two different limbs once, with one of them doubled. */
function squareColumns(body: Body, a: (i: number) => Code): Columns {
  const twice = sumOf(body, a, a);
  return (column) =>
    pairsOf(column).filter(([i, j]) => i <= j).map(([i, j]) => product(i === j ? a(i) : twice(i), a(j)));
}

/** Limbs of a number and of a pair; points of both groups are copied as well. */
const WIDTHS = [LIMBS, 2 * LIMBS], POINT_WIDTHS = [3 * LIMBS, 6 * LIMBS];

/** `into` comes first and may be one of the operands. */
export function defineField(assembly: Assembly): void {
  assembly.define("mul", 3, (body) => {
    const a = loaded(body, body.parameter(1)), b = loaded(body, body.parameter(2));
    stored(body, body.parameter(0), reduced(body, [columnsOf(a, b)])[0]!);
  });
  // a·b + c·d, reduced once; bounds as of a product of pairs
  assembly.define("mulMul", 5, (body) => {
    const [a, b, c, d] = [1, 2, 3, 4].map((i) => loaded(body, body.parameter(i))) as [
      (i: number) => Code,
      (i: number) => Code,
      (i: number) => Code,
      (i: number) => Code,
    ];
    const one = columnsOf(a, b), two = columnsOf(c, d);
    stored(body, body.parameter(0), reduced(body, [(column) => [...one(column), ...two(column)]])[0]!);
  });
  // squared `times` times, at least once
  assembly.define("sqrTimes", 3, (body) => {
    const a = body.longs(LIMBS), source = body.parameter(1);
    for (const i of INDICES) body.emit(load(source, 8 * i), set(a[i]!));
    body.repeat(2, () => {
      const columns = squareColumns(body, (i) => get(a[i]!));
      const square = reduced(body, [columns])[0]!;
      for (const i of INDICES) body.emit(get(square[i]!), set(a[i]!));
    });
    stored(body, body.parameter(0), a);
  });
  assembly.define("sqr", 2, (body) => body.call("sqrTimes", body.parameter(0), body.parameter(1), int(1)));
  defineByLimbs(assembly, { widths: WIDTHS, copied: POINT_WIDTHS, factors: [2, 3, 4, 8, 12] });
  defineReduce(assembly);
}

/**
 * Takes the nearest multiple of p away, estimated from the highest limb: p is 2^336·PRIME[6] and a bit, so that the
 * estimate errs by less than a hundredth for numbers below 60·p. What stays is below 0.52·p in absolute value; carries
 * then make the limbs 56 bits long, but for the highest.
 */
function defineReduce(assembly: Assembly): void {
  const SHIFT = 57n, scale = ((1n << (SHIFT + 336n)) + P / 2n) / P;
  const half = 1n << (SHIFT - 1n);
  assembly.define("reduce", 2, (body) => {
    const [multiple, carry] = body.longs(2) as [number, number], source = body.parameter(1);
    body.emit(load(source, 8 * (LIMBS - 1)), long(scale), [OP.MUL], long(half), [OP.ADD], long(SHIFT), [OP.SHR_S]);
    body.emit(set(multiple), long(0n), set(carry));
    for (const i of INDICES) {
      body.emit(
        load(source, 8 * i),
        get(multiple),
        long(PRIME[i]!),
        [OP.MUL, OP.SUB],
        get(carry),
        [OP.ADD],
        set(carry),
      );
      const last = i === LIMBS - 1;
      body.emit(store(body.parameter(0), 8 * i, last ? get(carry) : get(carry).concat(long(LIMB_MASK), OP.AND)));
      body.emit(get(carry), long(BigInt(LIMB_BITS)), [OP.SHR_S], set(carry));
    }
  });
}

/**
 * The quadratic extension, u² = −1: Karatsuba's three products, and two reductions side by side. Both may have bounds
 * whose product is `PAIR_PRODUCT_MAX`: c0 and c1 are sums of two products each.
 */
export function definePairProduct(assembly: Assembly): void {
  assembly.define("mulPair", 3, (body) => {
    const [a, b] = [body.parameter(1), body.parameter(2)];
    const of = (ref: Ref) => (i: number): Code => load(ref, 8 * i);
    const [a0, a1, b0, b1] = [of(a), of(at(a, NUMBER_BYTES)), of(b), of(at(b, NUMBER_BYTES))];
    const as = sumOf(body, a0, a1), bs = sumOf(body, b0, b1);
    const [low0, high0, low1, high1] = body.longs(4) as [number, number, number, number];
    const real = columnsOf(a0, b0), imaginary = columnsOf(a1, b1), mixed = columnsOf(as, bs);
    const first: Code = [...get(low0), ...get(high0)], second: Code = [...get(low1), ...get(high1)];
    const [c0, c1] = reduced(
      body,
      [
        () => [{ code: first }, { code: second, minus: true }],
        (column) => [...mixed(column), { code: first, minus: true }, { code: second, minus: true }],
      ],
      (column) => {
        body.emit(summed(real(column)), set(high0), set(low0));
        body.emit(summed(imaginary(column)), set(high1), set(low1));
      },
    ) as [number[], number[]];
    stored(body, body.parameter(0), c0);
    stored(body, at(body.parameter(0), NUMBER_BYTES), c1);
  });
  // (a0 + a1)(a0 − a1) and 2·a0·a1
  assembly.define("sqrPair", 2, (body) => {
    const source = body.parameter(1);
    const a0 = loaded(body, source), a1 = loaded(body, at(source, NUMBER_BYTES));
    const sum = sumOf(body, a0, a1), twice = sumOf(body, a0, a0);
    const difference = body.longs(LIMBS);
    for (const i of INDICES) body.emit(a0(i), a1(i), [OP.SUB], set(difference[i]!));
    const [c0, c1] = reduced(body, [columnsOf(sum, (i) => get(difference[i]!)), columnsOf(twice, a1)]) as [
      number[],
      number[],
    ];
    stored(body, body.parameter(0), c0);
    stored(body, at(body.parameter(0), NUMBER_BYTES), c1);
  });
  // times 1 + u: (a0 − a1, a0 + a1)
  assembly.define("byNonResidue", 2, (body) => {
    const source = body.parameter(1), into = body.parameter(0);
    const [x, y] = body.longs(2) as [number, number];
    for (const i of INDICES) {
      body.emit(load(source, 8 * i), set(x), load(source, NUMBER_BYTES + 8 * i), set(y));
      body.emit(store(into, 8 * i, get(x).concat(get(y), OP.SUB)));
      body.emit(store(into, NUMBER_BYTES + 8 * i, get(x).concat(get(y), OP.ADD)));
    }
  });
}
