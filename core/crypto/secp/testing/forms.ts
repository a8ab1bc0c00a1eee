/** For tests of what is written once for both forms of the field's arithmetic. */
import { assertEquals } from "@std/assert";
import { Assembly } from "../../wasm/assembly.ts";
import { joinLimbs } from "../../wasm/limbs.ts";
import { Memory } from "../../wasm/memory.ts";
import { hasWideArithmetic, WIDE_FLAG } from "../../wasm/probe.ts";
import { defineField } from "../wide/field_code.ts";
import type { FieldForm } from "../wide/form.ts";
import { limbsIn, NARROW, WIDE } from "../wide/form.ts";
import { definePowers } from "../wide/power_code.ts";
import { modP } from "./wide.ts";

/** A test for each form; the wide one only where V8 has its arithmetic. */
export function testForms(name: string, body: (form: FieldForm) => void): void {
  const can = hasWideArithmetic(), why = can ? "" : ` (needs DENO_V8_FLAGS=${WIDE_FLAG})`;
  Deno.test({ name: `${name}: wide${why}`, ignore: !can, fn: () => body(WIDE) });
  Deno.test(`${name}: narrow`, () => body(NARROW));
}

type Unary = (into: number, a: number) => void;
type Binary = (into: number, a: number, b: number) => void;

/** By their names without limbs. */
type Operations =
  & { readonly [name in "mul" | "add" | "sub"]: Binary }
  & { readonly [name in "sqr" | "neg" | "normal" | "power" | "inverse"]: Unary }
  & {
    readonly sqrTimes: Binary;
    readonly mulMul: (into: number, ...factors: [number, number, number, number]) => void;
    readonly isZero: (a: number) => number;
  };

/** The field in a form, with places for some numbers. */
export function fieldOf(form: FieldForm) {
  const assembly = new Assembly(), { limbs, limbBits, highBits, numberBytes } = form;
  defineField(assembly, form);
  definePowers(assembly, form);
  const memory = new Memory<{ memory: WebAssembly.Memory }>(assembly), first = memory.reserve(8 * numberBytes);
  const exports = memory.run as unknown as Operations & Record<string, Binary & Unary>;
  const at = (i: number): number => first + i * numberBytes;
  const limbsOf = (i: number): BigInt64Array => memory.words.subarray(at(i) / 8, at(i) / 8 + limbs);
  const raw = (i: number): bigint => joinLimbs(limbsOf(i), limbs, limbBits);
  return {
    at,
    limbsOf,
    /** The number whose limbs lie there, as it is. */
    raw,
    write: (i: number, value: bigint): void => limbsOf(i).set(limbsIn(form, value)),
    run: {
      ...exports,
      add: exports[`add${limbs}`]!,
      sub: exports[`sub${limbs}`]!,
      neg: exports[`neg${limbs}`]!,
    } as Operations,
    /** What limb `i` of a number with a bound of 1 stays below. */
    limit: (i: number): bigint =>
      (1n << BigInt(i === limbs - 1 ? highBits : limbBits)) + (1n << (form === WIDE ? 40n : 20n)),
    /** Modulo p, which is what `normal` gives as well. */
    value: (i: number): bigint => {
      exports.normal!(at(7), at(i));
      assertEquals(raw(7), modP(raw(i)));
      return raw(7);
    },
  };
}
