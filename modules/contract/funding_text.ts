/** Why a wallet can't fund a transaction, in words, with what to do. */
import { formatAmount } from "../../core/types/amount_text.ts";
import type { FinalizeError } from "./client_env.ts";

/** What is short, or what stands in the way, and what helps. */
export function fundingText(error: FinalizeError): string {
  switch (error.code) {
    case "insufficient_funds":
      return `with all fees it takes ${formatAmount(error.requestedMsat)}, and the wallet has ${
        formatAmount(error.availableMsat)
      }`;
    case "fragmented":
      return "the wallet has enough, but in more notes than one transaction holds: have it make fewer (`consolidate`), or pay less at once";
    case "too_large":
      return "it takes more notes than one transaction holds: pay less at once";
    case "operation_exists":
      return "it is under way already";
    case "overflow":
      return "it is more money than there is";
    case "no_primary_module":
      return "the federation has no e-cash that this client knows";
  }
}
