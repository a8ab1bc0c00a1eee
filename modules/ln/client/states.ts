/**
 * States of the ln client's machines, as they are stored: a payment over Lightning, one within the federation, a
 * receive. Follows fedimint-ln-client 0.13.0 (`pay.rs`, `incoming.rs`, `receive.rs`); what the reference finds out each
 * time it is asked is a state of its own here, so that it is known for good.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, struct, text, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { amount } from "../../../core/types/amount.ts";
import { outPointRange, sha256Hash, transactionId } from "../../../core/types/ids.ts";
import { keypair } from "../../../core/types/keys.ts";
import { outgoingContract } from "../contracts.ts";
import { lightningGateway } from "../gateways.ts";

/** Secret: holds the key that takes the money back. `amount` lies in the contract, the gateway's fee among it. */
const payment = struct("Payment", {
  contract: outgoingContract,
  amount,
  userKey: keypair,
  gateway: lightningGateway,
  invoice: bolt11Invoice,
  /** For the gateway: it is the same wallet that asks again. */
  preimageAuth: sha256Hash,
});
export type Payment = CodecType<typeof payment>;

/** `amount` buys the preimage of `hash` within the federation. */
const purchase = struct("Purchase", { hash: sha256Hash, amount });
export type Purchase = CodecType<typeof purchase>;

/** Secret: holds the key that claims. */
const receipt = struct("Receipt", { invoice: bolt11Invoice, key: keypair });
export type Receipt = CodecType<typeof receipt>;

/** Secret, as said. `round` counts the tries. */
export const lnState = closedEnum("LnClientState", {
  /** Guardians haven't decided on the transaction that funds the contract. */
  PayFunding: struct("PayFunding", { payment, txid: transactionId }),
  /** The gateway is to pay. */
  PayFunded: payment,
  /** The funding was refused, with the reason: the e-cash comes back. */
  PayRejected: text,
  /** Paid, with the 32-byte preimage as proof. */
  PaySuccess: fixedBytes(32),
  /** The contract's money is claimed back. */
  PayRefunding: struct("PayRefunding", { payment, reason: text, range: outPointRange, round: u64Number }),
  /** Why it wasn't paid. */
  PayRefunded: text,
  /** Neither refunded nor shown to be paid, with the reason. */
  PayFailure: text,
  InternalFunding: struct("InternalFunding", { purchase, txid: transactionId }),
  /** Guardians decrypt the preimage. */
  InternalDecrypting: purchase,
  InternalRejected: text,
  InternalSuccess: fixedBytes(32),
  /** What was offered is no preimage. */
  InternalRefunding: struct("InternalRefunding", { purchase, range: outPointRange, round: u64Number }),
  InternalRefunded: outPointRange,
  InternalFailure: text,
  /** Guardians haven't decided on the offer. */
  ReceiveOffering: struct("ReceiveOffering", { receipt, txid: transactionId }),
  /** The offer was refused, with the reason. */
  ReceiveRejected: text,
  /** Nobody has paid yet. */
  ReceivePending: receipt,
  ReceiveClaiming: struct("ReceiveClaiming", { receipt, amount, range: outPointRange, round: u64Number }),
  ReceiveClaimed: unit,
  /** Nobody has paid in time. The key stays: should somebody pay all the same, it can be claimed. */
  ReceiveExpired: receipt,
  /** Guardians decrypted something else than was offered. */
  ReceiveInvalid: unit,
  /** Guardians refuse the claim. The key stays. */
  ReceiveFailure: struct("ReceiveFailure", { receipt, reason: text }),
});
export type LnState = CodecType<typeof lnState>;

export type StateOf<Tag extends LnState["tag"]> = Extract<LnState, { readonly tag: Tag }>;
