/**
 * What verifies Schnorr signatures: our own code where V8 has wide arithmetic and it gives the known answers, else the
 * backend in use, one signature after the other. Both give the same verdicts, at another speed. Signing is always the
 * backend's, whose time doesn't depend on secrets.
 */
import { errorText } from "../../result.ts";
import { hasWideArithmetic } from "../wasm/probe.ts";
import type { SchnorrVerifier, SecpBackend } from "./backend.ts";
import { fastestSecp } from "./fastest.ts";
import { findFault } from "./known_answers.ts";
import { loadSchnorr } from "./wide/schnorr.ts";

export type VerifierChoice = {
  readonly verifier: SchnorrVerifier;
  /** Why our own isn't in use: V8's flag isn't set, or it failed, and how. */
  readonly passedOver: "no_wide_arithmetic" | { readonly fault: string } | null;
};

/** What broken WebAssembly shows itself by. Another error is a bug of ours, and not passed over. */
const FAULTS = [WebAssembly.CompileError, WebAssembly.RuntimeError];

const loadOwn = hasWideArithmetic() ? loadSchnorr : null;

export function verifierOf(backend: SecpBackend): SchnorrVerifier {
  return {
    name: backend.name,
    batches: false,
    allHold: (checks) =>
      checks.every(({ signature, digest, xOnly }) => backend.schnorrVerify(signature, digest, xOnly)),
    keyVerifier: () => null,
  };
}

/** @param load how our own is made, null where WebAssembly has no wide arithmetic */
export function chooseVerifier(backend: SecpBackend, load: (() => SchnorrVerifier) | null): VerifierChoice {
  if (load === null) return { verifier: verifierOf(backend), passedOver: "no_wide_arithmetic" };
  let fault: string | null;
  try {
    const own = load();
    fault = findFault(own);
    if (fault === null) return { verifier: own, passedOver: null };
  } catch (thrown) {
    if (!FAULTS.some((type) => thrown instanceof type)) throw thrown;
    fault = errorText(thrown);
  }
  return { verifier: verifierOf(backend), passedOver: { fault } };
}

/** So many signatures take the backend as long as it takes to assemble and test our own. */
export const ASSEMBLED_AFTER = 100;

/** A verifier that is chosen late: who verifies a few signatures, as clients do, doesn't pay for more speed. */
export class LateVerifier {
  readonly #backend: SecpBackend;
  readonly #load: (() => SchnorrVerifier) | null;
  readonly #first: SchnorrVerifier;
  #verified = 0;
  #choice: VerifierChoice | null = null;

  constructor(backend: SecpBackend, load: (() => SchnorrVerifier) | null) {
    this.#backend = backend;
    this.#load = load;
    this.#first = verifierOf(backend);
  }

  /** Chosen now, if it wasn't before: for programs that will verify many. */
  chosen(): VerifierChoice {
    return this.#choice ??= chooseVerifier(this.#backend, this.#load);
  }

  /** For so many signatures. */
  next(count: number): SchnorrVerifier {
    if (this.#choice !== null) return this.#choice.verifier;
    this.#verified += count;
    return this.#verified <= ASSEMBLED_AFTER ? this.#first : this.chosen().verifier;
  }
}

/** This process's. */
export const schnorrVerifier: LateVerifier = new LateVerifier(fastestSecp, loadOwn);
