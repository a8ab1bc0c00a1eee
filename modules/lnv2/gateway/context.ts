/**
 * What a gateway does for the module `lnv2` of one of its federations: its Lightning node, its other federations, its
 * prices. fedimint-gwv2-client 0.13.0 (`lib.rs`, `IGatewayClientV2`).
 *
 * None of these guesses: what needs the node waits until the node has said.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { Result } from "../../../core/result.ts";
import type { FederationId, OperationId } from "../../../core/types/ids.ts";
import type { IncomingContract } from "../contracts.ts";

/** How funding an incoming contract ended: its 32-byte preimage, or why there is none. */
export type ContractOutcome = Result<Bytes, "rejected" | "refunded" | "failed">;

/** A swap inside of the gateway: it pays a contract of a receiver of one of its own federations. */
export type DirectSwap = {
  readonly federationId: FederationId;
  readonly contract: IncomingContract;
};

/** The gateway around one federation's module. */
export interface LightningGateway {
  /** Pays over Lightning, or follows what has begun. The error: nothing was paid and nothing will be. */
  pay(
    payment: { readonly invoice: Bolt11Invoice; readonly cltvLimit: number; readonly feeLimitMsat: bigint },
    signal: AbortSignal,
  ): Promise<Result<Bytes, string>>;
  /** Whether the node has any record of a payment of this hash (32 bytes). */
  paymentExists(paymentHash: Bytes, signal: AbortSignal): Promise<boolean>;
  /**
   * The contract behind an invoice of this gateway's own node; null for any other invoice. The error: it is ours and
   * can't be paid so (amounts differ, receiving is off, the registration is gone).
   */
  directSwap(invoice: Bolt11Invoice): Promise<Result<DirectSwap | null, string>>;
  /** Funds the contract in its federation, or follows what has begun, and waits for its outcome. */
  fundDirectSwap(swap: DirectSwap, amountMsat: bigint, signal: AbortSignal): Promise<Result<Bytes, string>>;
  /** The least that an outgoing contract must hold for paying `amountMsat`. The error: no price is set. */
  minContractAmount(federationId: FederationId, amountMsat: bigint): Promise<Result<bigint, string>>;
  /** A swap to a version 1 receiver of one of the gateway's federations; null for any other invoice. */
  lnv1Swap(invoice: Bolt11Invoice): Promise<FederationId | null>;
  /**
   * Pays such a receiver, or follows what has begun. Ok(null): nothing has begun, and `mayBegin` was false.
   */
  relayLnv1Swap(
    federationId: FederationId,
    swap: { readonly invoice: Bolt11Invoice; readonly mayBegin: boolean },
    signal: AbortSignal,
  ): Promise<Result<Bytes | null, string>>;
  /**
   * Binds a payment image's hash (32 bytes) to the operation that pays it: the first of all federations keeps it, for
   * ever. Durable when it resolves.
   * @returns whether it is this operation's
   */
  claimPaymentImage(
    paymentHash: Bytes,
    owner: { readonly federationId: FederationId; readonly operationId: OperationId },
  ): Promise<boolean>;
  /** Ends the held payment: with its 32-byte preimage, or back. Error: the node has ended it the other way. */
  completeHeld(
    paymentHash: Bytes,
    preimage: Bytes | null,
    signal: AbortSignal,
  ): Promise<Result<null, string>>;
}
