/**
 * States of the mintv2 client's machines, as they are stored. Follows fedimint-mintv2-client 0.13.0;
 * docs/protocol/04-mint.md §7.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, list, option, struct, text, u64Number, unit } from "../../../core/encoding/mod.ts";
import { outPointRange, transactionId } from "../../../core/types/ids.ts";
import { spendableNote } from "../ecash.ts";
import { noteIssuanceRequest } from "./issuance.ts";

/** Secret: holds notes and the keys of notes to come. */
export const mintState = closedEnum("MintClientState", {
  /** Notes that a transaction spends. */
  InputPending: struct("InputPending", { txid: transactionId, notes: list(spendableNote) }),
  InputSpent: struct("InputSpent", { txid: transactionId }),
  /** The transaction was rejected; its notes are exchanged for new ones, which is watched over by `RefundPending`. */
  InputRefunding: struct("InputRefunding", { txid: transactionId }),
  /** Notes that a transaction asks for; `range` is never null. */
  OutputPending: struct("OutputPending", { range: option(outPointRange), requests: list(noteIssuanceRequest) }),
  OutputIssued: struct("OutputIssued", { range: option(outPointRange) }),
  OutputAborted: struct("OutputAborted", { range: option(outPointRange) }),
  OutputFailed: struct("OutputFailed", { range: option(outPointRange), reason: text }),
  /** E-cash that was received. */
  ReceivePending: struct("ReceivePending", { txid: transactionId }),
  ReceiveSuccess: unit,
  ReceiveRejected: text,
  /** Notes of a rejected transaction, in a transaction with nothing else. */
  RefundPending: struct("RefundPending", { txid: transactionId, notes: list(spendableNote) }),
  Refunded: struct("Refunded", { txid: transactionId }),
  /** Rejected too: its notes are tried again in two halves. */
  RefundSplit: struct("RefundSplit", { txid: transactionId }),
  /**
   * Notes that guardians refuse even alone (spent before), or that their own fee would eat up. `txid` null when it was
   * never tried.
   */
  RefundFailed: struct("RefundFailed", { txid: option(transactionId), notes: list(spendableNote) }),
  /** E-cash that was received, in as many transactions as it takes. */
  RedemptionPending: struct("RedemptionPending", { txids: list(transactionId) }),
  /** Notes that are exchanged for others of the wallet. */
  ReissuePending: struct("ReissuePending", { txids: list(transactionId) }),
  Reissued: unit,
  ReissueRejected: text,
  /**
   * Notes that a recovery has found are signed once more, some at a time: which, the store says. `round` counts them,
   * as no machine comes to the same state twice.
   */
  RecoveryPending: struct("RecoveryPending", { round: u64Number }),
  RecoveryIssued: unit,
});
export type MintState = CodecType<typeof mintState>;

export type StateOf<Tag extends MintState["tag"]> = Extract<MintState, { readonly tag: Tag }>;
