/** A payment on the wire, between two simulated nodes: it belongs to neither, and is there while both are down. */
import type { Bytes } from "../../../../core/bytes.ts";
import type { InterceptedForward } from "../node.ts";

export type Part = {
  readonly amountMsat: bigint;
  /** Height at which the payer can take it back. */
  readonly expiryHeight: number;
};

export type Transit = {
  readonly number: number;
  /** Names of nodes; `to` is the payee, or who is to forward. */
  readonly from: string;
  readonly to: string;
  /** Hex. */
  readonly paymentHash: string;
  readonly amountMsat: bigint;
  readonly feeMsat: bigint;
  readonly parts: readonly Part[];
  /** False for a payment that brings its own preimage instead of the invoice's secret (keysend). */
  readonly hasSecret: boolean;
  /** Of one that is to be forwarded. */
  readonly forward: InterceptedForward | null;
  state: "travelling" | "held" | "paid" | "failed";
  /** What the payer has not been told yet. */
  result: { readonly preimage: Bytes } | { readonly reason: string } | null;
};

/** The earliest height at which a part of it can be taken back. */
export function earliestExpiry({ parts }: Transit): number {
  return parts.map(({ expiryHeight }) => expiryHeight).reduce((a, b) => Math.min(a, b));
}
