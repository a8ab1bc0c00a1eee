/** Transactions as `types.json` and `secp.json` hold them: encoding, id, signatures, and the ones that are refused. */
import type { Bytes } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import { publicKeyOf, xOnlyOf } from "../../core/crypto/mod.ts";
import { encodeHex, moduleEncoding } from "../../core/encoding/mod.ts";
import { dyn } from "../../core/types/dyn.ts";
import { transactionId } from "../../core/types/ids.ts";
import type { Transaction } from "../../core/types/transaction.ts";
import { transaction, transactionError, transactionIdOf, transactionSignature } from "../../core/types/transaction.ts";
import { signTransaction, verifyTransactionSignatures } from "../../core/types/transaction_signing.ts";
import type { Report } from "./checker.ts";
import type { Fields } from "./fields.ts";

/**
 * The keys that sign a transaction's inputs, by its id: a refused transaction is a variation of one that isn't, and has
 * no keys of its own.
 */
export type KnownKeys = Map<string, readonly Bytes[]>;

function checkId(report: Report, fields: Fields, tx: Transaction): void {
  report.equal("txid", transactionIdOf(tx), fields.text("txid"));
  report.equal("encoded txid", encodeHex(transactionId, transactionIdOf(tx)), fields.text("txid"));
  report.equal("signatures", encodeHex(transactionSignature, tx.signatures), fields.text("signatures"));
  report.roundTrip(transactionSignature, fields.text("signatures"));
}

/** Whole transactions are built from their parts and signed again. */
export function checkTransaction(report: Report, fields: Fields, known: KnownKeys): void {
  const tx = report.roundTrip(transaction, fields.text("hex"));
  checkId(report, fields, tx);
  if (fields.has("error")) return checkRefused(report, fields, tx, known);
  const inputs = fields.texts("inputs").map((hex) => report.roundTrip(dyn, hex));
  const outputs = fields.texts("outputs").map((hex) => report.roundTrip(dyn, hex));
  const secretKeys = fields.bytesList("input_secret_keys");
  const publicKeys = fields.bytesList("input_public_keys");
  known.set(fields.text("txid"), publicKeys);
  secretKeys.forEach((key, i) => report.equal(`public key ${i}`, publicKeyOf(key), publicKeys[i]!));
  const auxRand = fields.bytesList("signature_aux_rand").values();
  const signed = signTransaction(
    { inputs, outputs, nonce: fields.bytes("nonce") },
    secretKeys,
    () => auxRand.next().value!,
  );
  report.equal("signed transaction", encodeHex(transaction, signed), fields.text("hex"));
  report.equal("signature message", fromHex(transactionIdOf(tx)), fields.text("signature_message"));
  report.equal("verification", verifyTransactionSignatures(tx, publicKeys), { ok: true, value: null });
  report.equal(
    "verification by x-only keys",
    verifyTransactionSignatures(tx, publicKeys.map((k) => xOnlyOf(k))).ok,
    true,
  );
  report.json(moduleEncoding(transaction), tx, fields.text("serde_module_encoding_json"));
}

function checkRefused(report: Report, fields: Fields, tx: Transaction, known: KnownKeys): void {
  const error = report.roundTrip(transactionError, fields.text("error"));
  // the key that fails stands in the error, unless the failure comes before keys matter
  const publicKeys = known.get(fields.text("txid")) ??
    (error.tag === "InvalidSignature" ? [fromHex(error.value.key)] : tx.inputs.map(() => new Uint8Array(33)));
  const verdict = verifyTransactionSignatures(tx, publicKeys);
  report.equal("refused", verdict.ok, false);
  if (!verdict.ok) report.equal("error", encodeHex(transactionError, verdict.error), fields.text("error"));
}
