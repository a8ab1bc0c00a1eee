/** The field's arithmetic: see `limbs.ts` for what bounds mean. Nothing here branches on a number. */
import type { Code } from "../../../wasm_code.ts";
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { ADD_128, get, int, load, long, MUL_WIDE_S, OP, set, store } from "../../wasm/assembly.ts";
import { defineByLimbs } from "../../wasm/by_limbs_code.ts";
import { FOLD, HIGH_BITS, HIGH_MASK, LIMB_BITS, LIMB_MASK, LIMBS, NUMBER_BYTES, P, toLimbs } from "./limbs.ts";

const INDICES = Array.from({ length: LIMBS }, (_, i) => i);
const PRIME = toLimbs(P);
/** 2^260 modulo p: what a limb of a product's upper half counts in the lower one. */
const UPPER_FOLD = FOLD << BigInt(LIMBS * LIMB_BITS - 256);

/** Pushes a limb; pushes 128 bits, low half first. */
type Limb = (i: number) => Code;
/** The products that a column of a product consists of. */
type Columns = (column: number) => readonly Code[];

const product = (a: Code, b: Code): Code => [...a, ...b, ...MUL_WIDE_S];
const sum = (parts: readonly Code[]): Code => parts.flatMap((code, i) => i === 0 ? code : [...code, ...ADD_128]);

/** Pairs (i, j) of limbs with i + j = column. */
const pairsOf = (column: number): (readonly [number, number])[] =>
  INDICES.filter((i) => column - i >= 0 && column - i < LIMBS).map((i) => [i, column - i] as const);

const columnsOf = (a: Limb, b: Limb): Columns => (column) => pairsOf(column).map(([i, j]) => product(a(i), b(j)));

/** Columns of a square: each product of two different limbs once, with one of them doubled. */
function squareColumns(body: Body, a: Limb): Columns {
  const twice = body.longs(LIMBS);
  for (const i of INDICES) body.emit(a(i), long(1n), [OP.SHL], set(twice[i]!));
  return (column) =>
    pairsOf(column).filter(([i, j]) => i <= j).map(([i, j]) => product(i === j ? a(i) : get(twice[i]!), a(j)));
}

/**
 * Reduces a product: the upper half's limbs first, from the fourth column's carry on, then the lower half with the
 * upper one folded in, and at last what lies above 2^256 of that.
 * @returns locals of the limbs
 */
function reduced(body: Body, columns: Columns): number[] {
  const [low, high, fourth, left] = body.longs(4) as [number, number, number, number];
  const upper = body.longs(LIMBS), out = body.longs(LIMBS);
  const carry: Code = [...get(low), ...get(high)];
  const keep = (parts: readonly Code[]) => body.emit(sum(parts), set(high), set(low));
  /** Takes the lowest bits away. */
  const shift = (into: number, bits: number, mask: bigint) => {
    body.emit(get(low), long(mask), [OP.AND], set(into));
    body.emit(get(low), long(BigInt(bits)), [OP.SHR_U], get(high), long(BigInt(64 - bits)), [OP.SHL, OP.OR], set(low));
    body.emit(get(high), long(BigInt(bits)), [OP.SHR_S], set(high));
  };
  const highest = LIMBS - 1;
  keep(columns(highest));
  shift(fourth, LIMB_BITS, LIMB_MASK);
  for (let i = 0; i < highest; i++) {
    keep([...columns(LIMBS + i), carry]);
    shift(upper[i]!, LIMB_BITS, LIMB_MASK);
  }
  body.emit(get(low), set(upper[highest]!));
  const folded = (i: number): Code => product(get(upper[i]!), long(UPPER_FOLD));
  for (let i = 0; i < highest; i++) {
    keep([...columns(i), folded(i), ...i === 0 ? [] : [carry]]);
    shift(out[i]!, LIMB_BITS, LIMB_MASK);
  }
  keep([folded(highest), [...get(fourth), ...long(0n)], carry]);
  shift(out[highest]!, HIGH_BITS, HIGH_MASK);
  body.emit(get(low), set(left));
  keep([product(get(left), long(FOLD)), [...get(out[0]!), ...long(0n)]]);
  shift(out[0]!, LIMB_BITS, LIMB_MASK);
  body.emit(get(out[1]!), get(low), [OP.ADD], set(out[1]!));
  return out;
}

/** Reads a number into locals. */
function loaded(body: Body, ref: Ref): Limb {
  const locals = body.longs(LIMBS);
  for (const i of INDICES) body.emit(load(ref, 8 * i), set(locals[i]!));
  return (i) => get(locals[i]!);
}

function stored(body: Body, ref: Ref, limbs: readonly number[]): void {
  for (const i of INDICES) body.emit(store(ref, 8 * i, get(limbs[i]!)));
}

/** `into` comes first and may be one of the operands. */
export function defineField(assembly: Assembly): void {
  assembly.define("mul", 3, (body) => {
    const a = loaded(body, body.parameter(1)), b = loaded(body, body.parameter(2));
    stored(body, body.parameter(0), reduced(body, columnsOf(a, b)));
  });
  // a·b + c·d, reduced once
  assembly.define("mulMul", 5, (body) => {
    const [a, b, c, d] = [1, 2, 3, 4].map((i) => loaded(body, body.parameter(i))) as [Limb, Limb, Limb, Limb];
    const one = columnsOf(a, b), two = columnsOf(c, d);
    stored(body, body.parameter(0), reduced(body, (column) => [...one(column), ...two(column)]));
  });
  // squared `times` times, at least once
  assembly.define("sqrTimes", 3, (body) => {
    const a = body.longs(LIMBS);
    for (const i of INDICES) body.emit(load(body.parameter(1), 8 * i), set(a[i]!));
    body.repeat(2, () => {
      const square = reduced(body, squareColumns(body, (i) => get(a[i]!)));
      for (const i of INDICES) body.emit(get(square[i]!), set(a[i]!));
    });
    stored(body, body.parameter(0), a);
  });
  assembly.define("sqr", 2, (body) => body.call("sqrTimes", body.parameter(0), body.parameter(1), int(1)));
  defineByLimbs(assembly, { widths: [LIMBS], copied: [3 * LIMBS], factors: [2, 3, 8, 21] });
  defineNormal(assembly);
}

/** Carries from limb to limb; what lies above 2^256 is left in the local. */
function carried(body: Body, limbs: readonly number[], left: number): void {
  for (const i of INDICES) {
    const bits = i === LIMBS - 1 ? HIGH_BITS : LIMB_BITS, mask = i === LIMBS - 1 ? HIGH_MASK : LIMB_MASK;
    body.emit(i > 0 ? [...get(limbs[i]!), ...get(left), OP.ADD, ...set(limbs[i]!)] : []);
    body.emit(get(limbs[i]!), long(BigInt(bits)), [OP.SHR_S], set(left));
    body.emit(get(limbs[i]!), long(mask), [OP.AND], set(limbs[i]!));
  }
}

function defineNormal(assembly: Assembly): void {
  const one = assembly.constant(toLimbs(1n));
  // from 0 to p − 1, limbs of 52 bits
  assembly.define("normal", 2, (body) => {
    const frame = body.frame(NUMBER_BYTES), [left, mask] = body.longs(2) as [number, number];
    const limbs = body.longs(LIMBS), less = body.longs(LIMBS);
    // a product is above −2^100 and below 2^256 + 2^100: with p added it isn't negative
    body.call("mul", frame, body.parameter(1), one);
    for (const i of INDICES) body.emit(load(frame, 8 * i), long(PRIME[i]!), [OP.ADD], set(limbs[i]!));
    carried(body, limbs, left);
    body.emit(get(limbs[0]!), get(left), long(FOLD), [OP.MUL, OP.ADD], set(limbs[0]!));
    // now below 2^256 + 2·FOLD: p is taken away where adding FOLD passes 2^256
    for (const i of INDICES) body.emit(get(limbs[i]!), set(less[i]!));
    body.emit(get(less[0]!), long(FOLD), [OP.ADD], set(less[0]!));
    carried(body, less, left);
    body.emit(long(0n), get(left), [OP.SUB], set(mask));
    // where p isn't taken away nothing lies above 2^256 either, and one more round of carries makes limbs of 52 bits
    carried(body, limbs, left);
    for (const i of INDICES) {
      const chosen = [...get(limbs[i]!), ...get(less[i]!), OP.XOR, ...get(mask), OP.AND, ...get(limbs[i]!), OP.XOR];
      body.emit(store(body.parameter(0), 8 * i, chosen));
    }
  });
  // whether it is a multiple of p
  assembly.define("isZero", 1, (body) => {
    const frame = body.frame(NUMBER_BYTES);
    body.call("normal", frame, body.parameter(0));
    body.emit(long(0n), INDICES.flatMap((i) => [...load(frame, 8 * i), OP.OR]), [OP.EQZ]);
  }, true);
}
