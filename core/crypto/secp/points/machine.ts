/**
 * Points of secp256k1 by the list: the module for either form of arithmetic, put together when it is first needed, and
 * what is done with it from outside. Variable time.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { assert } from "../../../assert.ts";
import type { Bytes } from "../../../bytes.ts";
import { Assembly } from "../../wasm/assembly.ts";
import { joinLimbs } from "../../wasm/limbs.ts";
import type { Address } from "../../wasm/memory.ts";
import { Memory } from "../../wasm/memory.ts";
import { hasWideArithmetic } from "../../wasm/probe.ts";
import { defineSha256 } from "../../wasm/sha256_code.ts";
import { defineField } from "../wide/field_code.ts";
import type { FieldForm } from "../wide/form.ts";
import { limbsIn, NARROW, WIDE } from "../wide/form.ts";
import { definePowers } from "../wide/power_code.ts";
import { defineCompressed, defineSorted } from "./compressed_code.ts";
import { defineMultiples } from "./multiples_code.ts";
import { defineSums } from "./sums_code.ts";

/** The last parameters of `sums`, `choose` and `sorted` are the functions' own. */
type Functions = {
  readonly memory: WebAssembly.Memory;
  readonly sums: (
    ...of: [
      ...[addends: Address, step: number, points: Address, into: Address, scratch: Address, count: number, own: 0],
    ]
  ) => 0 | 1;
  readonly twice: (into: Address, point: Address) => void;
  readonly normals: (numbers: Address, count: number) => void;
  readonly prepare: (scalars: Address, count: number) => void;
  readonly choose: (
    ...of: [into: Address, scalars: Address, table: Address, count: number, bit: number, own: 0]
  ) => void;
  readonly compressed: (into: Address, point: Address) => void;
  readonly less: (key: Address, other: Address) => 0 | 1;
  readonly sorted: (...of: [into: Address, step: number, keys: Address, count: number, own: 0, other: 0]) => void;
  readonly sha256Begin: () => void;
} & { readonly [name in "sha256Block" | "sha256Digests" | "sha256Numbers"]: (at: Address, stride: number) => void };

/** So many points, `step` bytes from one to the next: of all the same one, 0. */
export type Points = { readonly at: Address; readonly step: number };

/** The form that this process's WebAssembly computes fastest in. */
export function fastestForm(): FieldForm {
  return hasWideArithmetic() ? WIDE : NARROW;
}

/** Affine points: x and behind it y. */
export class PointMachine extends Memory<Functions> {
  readonly form: FieldForm;
  readonly pointBytes: number;

  constructor(form: FieldForm) {
    const assembly = new Assembly();
    defineField(assembly, form);
    definePowers(assembly, form);
    defineSums(assembly, form);
    defineMultiples(assembly, form);
    defineCompressed(assembly, form);
    defineSorted(assembly);
    defineSha256(assembly);
    super(assembly);
    this.form = form;
    this.pointBytes = 2 * form.numberBytes;
  }

  /** @param point not infinity */
  writePoint(into: Address, point: InstanceType<typeof secp256k1.Point>): void {
    const { x, y } = point.toAffine();
    for (const [i, coordinate] of [x, y].entries()) {
      this.words.set(limbsIn(this.form, coordinate), (into + i * this.form.numberBytes) / 8);
    }
  }

  /** 33 bytes, a point of the curve. */
  writeKey(into: Address, key: Bytes): void {
    this.writePoint(into, secp256k1.Point.fromBytes(key));
  }

  /** Numbers that are from 0 to p − 1. */
  readPoint(point: Address): { readonly x: bigint; readonly y: bigint } {
    const { limbs, limbBits, numberBytes } = this.form;
    const [x, y] = [point, point + numberBytes].map((at) =>
      joinLimbs(this.words.subarray(at / 8, at / 8 + limbs), limbs, limbBits)
    ) as [bigint, bigint];
    return { x, y };
  }

  /**
   * Addends + points, into others or the same.
   * @param scratch space for as many points
   * @throws {InvariantError} when of a pair the two are equal or opposite
   */
  add(addends: Points, points: Address, into: Address, scratch: Address, count: number): void {
    const met = this.run.sums(addends.at, addends.step, points, into, scratch, count, 0);
    assert(met === 0, "points of a pair differ in x");
  }
}
