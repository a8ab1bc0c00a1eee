/**
 * What a simulated node keeps on its disk: it outlives restarts. Plain data, so that an older state can be put back.
 */
import type { Bytes } from "../../../../core/bytes.ts";
import type { FundingOutpoint, PaymentOutcome } from "../node.ts";

export type InvoiceState = "open" | "accepted" | "settled" | "cancelled";

/** An invoice of the node. */
export type BookedInvoice = {
  readonly text: string;
  readonly amountMsat: bigint;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  /** 32 bytes: of an ordinary invoice at once, of a hold invoice when it is settled. */
  preimage: Bytes | null;
  readonly isHold: boolean;
  state: InvoiceState;
  /** What was paid, once it was accepted, and when. */
  paidMsat: bigint;
  acceptedAtMs: number;
  /** Numbers of the payments on the wire that the invoice holds. */
  transits: number[];
};

/** A payment that the node makes. */
export type BookedPayment = {
  /** How many of its hash have begun with it. */
  readonly number: bigint;
  readonly amountMsat: bigint;
  readonly startedAtMs: number;
  /** Null while it is on its way. */
  outcome: PaymentOutcome | null;
};

/** A channel to the rest of the world. */
export type BookedChannel = {
  readonly remoteKey: Bytes;
  readonly funding: FundingOutpoint;
  readonly sizeSats: bigint;
  baseFeeMsat: bigint;
  partsPerMillion: bigint;
};

export type Books = {
  /** By payment hash, hex. */
  readonly invoices: Map<string, BookedInvoice>;
  /** By payment hash, hex. */
  readonly payments: Map<string, BookedPayment>;
  readonly channels: BookedChannel[];
  /** Over all channels: what the node can send, and what it can get. */
  localMsat: bigint;
  remoteMsat: bigint;
  onchainSats: bigint;
  addresses: number;
};

export function emptyBooks(): Books {
  return {
    invoices: new Map(),
    payments: new Map(),
    channels: [],
    localMsat: 0n,
    remoteMsat: 0n,
    onchainSats: 0n,
    addresses: 0,
  };
}
