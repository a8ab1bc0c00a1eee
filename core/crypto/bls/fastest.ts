/**
 * The backend in use: our own where V8 has wide arithmetic and it gives the known answers, mcl elsewhere. Both answer
 * alike, at another speed.
 */
import { unreachable } from "../../assert.ts";
import { errorText } from "../../result.ts";
import { CryptoError } from "../error.ts";
import type { BlsBackend } from "./backend.ts";
import { findFault } from "./known_answers.ts";
import { nobleBls } from "./noble.ts";
import { hasWideArithmetic } from "../wasm/probe.ts";
import { loadWide } from "./wide/wide.ts";

export type Choice = {
  readonly backend: BlsBackend;
  /** Why our own isn't in use: V8's flag isn't set, or it failed, and how. */
  readonly passedOver: "no_wide_arithmetic" | { readonly fault: string } | null;
};

/** What broken WebAssembly shows itself by. Another error is a bug of ours, and not passed over. */
const FAULTS = [WebAssembly.CompileError, WebAssembly.RuntimeError, CryptoError];

/** Each call makes an instance with its own memory. What isn't used isn't loaded: mcl takes 80 ms of a start. */
export async function loadBackend(name: BlsBackend["name"]): Promise<BlsBackend> {
  switch (name) {
    case "wide":
      return loadWide();
    case "mcl":
      return await (await import("./mcl.ts")).loadMcl();
    case "noble":
      return nobleBls;
    default:
      return unreachable(name);
  }
}

/** @param loadOwn how our own is made, where WebAssembly has wide arithmetic */
export async function fastestBackend(
  hasWide: boolean = hasWideArithmetic(),
  loadOwn: () => BlsBackend = loadWide,
): Promise<Choice> {
  if (!hasWide) return { backend: await loadBackend("mcl"), passedOver: "no_wide_arithmetic" };
  const tried = triedBackend(loadOwn);
  if (typeof tried !== "string") return { backend: tried, passedOver: null };
  return { backend: await loadBackend("mcl"), passedOver: { fault: tried } };
}

/**
 * At once, where WebAssembly has wide arithmetic, for who can't wait as long as mcl takes to load: where our own code
 * errs noble computes, slowly and right.
 */
export function backendNow(loadOwn: () => BlsBackend = loadWide): Choice {
  const tried = triedBackend(loadOwn);
  if (typeof tried !== "string") return { backend: tried, passedOver: null };
  return { backend: nobleBls, passedOver: { fault: tried } };
}

/** A backend that gives the known answers, or what is wrong with it. */
function triedBackend(load: () => BlsBackend): BlsBackend | string {
  try {
    const backend = load();
    return findFault(backend) ?? backend;
  } catch (thrown) {
    if (!FAULTS.some((type) => thrown instanceof type)) throw thrown;
    return errorText(thrown);
  }
}
