/**
 * The backend in use: tiny-secp256k1, or noble where a process may not read its WebAssembly from the disk (tests
 * without permissions, sandboxes). Both answer alike, at another speed.
 */
import type { SecpBackend } from "./backend.ts";
import { nobleSecp } from "./noble.ts";

/**
 * How runtimes call it that a file may not be read. A file that is missing or broken is another error, and not passed
 * over.
 */
const NOT_ALLOWED = ["NotCapable", "PermissionDenied"];

/** Null where the process may not read it. */
async function tinyIfAllowed(): Promise<SecpBackend | null> {
  try {
    return (await import("./tiny.ts")).tinySecp;
  } catch (thrown) {
    if (thrown instanceof Error && NOT_ALLOWED.includes(thrown.name)) return null;
    throw thrown;
  }
}

export const fastestSecp: SecpBackend = await tinyIfAllowed() ?? nobleSecp;
