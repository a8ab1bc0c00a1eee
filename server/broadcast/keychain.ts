/**
 * Signing and checking in the guardians' names, and a memory of what was checked: each distinct signature costs once.
 */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
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

/** Remembers results in two generations: when the younger is full, the older is forgotten. */
export class SignatureChecks {
  readonly #keychain: Keychain;
  #young = new Map<string, boolean>();
  #old = new Map<string, boolean>();

  constructor(keychain: Keychain) {
    this.#keychain = keychain;
  }

  /** @param message what was signed; short (32 bytes or a response's encoding) */
  valid(index: number, message: Uint8Array, signature: Uint8Array): boolean {
    const key = `${index}:${toHex(signature)}${toHex(message)}`;
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known !== undefined) return known;
    const valid = this.#keychain.verify(index, message, signature);
    if (this.#young.size >= CHECKED_SIGNATURES_MAX / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, valid);
    return valid;
  }

  unit(unit: SignedUnit): boolean {
    return this.valid(unit.creator, unit.hash, unit.signature);
  }

  alert(alert: Alert, hash: Bytes, signature: Bytes): boolean {
    return this.valid(alert.sender, hash, signature);
  }
}
