/**
 * BLS12-381. `bls` is our own backend, made when it is first used, or mcl (`fastest.ts`), loaded before anything that
 * imports this runs. Who wants another asks for it: `await loadBls("noble")`.
 */
import type { BlsBackend } from "./backend.ts";
import { Bls } from "./bls.ts";
import type { Choice } from "./fastest.ts";
import { backendNow, fastestBackend, loadBackend } from "./fastest.ts";
import { hasWideArithmetic } from "../wasm/probe.ts";

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
  const backend = await loadBackend(name);
  return new Bls(() => backend);
}

/** Why our own backend isn't in use; null when it is. */
export type BlsPassedOver = Choice["passedOver"];

/** Without wide arithmetic mcl, which is loaded before anybody can ask. */
let chosen: Choice | null = hasWideArithmetic() ? null : await fastestBackend(false);

/** Made when a point is first looked at: assembling and testing take 40 ms, which most commands don't need. */
export const bls: Bls = new Bls(() => (chosen ??= backendNow()).backend);

/**
 * Chooses the backend of `bls` now: for programs that run for long, as mcl takes our own one's place here should that
 * fail its test.
 */
export async function readyBls(): Promise<BlsPassedOver> {
  const choice = chosen ?? await fastestBackend();
  // who used it meanwhile has chosen
  return (chosen ??= choice).passedOver;
}
