/** What LND's word on an outgoing payment means. */
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { err, ok } from "../../../../core/result.ts";
import type { KnownPayment, PaymentOutcome, PaymentRequest } from "../node.ts";
import { countIn, hexIn, textIn } from "./answers.ts";
import type { LndRefusal } from "./rest.ts";

const GRPC_NOT_FOUND = 5;
const I64_MAX = 2n ** 63n - 1n, I32_MAX = 2 ** 31 - 1;
/** Blocks that LND adds to what the last hop wants (`BlockPadding`). */
const BLOCK_PADDING = 3n;

/** Null while it is on its way: `IN_FLIGHT`, `INITIATED`, or a state that isn't known. Only `FAILED` is a failure. */
export function outcomeOf(payment: JsonObject): PaymentOutcome | null {
  const status = textIn(payment, "status");
  if (status === "FAILED") return err(textIn(payment, "failure_reason"));
  if (status !== "SUCCEEDED") return null;
  return ok({ preimage: hexIn(payment, "payment_preimage", 32), feeMsat: countIn(payment, "fee_msat") });
}

/** LND counts payments: one that begins after another of its hash has failed takes its place, with a new index. */
export function knownPayment(payment: JsonObject): KnownPayment {
  return { number: countIn(payment, "payment_index"), hasFailed: textIn(payment, "status") === "FAILED" };
}

/** LND has no record of the payment. Any other not-found is another thing that wasn't found. */
export function isUnknownPayment({ grpcCode, said }: LndRefusal): boolean {
  return grpcCode === GRPC_NOT_FOUND && said === "payment isn't initiated";
}

/** Why LND can't be asked to make it; null when it can. 0 blocks would be no limit to LND. */
export function cannotBegin({ invoice, feeLimitMsat, cltvLimit }: PaymentRequest): string | null {
  if (invoice.amountMsat === null) return "the invoice has no amount";
  if (!Number.isInteger(cltvLimit) || cltvLimit <= 0) return "no block is left for the payment to be bound for";
  if (cltvLimit > I32_MAX) return "the blocks that the payment may be bound for are beyond 32 bits";
  // LND takes them off the limit first, in some versions below 0: that would be no limit either
  if (invoice.minFinalCltvExpiryDelta + BLOCK_PADDING > BigInt(cltvLimit)) {
    return "the last hop wants more blocks than are left";
  }
  return feeLimitMsat < 0n || feeLimitMsat > I64_MAX ? "the fee limit is beyond 64 bits" : null;
}
