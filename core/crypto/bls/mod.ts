/**
 * BLS12-381. `bls` is our own backend or mcl (`fastest.ts`), loaded before anything that imports this runs; when none
 * can be loaded the program doesn't start. Who wants another asks for it: `await loadBls("noble")`.
 */
import type { BlsBackend } from "./backend.ts";
import { Bls } from "./bls.ts";
import type { Choice } from "./fastest.ts";
import { fastestBackend, loadBackend } from "./fastest.ts";

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
export { hasWideArithmetic, WIDE_FLAG } from "../wasm/probe.ts";

/**
 * A BLS12-381 of its own over the named backend.
 * @throws {WebAssembly.CompileError} "wide" where `hasWideArithmetic` is false
 */
export async function loadBls(name: BlsBackend["name"]): Promise<Bls> {
  return new Bls(await loadBackend(name));
}

const choice: Choice = await fastestBackend();
export const bls: Bls = new Bls(choice.backend);
/** Why `bls` isn't our own backend; null when it is. */
export const blsPassedOver: Choice["passedOver"] = choice.passedOver;
