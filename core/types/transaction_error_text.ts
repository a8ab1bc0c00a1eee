/** What people read when a transaction is refused. Texts of `fedimint-core/src/transaction.rs`. */
import { bytes, encodeHex } from "../encoding/mod.ts";
import { formatAmount } from "./amount_text.ts";
import type { Dyn } from "./dyn.ts";
import type { TransactionError } from "./transaction.ts";

/**
 * @param moduleText a module's text for its own error; null where the module is not known: the error's hex is shown,
 * with its length
 */
export function transactionErrorText(
  error: TransactionError,
  moduleText: (kind: "inputError" | "outputError", value: Dyn) => string | null,
): string {
  const module = (kind: "inputError" | "outputError", value: Dyn): string =>
    `${value.instance}-${moduleText(kind, value) ?? encodeHex(bytes, value.body)}`;
  switch (error.tag) {
    case "UnbalancedTransaction": {
      const { inputs, outputs, fee } = error.value;
      const sums = `in=${formatAmount(inputs)}, out=${formatAmount(outputs)}, fee=${formatAmount(fee)}`;
      return `The transaction is unbalanced (${sums})`;
    }
    case "InvalidSignature": {
      const { tx, hash, sig, key } = error.value;
      return `The transaction's signature is invalid: tx=${tx}, hash=${hash}, sig=${sig}, key=${key}`;
    }
    case "UnsupportedSignatureScheme":
      return `The transaction's signature scheme is not supported: variant=${error.value.variant}`;
    case "InvalidWitnessLength":
      return "The transaction did not have the correct number of signatures";
    case "Input":
      return `The transaction had an invalid input: ${module("inputError", error.value)}`;
    case "Output":
      return `The transaction had an invalid output: ${module("outputError", error.value)}`;
  }
}
