/** What becomes of a payment, and how it stands in the operation log. */
import type { Json } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid } from "../../../core/types/ids.ts";

/** `failure`: guardians accepted it and made no transaction. */
export type SendOutcome =
  | { readonly outcome: "success"; readonly txid: BitcoinTxid }
  | { readonly outcome: "aborted"; readonly reason: string }
  | { readonly outcome: "failure" };

/** As the reference writes it into the operation log and on the terminal. */
export function sendOutcomeJson(sent: SendOutcome): Json {
  if (sent.outcome === "success") return { Success: sent.txid };
  return sent.outcome === "aborted" ? "Aborted" : "Failure";
}
