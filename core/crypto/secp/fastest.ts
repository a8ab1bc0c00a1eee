/**
 * The backend in use: tiny-secp256k1 once it is loaded, noble until then, and where a process may not read its
 * WebAssembly from the disk (tests without permissions, sandboxes). Both answer alike, at another speed.
 *
 * Loading takes 30 ms of CPU, which who only looks into a wallet doesn't need. So whoever is going to use secret keys
 * awaits `readySecp`: an opening client, a guardian, a gateway. Whoever uses it without having waited begins to load
 * it.
 */
import type { Bytes } from "../../bytes.ts";
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

/** Noble's answers until the other backend is loaded, from its first use on. */
export class LateSecp implements SecpBackend {
  readonly #load: () => Promise<SecpBackend | null>;
  #loading: Promise<void> | null = null;
  #backend: SecpBackend = nobleSecp;

  /** @param load called once; null where noble is to stay */
  constructor(load: () => Promise<SecpBackend | null>) {
    this.#load = load;
  }

  /** Resolves when it is as fast as it gets. Rejects when the backend can't be loaded, which isn't passed over. */
  ready(): Promise<void> {
    return this.#loading ??= this.#load().then((backend) => {
      this.#backend = backend ?? nobleSecp;
    });
  }

  get #now(): SecpBackend {
    // a failure is nobody's to handle here: it ends the process
    if (this.#loading === null) void this.ready();
    return this.#backend;
  }

  get name(): SecpBackend["name"] {
    return this.#backend.name;
  }

  get isLoading(): boolean {
    return this.#loading !== null;
  }

  publicKeyOf(secretKey: Uint8Array): Bytes {
    return this.#now.publicKeyOf(secretKey);
  }

  isPublicKey(bytes: Uint8Array): boolean {
    return this.#now.isPublicKey(bytes);
  }

  addGenerator(point: Uint8Array, t: Uint8Array): Bytes | null {
    return this.#now.addGenerator(point, t);
  }

  add(p: Uint8Array, q: Uint8Array): Bytes | null {
    return this.#now.add(p, q);
  }

  multiply(point: Uint8Array, t: Uint8Array): Bytes {
    return this.#now.multiply(point, t);
  }

  schnorrSign(digest: Uint8Array, secretKey: Uint8Array, auxRand: Uint8Array): Bytes {
    return this.#now.schnorrSign(digest, secretKey, auxRand);
  }

  schnorrVerify(signature: Uint8Array, digest: Uint8Array, xOnly: Uint8Array): boolean {
    return this.#now.schnorrVerify(signature, digest, xOnly);
  }

  ecdsaSign(digest: Uint8Array, secretKey: Uint8Array): Bytes {
    return this.#now.ecdsaSign(digest, secretKey);
  }

  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
    return this.#now.ecdsaVerify(signature, digest, publicKey);
  }
}

/** This process's. */
export const fastestSecp: LateSecp = new LateSecp(tinyIfAllowed);

/** As `LateSecp.ready`, for this process. */
export function readySecp(): Promise<void> {
  return fastestSecp.ready();
}
