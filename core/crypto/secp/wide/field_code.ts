/**
 * The field's arithmetic, in either form: see `limbs.ts` and `form.ts` for what bounds mean. Nothing here branches on a
 * number.
 */
import type { Code } from "../../../wasm_code.ts";
import type { Assembly, Body, Ref } from "../../wasm/assembly.ts";
import { get, int, load, long, OP, set, store } from "../../wasm/assembly.ts";
import { defineByLimbs } from "../../wasm/by_limbs_code.ts";
import type { FieldForm } from "./form.ts";
import { limbsIn } from "./form.ts";
import { FOLD, P } from "./limbs.ts";

/** Pushes a limb; pushes a column of a product, of two words the lower one first. */
type Limb = (i: number) => Code;
/** The products that a column of a product consists of. */
type Columns = (column: number) => readonly Code[];

export function indicesOf({ limbs }: FieldForm): number[] {
  return Array.from({ length: limbs }, (_, i) => i);
}

/** The bits of a form's limb. */
const bitsOf = ({ limbs, limbBits, highBits }: FieldForm, i: number): number => i === limbs - 1 ? highBits : limbBits;
const maskOf = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

const product = ({ multiply }: FieldForm, a: Code, b: Code): Code => [...a, ...b, ...multiply];

/** Pairs (i, j) of limbs with i + j = column. */
const pairsOf = ({ limbs }: FieldForm, column: number): (readonly [number, number])[] =>
  Array.from({ length: limbs }, (_, i) => [i, column - i] as const).filter(([, j]) => j >= 0 && j < limbs);

const columnsOf = (form: FieldForm, a: Limb, b: Limb): Columns => (column) =>
  pairsOf(form, column).map(([i, j]) => product(form, a(i), b(j)));

/** Columns of a square: each product of two different limbs once, with one of them doubled. */
function squareColumns(body: Body, form: FieldForm, a: Limb): Columns {
  const twice = body.longs(form.limbs);
  for (const i of indicesOf(form)) body.emit(a(i), long(1n), [OP.SHL], set(twice[i]!));
  return (column) =>
    pairsOf(form, column).filter(([i, j]) => i <= j)
      .map(([i, j]) => product(form, i === j ? a(i) : get(twice[i]!), a(j)));
}

/** A column while it is added up, and what it carries. */
class Column {
  readonly #body: Body;
  readonly #form: FieldForm;
  readonly #low: number;
  readonly #high: number;

  constructor(body: Body, form: FieldForm) {
    this.#body = body;
    this.#form = form;
    [this.#low, this.#high] = body.longs(2) as [number, number];
  }

  get carry(): Code {
    return this.#form.columnIsPair ? [...get(this.#low), ...get(this.#high)] : get(this.#low);
  }

  /** The carry, when it is small. */
  get low(): Code {
    return get(this.#low);
  }

  /** A limb as one of the parts; not negative. */
  part(limb: Code): Code {
    return this.#form.columnIsPair ? [...limb, ...long(0n)] : limb;
  }

  keep(parts: readonly Code[]): void {
    this.#body.emit(parts.flatMap((code, i) => i === 0 ? code : [...code, ...this.#form.add]));
    this.#body.emit(this.#form.columnIsPair ? set(this.#high) : [], set(this.#low));
  }

  /** Takes the lowest bits away. */
  shift(into: number, bits: number): void {
    const low = this.#low, high = this.#high;
    this.#body.emit(get(low), long(maskOf(bits)), [OP.AND], set(into));
    if (!this.#form.columnIsPair) return this.#body.emit(get(low), long(BigInt(bits)), [OP.SHR_S], set(low));
    const fromHigh = [...get(high), ...long(BigInt(64 - bits)), OP.SHL, OP.OR];
    this.#body.emit(get(low), long(BigInt(bits)), [OP.SHR_U], fromHigh, set(low));
    this.#body.emit(get(high), long(BigInt(bits)), [OP.SHR_S], set(high));
  }
}

/**
 * Reduces a product: the upper half's limbs first, from the middle column's carry on, then the lower half with the
 * upper one folded in, and at last what lies above 2^256 of that.
 * @returns locals of the limbs
 */
function reduced(body: Body, form: FieldForm, columns: Columns): number[] {
  const { limbs, limbBits, highBits, fold } = form, highest = limbs - 1;
  const column = new Column(body, form), [middle, left] = body.longs(2) as [number, number];
  const upper = body.longs(limbs), out = body.longs(limbs);
  // what a limb of the upper half counts in the lower one is `fold`, so many bits further up
  const more = BigInt(limbs * limbBits - 256);
  column.keep(columns(highest));
  column.shift(middle, limbBits);
  for (let i = 0; i < highest; i++) {
    column.keep([...columns(limbs + i), column.carry]);
    column.shift(upper[i]!, limbBits);
  }
  body.emit(column.low, set(upper[highest]!));
  const folded = (i: number): readonly Code[] =>
    fold.flatMap((factor, at) => at > i ? [] : [product(form, get(upper[i - at]!), long(factor << more))]);
  for (let i = 0; i < highest; i++) {
    column.keep([...columns(i), ...folded(i), ...i === 0 ? [] : [column.carry]]);
    column.shift(out[i]!, limbBits);
  }
  column.keep([...folded(highest), column.part(get(middle)), column.carry]);
  column.shift(out[highest]!, highBits);
  body.emit(column.low);
  for (const [at, factor] of fold.entries()) {
    if (at > 0) body.emit(get(upper[limbs - at]!), long(factor << 2n * more), [OP.MUL, OP.ADD]);
  }
  body.emit(set(left));
  for (const [i, factor] of fold.entries()) {
    column.keep([product(form, get(left), long(factor)), column.part(get(out[i]!)), ...i === 0 ? [] : [column.carry]]);
    column.shift(out[i]!, limbBits);
  }
  const next = out[fold.length]!;
  body.emit(get(next), column.low, [OP.ADD], set(next));
  return out;
}

/** Reads a number into locals. */
function loaded(body: Body, form: FieldForm, ref: Ref): Limb {
  const locals = body.longs(form.limbs);
  for (const i of indicesOf(form)) body.emit(load(ref, 8 * i), set(locals[i]!));
  return (i) => get(locals[i]!);
}

function stored(body: Body, form: FieldForm, ref: Ref, limbs: readonly number[]): void {
  for (const i of indicesOf(form)) body.emit(store(ref, 8 * i, get(limbs[i]!)));
}

/** Numbers in locals, for a function that computes much with few of them. */
export type InlineMath = {
  readonly assign: (into: readonly number[], limb: Limb) => void;
  readonly copy: (into: readonly number[], from: readonly number[]) => void;
  readonly store: (into: Ref, from: readonly number[]) => void;
  /** New ones, as what follows. */
  readonly number: (limb: Limb) => number[];
  readonly mul: (a: readonly number[], b: readonly number[]) => number[];
  readonly sqr: (a: readonly number[]) => number[];
};

export function inline(body: Body, form: FieldForm): InlineMath {
  const limbOf = (number: readonly number[]): Limb => (i) => get(number[i]!);
  const assign = (into: readonly number[], limb: Limb): void => {
    for (const i of indicesOf(form)) body.emit(limb(i), set(into[i]!));
  };
  return {
    assign,
    copy: (into, from) => assign(into, limbOf(from)),
    store: (into, from) => stored(body, form, into, from),
    number: (limb) => {
      const number = body.longs(form.limbs);
      assign(number, limb);
      return number;
    },
    mul: (a, b) => reduced(body, form, columnsOf(form, limbOf(a), limbOf(b))),
    sqr: (a) => reduced(body, form, squareColumns(body, form, limbOf(a))),
  };
}

/** `into` comes first and may be one of the operands. */
export function defineField(assembly: Assembly, form: FieldForm): void {
  const { limbs } = form, indices = indicesOf(form);
  assembly.define("mul", 3, (body) => {
    const a = loaded(body, form, body.parameter(1)), b = loaded(body, form, body.parameter(2));
    stored(body, form, body.parameter(0), reduced(body, form, columnsOf(form, a, b)));
  });
  // a·b + c·d, reduced once
  assembly.define("mulMul", 5, (body) => {
    const [a, b, c, d] = [1, 2, 3, 4].map((i) => loaded(body, form, body.parameter(i))) as [Limb, Limb, Limb, Limb];
    const one = columnsOf(form, a, b), two = columnsOf(form, c, d);
    stored(body, form, body.parameter(0), reduced(body, form, (column) => [...one(column), ...two(column)]));
  });
  // squared `times` times, at least once
  assembly.define("sqrTimes", 3, (body) => {
    const a = body.longs(limbs);
    for (const i of indices) body.emit(load(body.parameter(1), 8 * i), set(a[i]!));
    body.repeat(2, () => {
      const square = reduced(body, form, squareColumns(body, form, (i) => get(a[i]!)));
      for (const i of indices) body.emit(get(square[i]!), set(a[i]!));
    });
    stored(body, form, body.parameter(0), a);
  });
  assembly.define("sqr", 2, (body) => body.call("sqrTimes", body.parameter(0), body.parameter(1), int(1)));
  defineByLimbs(assembly, { widths: [limbs], copied: [3 * limbs], factors: [2, 3, 8, 21] });
  defineNormal(assembly, form);
}

/** Carries from limb to limb; what lies above 2^256 is left in the local. */
function carried(body: Body, form: FieldForm, limbs: readonly number[], left: number): void {
  for (const i of indicesOf(form)) {
    const bits = bitsOf(form, i);
    body.emit(i > 0 ? [...get(limbs[i]!), ...get(left), OP.ADD, ...set(limbs[i]!)] : []);
    body.emit(get(limbs[i]!), long(BigInt(bits)), [OP.SHR_S], set(left));
    body.emit(get(limbs[i]!), long(maskOf(bits)), [OP.AND], set(limbs[i]!));
  }
}

function defineNormal(assembly: Assembly, form: FieldForm): void {
  const one = assembly.constant(limbsIn(form, 1n)), prime = limbsIn(form, P), indices = indicesOf(form);
  // from 0 to p − 1, limbs of the form's bits
  assembly.define("normal", 2, (body) => {
    const frame = body.frame(form.numberBytes), [left, mask] = body.longs(2) as [number, number];
    const limbs = body.longs(form.limbs), less = body.longs(form.limbs);
    // a product is above −2^100 and below 2^256 + 2^100: with p added it isn't negative
    body.call("mul", frame, body.parameter(1), one);
    for (const i of indices) body.emit(load(frame, 8 * i), long(prime[i]!), [OP.ADD], set(limbs[i]!));
    carried(body, form, limbs, left);
    body.emit(get(limbs[0]!), get(left), long(FOLD), [OP.MUL, OP.ADD], set(limbs[0]!));
    // now below 2^256 + 2·FOLD: p is taken away where adding FOLD passes 2^256
    for (const i of indices) body.emit(get(limbs[i]!), set(less[i]!));
    body.emit(get(less[0]!), long(FOLD), [OP.ADD], set(less[0]!));
    carried(body, form, less, left);
    body.emit(long(0n), get(left), [OP.SUB], set(mask));
    // where p isn't taken away nothing lies above 2^256 either, and one more round of carries makes limbs of their bits
    carried(body, form, limbs, left);
    for (const i of indices) {
      const chosen = [...get(limbs[i]!), ...get(less[i]!), OP.XOR, ...get(mask), OP.AND, ...get(limbs[i]!), OP.XOR];
      body.emit(store(body.parameter(0), 8 * i, chosen));
    }
  });
  // whether it is a multiple of p
  assembly.define("isZero", 1, (body) => {
    const frame = body.frame(form.numberBytes);
    body.call("normal", frame, body.parameter(0));
    body.emit(long(0n), indices.flatMap((i) => [...load(frame, 8 * i), OP.OR]), [OP.EQZ]);
  }, true);
}
