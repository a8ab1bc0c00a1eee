/**
 * What the node stores beside LDK's own state. Keys are texts:
 *
 * | Key | Value |
 * |---|---|
 * | `manager` | LDK's channel manager of the same commit as all else |
 * | `monitor/OUTPOINT`, `update/OUTPOINT/ID`, `archived/OUTPOINT` | channel monitors: `monitors.ts` |
 * | `identity` | whose folder this is |
 * | `commits` | u64: number of the newest commit |
 * | `stale` | text: why this folder must not be used any more |
 * | `payment/HASH`, `pending/HASH` | a payment that we make, the newest of its hash; nothing: it isn't over |
 * | `again/HASH` | u64: how many of its hash have begun with it, from the second on |
 * | `invoice/HASH`, `waiting/HASH` | one that we wait for; nothing: it isn't over |
 * | `wallet`, `coin/OUTPOINT`, `transaction/TXID` | the wallet on the chain |
 * | `output/OUTPOINT` | what channels left for us |
 * | `searched` | nothing: coins that the words had before this folder were looked for |
 * | `tip`, `header/HASH` | the chain as we have read it |
 * | `peer/KEY` | where a peer was found |
 * | `graph`, `scorer` | what routing knows; may be missing |
 */
import { bitcoinNetwork } from "../../../../../core/bitcoin/network.ts";
import { bitcoinTransaction } from "../../../../../core/bitcoin/mod.ts";
import type { CodecType } from "../../../../../core/encoding/mod.ts";
import { bool, bytes, closedEnum, option, struct, text, u32, u64, unit } from "../../../../../core/encoding/mod.ts";

/** Another seed, network or chain is another node. */
export const identityRecord = struct("Identity", { nodeKey: bytes, network: bitcoinNetwork, firstBlock: text });

/** A payment that was begun: another one takes its place only when it has failed and somebody says so. */
export const paymentRecord = struct("Payment", {
  invoice: text,
  amountMsat: u64,
  /** Unix time, seconds. */
  begunSecs: u64,
  state: closedEnum("PaymentState", {
    Pending: unit,
    Paid: struct("Paid", { preimage: bytes, feeMsat: u64 }),
    Failed: struct("Failed", { reason: text }),
  }),
});
export type PaymentRecord = CodecType<typeof paymentRecord>;

/** An invoice of ours. */
export const invoiceRecord = struct("Invoice", {
  invoice: text,
  amountMsat: u64,
  /** As it was asked for: the same request is answered with the same invoice. */
  terms: text,
  /** Unix time, seconds. */
  createdSecs: u64,
  expiresSecs: u64,
  state: closedEnum("InvoiceState", {
    Open: unit,
    Held: struct("Held", { amountMsat: u64, claimDeadlineHeight: u32 }),
    /** Its preimage is known: it was told to LDK. */
    Settling: struct("Settling", { preimage: bytes, amountMsat: u64, claimDeadlineHeight: u32 }),
    Settled: struct("Settled", { preimage: bytes, amountMsat: u64 }),
    Cancelled: unit,
  }),
  /** Settled by itself: LDK knows the preimage. */
  isOwn: bool,
});
export type InvoiceRecord = CodecType<typeof invoiceRecord>;

export const walletRecord = struct("Wallet", { addresses: u32 });

/** An output to an address of ours, in the chain. */
export const coinRecord = struct("Coin", {
  valueSat: u64,
  index: u32,
  height: u32,
  /** Of the block in which it was spent. */
  spentHeight: option(u32),
});
export type CoinRecord = CodecType<typeof coinRecord>;

/** A transaction that is to be in the chain. */
export const transactionRecord = struct("Transaction", {
  tx: bitcoinTransaction,
  kind: closedEnum("TransactionKind", { Funding: unit, Payment: unit, Sweep: unit, Lightning: unit }),
  /** A funding transaction isn't sent before the other side has signed how the channel may be closed. */
  isReleased: bool,
  height: u32,
  confirmedHeight: option(u32),
});
export type TransactionRecord = CodecType<typeof transactionRecord>;

/** An output that a closed channel left for us, as LDK describes it. */
export const outputRecord = struct("Output", { descriptor: bytes, sweep: option(text), sweepHeight: u32 });
export type OutputRecord = CodecType<typeof outputRecord>;

export const headerRecord = struct("Header", { raw: bytes, height: u32 });
export const tipRecord = struct("Tip", { hash: text, height: u32 });
export const peerRecord = struct("Peer", { host: text });
