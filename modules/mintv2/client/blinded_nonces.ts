/**
 * Blinded nonces of notes that were asked for: each costs two multiplications, and is needed when the note is asked for
 * and again when guardians have signed it. What a process asked for itself it needn't compute twice.
 */
import type { G1 } from "../../../core/crypto/bls/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { blindedNonce } from "./issuance.ts";
import { BLINDED_KEPT_MAX } from "../limits.ts";

export class BlindedNonces {
  readonly #kept = new Map<string, G1>();
  readonly #blind: (request: NoteIssuanceRequest) => G1;

  constructor(blind: (request: NoteIssuanceRequest) => G1 = (request) => blindedNonce(request)) {
    this.#blind = blind;
  }

  /** Kept until it is taken, or many newer ones are there. */
  make(request: NoteIssuanceRequest): G1 {
    const key = keyOf(request), known = this.#kept.get(key);
    if (known !== undefined) return known;
    const blinded = this.#blind(request);
    this.#kept.set(key, blinded);
    if (this.#kept.size > BLINDED_KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!);
    return blinded;
  }

  /** Forgets it: the note is signed. */
  take(request: NoteIssuanceRequest): G1 {
    const key = keyOf(request), known = this.#kept.get(key);
    this.#kept.delete(key);
    return known ?? this.#blind(request);
  }
}

/** A wallet's requests of one denomination and tweak are the same: its secret makes all else of them. */
function keyOf({ denomination, tweak }: NoteIssuanceRequest): string {
  return `${denomination} ${toHex(tweak)}`;
}
