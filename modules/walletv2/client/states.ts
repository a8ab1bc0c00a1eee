/**
 * States of the walletv2 client's machines, as they are stored: a payment, a claim. Follows fedimint-walletv2-client
 * 0.13.0.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, struct, text, unit } from "../../../core/encoding/mod.ts";
import { bitcoinTxid, outPoint, transactionId } from "../../../core/types/ids.ts";
import { satoshi } from "../config.ts";

export const walletState = closedEnum("WalletClientState", {
  /**
   * Guardians haven't decided on the transaction that pays. `outpoint`: its wallet output. `value` and `fee` in sat.
   */
  SendFunding: struct("SendFunding", { outpoint: outPoint, value: satoshi, fee: satoshi }),
  /** On its way into a block as this transaction. */
  SendSuccess: bitcoinTxid,
  /** Refused, with the reason: the e-cash comes back. */
  SendAborted: text,
  /** Accepted, and yet guardians know of no transaction: they break their rules. */
  SendFailure: unit,
  ReceiveFunding: struct("ReceiveFunding", { txid: transactionId, value: satoshi, fee: satoshi }),
  ReceiveSuccess: unit,
  /** Refused, with the reason: the deposit is claimed again. */
  ReceiveAborted: text,
});
export type WalletState = CodecType<typeof walletState>;

export type StateOf<Tag extends WalletState["tag"]> = Extract<WalletState, { readonly tag: Tag }>;
