/**
 * Signing and checking in the guardians' names, and a memory of what was checked: each distinct signature costs once.
 */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { Recent } from "../../core/recent.ts";
import { CHECKED_SIGNATURES_MAX } from "./limits.ts";
import type { Alert } from "./messages.ts";
import type { SignedUnit } from "./graph/unit.ts";

/** A guardian's broadcast key and everybody's public ones. docs/protocol/03-consensus.md §A2. */
export interface Keychain {
  /** Our own index. */
  readonly index: number;
  /** 64 bytes. */
  sign(message: Uint8Array): Bytes;
  /** False for an index that is no guardian's. Never throws. */
  verify(index: number, message: Uint8Array, signature: Uint8Array): boolean;
}

export class SignatureChecks {
  readonly #keychain: Keychain;
  readonly #results = new Recent<boolean>(CHECKED_SIGNATURES_MAX / 2);

  constructor(keychain: Keychain) {
    this.#keychain = keychain;
  }

  /** @param message what was signed; short (32 bytes or a response's encoding) */
  valid(index: number, message: Uint8Array, signature: Uint8Array): boolean {
    const key = `${index}:${toHex(signature)}${toHex(message)}`;
    const known = this.#results.get(key);
    if (known !== undefined) return known;
    const valid = this.#keychain.verify(index, message, signature);
    this.#results.set(key, valid);
    return valid;
  }

  unit(unit: SignedUnit): boolean {
    return this.valid(unit.creator, unit.hash, unit.signature);
  }

  alert(alert: Alert, hash: Bytes, signature: Bytes): boolean {
    return this.valid(alert.sender, hash, signature);
  }
}
