/**
 * A payment that a gateway makes for an outgoing contract of either module: what the module says of it, and what comes
 * of it.
 */
import type { Bytes } from "../bytes.ts";
import type { FederationId, OperationId } from "../types/ids.ts";
import type { Bolt11Invoice } from "./bolt11.ts";

/** A payment that was made. */
export type PaymentMade = {
  /** 32 bytes. */
  readonly preimage: Bytes;
  /** Null for one that went over Lightning. */
  readonly targetFederation: FederationId | null;
};

/** Who pays: an operation in one of the gateway's federations, in either module. */
export type PaymentOwner = { readonly federationId: FederationId; readonly operationId: OperationId };

/** A payment that an outgoing contract pays for. */
export type OutgoingPayment = {
  /** Who has claimed the payment hash. */
  readonly owner: PaymentOwner;
  /** With an amount. */
  readonly invoice: Bolt11Invoice;
  /** The most blocks that the money may be bound for, as guardians count. */
  readonly cltvLimit: bigint;
  /**
   * Block count at which the preimage must be known, so that there is time to claim the contract: guardians that count
   * may be behind.
   */
  readonly endBlockCount: bigint;
  readonly feeLimitMsat: bigint;
  /** False: what has begun before is followed, and nothing begins. */
  readonly mayBegin: boolean;
};

/**
 * How a payment stands. `unknown`: nothing of it has begun here. `cancelled`: nothing was paid by it and nothing will
 * be.
 */
export type PaymentStanding = "unknown" | "under_way_or_paid" | "cancelled";
