/**
 * Reliable multicast of alerts' hashes: a hash that a threshold of guardians signed is confirmed, and whoever has the
 * signatures can convince the others. `aleph-bft-rmc` handler.rs; docs/protocol/03-consensus.md §A9. Kept only for
 * hashes of alerts that we have.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { SignatureChecks } from "../keychain.ts";
import type { Keychain } from "../keychain.ts";
import type { Multicast } from "../messages.ts";
import type { NodeMap } from "../scale.ts";

/**
 * `announce`: to be broadcast now and repeated · `confirmed`: the hash has just reached its threshold · `valid`: false
 * for a bad signature.
 */
export type MulticastOutcome = {
  readonly announce: Multicast | null;
  readonly confirmed: boolean;
  readonly valid: boolean;
};

const NOTHING: MulticastOutcome = { announce: null, confirmed: false, valid: true };
const REFUSED: MulticastOutcome = { ...NOTHING, valid: false };

export class MulticastState {
  readonly #keychain: Keychain;
  readonly #checks: SignatureChecks;
  readonly #peers: number;
  readonly #threshold: number;
  /** Hash as key → signatures by guardian; null once confirmed. */
  readonly #collected = new Map<string, (Bytes | null)[] | null>();

  constructor(keychain: Keychain, checks: SignatureChecks, peers: number, threshold: number) {
    this.#keychain = keychain;
    this.#checks = checks;
    this.#peers = peers;
    this.#threshold = threshold;
  }

  /** Signs the hash (32 bytes) and counts the own signature. */
  start(hash: Bytes): MulticastOutcome {
    if (this.#collected.get(toHex(hash)) === null) return NOTHING;
    const signature = this.#keychain.sign(hash);
    const { index } = this.#keychain;
    const outcome = this.#collect(hash, index, signature);
    return outcome.confirmed
      ? outcome
      : { ...outcome, announce: { tag: "signedHash", value: { hash, index, signature } } };
  }

  #collect(hash: Bytes, index: number, signature: Bytes): MulticastOutcome {
    const key = toHex(hash);
    const signatures = this.#collected.get(key) ?? new Array<Bytes | null>(this.#peers).fill(null);
    signatures[index] = signature;
    this.#collected.set(key, signatures);
    if (signatures.filter((one) => one !== null).length < this.#threshold) return NOTHING;
    return this.#confirm(hash, signatures);
  }

  #confirm(hash: Bytes, signatures: NodeMap<Bytes>): MulticastOutcome {
    this.#collected.set(toHex(hash), null);
    return { announce: { tag: "multisignedHash", value: { hash, signatures } }, confirmed: true, valid: true };
  }

  receive(message: Multicast): MulticastOutcome {
    const { hash } = message.value;
    const isConfirmed = this.#collected.get(toHex(hash)) === null;
    if (message.tag === "multisignedHash") {
      if (isConfirmed) return NOTHING;
      return this.isComplete(hash, message.value.signatures) ? this.#confirm(hash, message.value.signatures) : REFUSED;
    }
    const { index, signature } = message.value;
    if (!this.#checks.valid(index, hash, signature)) return REFUSED;
    return isConfirmed ? NOTHING : this.#collect(hash, index, signature);
  }

  /** A threshold of signatures, and every one is valid. */
  isComplete(hash: Bytes, signatures: NodeMap<Bytes>): boolean {
    if (signatures.filter((one) => one !== null).length < this.#threshold) return false;
    return signatures.every((signature, index) => signature === null || this.#checks.valid(index, hash, signature));
  }
}
