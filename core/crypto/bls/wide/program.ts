/** The whole module, put together in a few milliseconds at start: nothing of it is stored. */
import type { Ref } from "../../wasm/assembly.ts";
import { Assembly } from "../../wasm/assembly.ts";
import { defineConversions } from "./convert_code.ts";
import { defineCurve, defineSelect } from "../../wasm/curve_code.ts";
import { defineField, definePairProduct } from "./field_code.ts";
import { G1, G2 } from "./groups.ts";
import { P, toLimbs, toMontgomery } from "./limbs.ts";
import { definePairing } from "./pairing_code.ts";
import { defineSplit } from "./split_code.ts";
import { defineSubgroup } from "./subgroup_code.ts";
import { defineTower, pairConstant, powersOf, STEP_INVERSE } from "./tower_code.ts";

/** A cube root of one: that for which φ(x, y) = (β·x, y) multiplies points of G1 by −x² for the curve's parameter. */
export const BETA = 0x5f19672fdf76ce51ba69c6076a0f77eaddb3a93be6f89688de17d813620a00022e01fffffffefffen;

/** Where the module finds what it computes with, in memory. */
export type Constants = { readonly [name in keyof ReturnType<typeof constants>]: number };

function constants(assembly: Assembly) {
  const number = (value: bigint): Ref => assembly.constant(toLimbs(toMontgomery(value)));
  const backwards = powersOf(STEP_INVERSE);
  return {
    one: number(1n),
    four: number(4n),
    /** 1/2 */
    half: number((P + 1n) / 2n),
    beta: number(BETA),
    /** 2^384, in Montgomery's form twice over: times a number that isn't, it gives one that is. */
    upper: number(toMontgomery(1n << 384n)),
    /** As they are, to compare with: p, and the least number whose opposite is smaller. */
    prime: assembly.constant(toLimbs(P)),
    large: assembly.constant(toLimbs((P + 1n) / 2n)),
    /** 4·(1 + u) */
    twistB: pairConstant(assembly, [4n, 4n]),
    /** ψ(x, y) = (conjugate(x)·psiX, conjugate(y)·psiY): (1 + u) to the powers −(p − 1)/3 and −(p − 1)/2. */
    psiX: pairConstant(assembly, backwards[2]!),
    psiY: pairConstant(assembly, backwards[3]!),
  };
}

/** Assembled: code, constants to write into memory, and what of memory multiplication by a secret leaves traces in. */
export type Program = {
  readonly assembly: Assembly;
  readonly constants: Constants;
  readonly traces: { readonly from: number; readonly to: number };
};

export function assemble(): Program {
  const assembly = new Assembly();
  const refs = constants(assembly);
  defineField(assembly);
  definePairProduct(assembly);
  defineConversions(assembly);
  const from = assembly.bytes;
  for (const curve of [G1, G2]) {
    defineCurve(assembly, curve);
    defineSelect(assembly, curve);
  }
  const to = assembly.bytes;
  defineSplit(assembly);
  defineSubgroup(assembly);
  defineTower(assembly);
  definePairing(assembly);
  const addresses = Object.fromEntries(Object.entries(refs).map(([name, { offset }]) => [name, offset]));
  return { assembly, constants: addresses as Constants, traces: { from, to } };
}
