/**
 * States of the lnv2 client's machines, as they are stored: a payment, a receive. Follows fedimint-lnv2-client 0.13.0
 * (`send_sm.rs`, `receive_sm.rs`); what the reference finds out each time it is asked is a state of its own here, so
 * that it is known for good.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, struct, text, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { g1Point } from "../../../core/types/bls.ts";
import { outPoint, outPointRange } from "../../../core/types/ids.ts";
import { keypair } from "../../../core/types/keys.ts";
import { outgoingWitness } from "../common.ts";
import { incomingContract, outgoingContract } from "../contracts.ts";

/** Secret: holds the key that takes the money back. */
const payment = struct("Payment", {
  /** The contract's output. */
  outpoint: outPoint,
  contract: outgoingContract,
  /** URL, with all that it had. */
  gateway: text,
  invoice: bolt11Invoice,
  refundKey: keypair,
});
export type Payment = CodecType<typeof payment>;

/** Secret: holds the keys that claim. */
const receipt = struct("Receipt", {
  contract: incomingContract,
  claimKey: keypair,
  decryptionKey: g1Point,
  /** What the gateway keeps of the amount that was paid, msat. */
  feeMsat: u64,
});
export type Receipt = CodecType<typeof receipt>;

/** Secret, as said. */
export const lightningState = closedEnum("LightningClientState", {
  /** Guardians haven't decided on the transaction that funds the contract. */
  SendFunding: payment,
  /** The gateway is to pay. */
  SendFunded: payment,
  /** The funding was refused, with the reason: the e-cash comes back. */
  SendRejected: text,
  /** Paid, with the 32-byte preimage as proof. */
  SendSuccess: fixedBytes(32),
  /** The contract's money is claimed back. `round` counts the tries. */
  SendRefunding: struct("SendRefunding", {
    payment,
    witness: outgoingWitness,
    range: outPointRange,
    round: u64Number,
  }),
  SendRefunded: unit,
  /** Neither paid nor refunded, with the reason. */
  SendFailure: text,
  /** Nobody has paid yet. */
  ReceivePending: receipt,
  /** The contract is funded and is claimed. `round` counts the tries. */
  ReceiveClaiming: struct("ReceiveClaiming", { receipt, outpoint: outPoint, range: outPointRange, round: u64Number }),
  ReceiveClaimed: unit,
  ReceiveExpired: unit,
  /** The contract doesn't pay the fees of its claim. */
  ReceiveUneconomical: unit,
  /** Guardians refuse the claim, with the reason. */
  ReceiveFailure: text,
});
export type LightningState = CodecType<typeof lightningState>;

export type StateOf<Tag extends LightningState["tag"]> = Extract<LightningState, { readonly tag: Tag }>;
