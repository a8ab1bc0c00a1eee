/**
 * Signatures of fedimint transactions: BIP340 over the transaction id, one an input.
 * `fedimint-core/src/transaction.rs`.
 */
import type { Bytes } from "../bytes.ts";
import { fromHex, toHex } from "../bytes.ts";
import { firstInvalid, schnorrSign } from "../crypto/mod.ts";
import { encodeHex } from "../encoding/mod.ts";
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";
import type { Transaction, TransactionError } from "./transaction.ts";
import { transaction, transactionIdOf } from "./transaction.ts";

/**
 * @param secretKeys one an input, in order; a key of several inputs stands several times. 32 bytes each. Secret.
 * @param auxRand gives 32 fresh random bytes a call
 * @throws {RangeError} when there are not as many keys as inputs
 */
export function signTransaction(
  parts: Pick<Transaction, "inputs" | "outputs" | "nonce">,
  secretKeys: readonly Bytes[],
  auxRand: () => Bytes,
): Transaction {
  if (secretKeys.length !== parts.inputs.length) {
    throw new RangeError(`${parts.inputs.length} inputs can't be signed by ${secretKeys.length} keys`);
  }
  const message = fromHex(transactionIdOf(parts));
  const signatures = secretKeys.map((key) => schnorrSign(message, key, auxRand()));
  return { ...parts, signatures: { tag: "NaiveMultisig", value: signatures } };
}

/**
 * @param publicKeys what the modules want signed, an input each, in order; 33 bytes, their parity doesn't matter
 * @returns the error that guardians answer: of the first signature that is wrong
 */
export function verifyTransactionSignatures(
  tx: Transaction,
  publicKeys: readonly Bytes[],
): Result<null, TransactionError> {
  if (tx.signatures.tag === "Default") {
    return err({ tag: "UnsupportedSignatureScheme", value: { variant: tx.signatures.value.variant } });
  }
  const signatures = tx.signatures.value;
  if (signatures.length !== publicKeys.length) return err({ tag: "InvalidWitnessLength", value: null });
  const hash = transactionIdOf(tx);
  const message = fromHex(hash);
  const wrong = firstInvalid(
    signatures.map((signature, i) => ({ signature, digest: message, publicKey: publicKeys[i]! })),
  );
  if (wrong === null) return ok(null);
  const [sig, key] = [signatures[wrong]!, publicKeys[wrong]!];
  const facts = { tx: encodeHex(transaction, tx), hash, sig: toHex(sig), key: toHex(key) };
  return err({ tag: "InvalidSignature", value: facts });
}
