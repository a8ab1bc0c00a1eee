/**
 * Transactions whose signatures were found good. A guardian verifies one from a client, at each of its checks and in
 * consensus: once is enough.
 *
 * A verdict is of all that it depends on: the transaction's id, each key that must sign and each signature, which the
 * id doesn't cover; the hash of all of it is compared whole. Only what holds is remembered, so nobody can have a good
 * transaction refused. There is one verdict for each first input: whoever wants to have others' forgotten needs as many
 * inputs that guardians accept, and signs as often as he likes with one of them for nothing.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../core/bytes.ts";
import { bytes, encode, list, struct } from "../../../core/encoding/mod.ts";
import { Recent } from "../../../core/recent.ts";
import type { Result } from "../../../core/result.ts";
import { ok } from "../../../core/result.ts";
import { dyn } from "../../../core/types/dyn.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import { transactionId } from "../../../core/types/ids.ts";
import type { Transaction, TransactionError } from "../../../core/types/transaction.ts";
import { verifyTransactionSignatures } from "../../../core/types/transaction_signing.ts";
import { SIGNED_REMEMBERED_MIN } from "../limits.ts";

/** What a verdict depends on. */
const signed = struct("Signed", { txid: transactionId, keys: list(bytes), signatures: list(bytes) });

export class SignatureVerdicts {
  /** Of the first input: the hash of what holds. */
  readonly #valid: Recent<string>;

  /** @param rememberedMin so many verdicts are kept at least, and never more than twice as many */
  constructor(rememberedMin = SIGNED_REMEMBERED_MIN) {
    this.#valid = new Recent(rememberedMin);
  }

  /** As `verifyTransactionSignatures`, at the cost of a hash where these signatures were verified before. */
  verify(txid: TransactionId, tx: Transaction, keys: readonly Bytes[]): Result<null, TransactionError> {
    const [first] = tx.inputs;
    if (!first || tx.signatures.tag === "Default") return verifyTransactionSignatures(tx, keys);
    const place = sha256(encode(dyn, first)).toBase64();
    const what = sha256(encode(signed, { txid, keys: [...keys], signatures: tx.signatures.value })).toBase64();
    if (this.#valid.get(place) === what) return ok(null);
    const verdict = verifyTransactionSignatures(tx, keys);
    if (verdict.ok) this.#valid.set(place, what);
    return verdict;
  }
}
