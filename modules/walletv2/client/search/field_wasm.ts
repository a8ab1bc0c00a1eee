/**
 * Arithmetic modulo secp256k1's prime, p = 2^256 − 2^32 − 977, as a WebAssembly module that is put together here:
 * JavaScript's bigints leave a heap of garbage, and its numbers have no products of 64 bits.
 *
 * A number is nine limbs of 29 bits, 32-bit words in memory, lowest first. `normal`: the limbs are below 2^29, the last
 * one is at most 2^24: the number is below 2^257, but not always below p. `wide`: limbs below 2^31, as `diff` leaves
 * them: one factor of a product may be wide, so that its columns stay below 2^64.
 */
import type { Code } from "../../../../core/wasm_code.ts";
import { get, I32, I64, leb, set, unsignedLeb, wasmModule } from "../../../../core/wasm_code.ts";

export const LIMBS = 9, LIMB_BITS = 29;
/** Bits of the last limb of a number below 2^256. */
const LAST_BITS = 256 - LIMB_BITS * (LIMBS - 1);
const P = (1n << 256n) - (1n << 32n) - 977n;

/** All parameters are addresses of numbers. */
export type FieldFunctions = {
  /** into = a · b, normal; one of the two may be wide. */
  readonly mul: (a: number, b: number, into: number) => void;
  /** into = a − b, wide; both normal. */
  readonly diff: (a: number, b: number, into: number) => void;
  /** into = a − b, normal; both normal. */
  readonly sub: (a: number, b: number, into: number) => void;
  /** into = a − b − c, normal; all normal. */
  readonly subTwo: (a: number, b: number, c: number, into: number) => void;
};

const ADD = 0x7c, SUB = 0x7d, MUL = 0x7e, AND = 0x83, SHL = 0x86, SHR = 0x88;

/** A constant of 64 bits. */
const long = (value: number): Code => {
  // in parts that LEB128 of 32 bits can write
  if (value < 2 ** 30) return [0x42, ...leb(value)];
  return [...long(value >>> 15), ...long(15), SHL, ...long(value & 0x7fff), ADD];
};
/** Limb `i` of the number at a parameter. */
const load = (parameter: number, i: number): Code => [...get(parameter), 0x35, 2, ...unsignedLeb(4 * i)];
const store = (parameter: number, i: number, value: Code): Code => [
  ...get(parameter),
  ...value,
  ...[0x3e, 2, ...unsignedLeb(4 * i)],
];
const masked = (value: Code, bits: number): Code => [...value, ...long(2 ** bits - 1), AND];
const shifted = (value: Code, bits: number): Code => [...value, ...long(bits), SHR];
const plus = (terms: readonly Code[]): Code => terms.flatMap((term, i) => i === 0 ? term : [...term, ADD]);
const times = (value: Code, factor: number): Code => [...value, ...long(factor), MUL];

const indices = Array.from({ length: LIMBS }, (_, i) => i);

/** What a limb has beyond its bits goes to the next one; the last one keeps all. */
const carried = (limbs: readonly number[]): Code =>
  limbs.slice(0, -1).flatMap((limb, i) => {
    const above = limbs[i + 1]!;
    return [
      ...[...plus([get(above), shifted(get(limb), LIMB_BITS)]), ...set(above)],
      ...[...masked(get(limb), LIMB_BITS), ...set(limb)],
    ];
  });

/** Makes limbs normal. 2^256 is 2^32 + 977. @param high local with what counts 2^261 */
const normalized = (limbs: readonly number[], high: number): Code => {
  const [lowest, second] = limbs as [number, number], last = limbs.at(-1)!;
  return [
    ...carried(limbs),
    ...[...get(high), ...long(LIMB_BITS * LIMBS - 256), SHL, ...shifted(get(last), LAST_BITS), ADD, ...set(high)],
    ...[...masked(get(last), LAST_BITS), ...set(last)],
    ...[...plus([get(lowest), times(get(high), 977)]), ...set(lowest)],
    ...[...plus([get(second), times(get(high), 2 ** (32 - LIMB_BITS))]), ...set(second)],
    ...carried(limbs),
  ];
};

const stored = (parameter: number, limbs: readonly number[]): Code =>
  limbs.flatMap((limb, i) => store(parameter, i, get(limb)));

const mulBody = (): Code => {
  const A = 0, B = 1, INTO = 2;
  const a = indices.map((i) => 3 + i), b = indices.map((i) => 12 + i), low = indices.map((i) => 21 + i);
  const high = indices.map((i) => 30 + i), CARRY = 39;
  const product = [...low, ...high];
  const columns = product.slice(0, -1).flatMap((limb, k) => {
    const pairs = indices.filter((i) => k - i >= 0 && k - i < LIMBS);
    const products = pairs.map((i) => [...get(a[i]!), ...get(b[k - i]!), MUL]);
    return [
      ...[...plus([get(CARRY), ...products]), ...set(CARRY)],
      ...[...masked(get(CARRY), LIMB_BITS), ...set(limb)],
      ...[...shifted(get(CARRY), LIMB_BITS), ...set(CARRY)],
    ];
  });
  // 2^261 is 2^37 + 31,264: the upper half counts so much of the lower one, and of the limb above
  const folded = low.flatMap((limb, i) => [
    ...plus([get(limb), times(get(high[i]!), 977 << 5), ...i > 0 ? [times(get(high[i - 1]!), 2 ** 8)] : []]),
    ...set(limb),
  ]);
  return [
    ...indices.flatMap((i) => [...load(A, i), ...set(a[i]!), ...load(B, i), ...set(b[i]!)]),
    ...columns,
    ...[...get(CARRY), ...set(high.at(-1)!)],
    ...folded,
    ...[...times(get(high.at(-1)!), 2 ** 8), ...set(CARRY)],
    ...normalized(low, CARRY),
    ...stored(INTO, low),
  ];
};

/** A multiple of p whose limbs are at least those of a normal number. */
const PADDING: readonly number[] = indices.map((i) => {
  const limb = Number(BigInt.asUintN(LIMB_BITS, 4n * P >> BigInt(LIMB_BITS * i)));
  // each limb borrows from the one above
  return limb + (i < LIMBS - 1 ? 2 ** LIMB_BITS : 0) - (i > 0 ? 1 : 0);
});

/** Parameters `b`, from 1 on, taken from the first. */
const differenceOf = (subtracted: number) => (i: number): Code => {
  let value = plus([load(0, i), long(subtracted * PADDING[i]!)]);
  for (let b = 1; b <= subtracted; b++) value = [...value, ...load(b, i), SUB];
  return value;
};

const diffBody = (): Code => indices.flatMap((i) => store(2, i, differenceOf(1)(i)));

const subBody = (subtracted: number): Code => {
  const INTO = subtracted + 1, limbs = indices.map((i) => INTO + 1 + i), HIGH = INTO + 1 + LIMBS;
  return [
    ...limbs.flatMap((limb, i) => [...differenceOf(subtracted)(i), ...set(limb)]),
    ...normalized(limbs, HIGH),
    ...stored(INTO, limbs),
  ];
};

/** Exports the field's functions and `memory`. */
export function fieldModule(pages: number): Uint8Array<ArrayBuffer> {
  const of = (name: string, parameters: number, locals: number, body: Code) => ({
    name,
    parameters: Array<number>(parameters).fill(I32),
    results: [],
    locals: locals > 0 ? [[locals, I64] as const] : [],
    body,
  });
  return wasmModule([
    of("mul", 3, 4 * LIMBS + 1, mulBody()),
    of("diff", 3, 0, diffBody()),
    of("sub", 3, LIMBS + 1, subBody(1)),
    of("subTwo", 4, LIMBS + 1, subBody(2)),
  ], pages);
}
