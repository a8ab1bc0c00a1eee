/**
 * BLS12-381. `bls` is mcl, loaded before anything that imports this runs; when it can't be loaded the program doesn't
 * start. Who wants the reference asks for it: `await loadBls("noble")`.
 */
import { unreachable } from "../../assert.ts";
import { Bls } from "./bls.ts";
import { loadMcl } from "./mcl.ts";
import { nobleBls } from "./noble.ts";

export { Bls, Group } from "./bls.ts";
export type { G1, G2, Scalar } from "./types.ts";
export { G1_BYTES, G2_BYTES, SCALAR_BYTES } from "./types.ts";
export {
  addScalars,
  decodeScalar,
  invertScalar,
  lagrangeFactors,
  ORDER,
  scalarFromBigInt,
  scalarFromWide,
} from "./scalar.ts";
export { randomG1, randomScalar } from "./random_g1.ts";

/** A BLS12-381 of its own over the named library. */
export async function loadBls(name: "mcl" | "noble"): Promise<Bls> {
  switch (name) {
    case "mcl":
      return new Bls(await loadMcl());
    case "noble":
      return new Bls(nobleBls);
    default:
      return unreachable(name);
  }
}

export const bls: Bls = await loadBls("mcl");
