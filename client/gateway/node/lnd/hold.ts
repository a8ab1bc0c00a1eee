/** What LND's word on a hold invoice means: when it must be settled, and whether it can still be ended as wanted. */
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import type { Result } from "../../../../core/result.ts";
import { err, ok } from "../../../../core/result.ts";
import type { HeldPayment } from "../node.ts";
import { countIn, hashIn, numberIn, objectsIn, textIn } from "./answers.ts";

/**
 * Blocks before a part's expiry at which LND is taken to give a held payment back by itself: twice its default
 * (`invoices.holdexpirydelta`, 18), and room for blocks found meanwhile. fedimint-lightning `lnd.rs`.
 */
export const HOLD_EXPIRY_DELTA = 36;

export type HoldState = "open" | "accepted" | "settled" | "cancelled";

const STATES: ReadonlyMap<string, HoldState> = new Map([
  ["OPEN", "open"],
  ["ACCEPTED", "accepted"],
  ["SETTLED", "settled"],
  ["CANCELED", "cancelled"],
]);

/** Null for a state that isn't known: no word on anything. */
export function stateOf(invoice: JsonObject): HoldState | null {
  return STATES.get(textIn(invoice, "state")) ?? null;
}

/**
 * The height from which on settling isn't safe: the earliest expiry of the parts that are held, less
 * `HOLD_EXPIRY_DELTA`. 0 where no part is held, and where one has no sum of all parts: it came without the invoice's
 * secret (keysend), and LND tells neither of further such parts nor of their expiry.
 */
function claimDeadlineOf(invoice: JsonObject): number {
  let deadline: number | null = null;
  for (const part of objectsIn(invoice, "htlcs")) {
    if (textIn(part, "state") !== "ACCEPTED") continue;
    if (countIn(part, "mpp_total_amt_msat") === 0n) return 0;
    const ends = Math.max(0, numberIn(part, "expiry_height") - HOLD_EXPIRY_DELTA);
    deadline = deadline === null ? ends : Math.min(deadline, ends);
  }
  return deadline ?? 0;
}

/** How many parts LND's invoice has as held. */
export function heldParts(invoice: JsonObject): number {
  return objectsIn(invoice, "htlcs").filter((part) => textIn(part, "state") === "ACCEPTED").length;
}

/** A payment that is held; null for an invoice that holds none, or is no hold invoice. */
export function heldOf(invoice: JsonObject): HeldPayment | null {
  const paymentHash = hashIn(invoice, "r_hash");
  if (stateOf(invoice) !== "accepted" || hashIn(invoice, "r_preimage") !== null || paymentHash === null) return null;
  return { paymentHash, amountMsat: countIn(invoice, "amt_paid_msat"), claimDeadlineHeight: claimDeadlineOf(invoice) };
}

/** What to do: `act` on it, it `is` so already, or `wait` for another state. The error: it has ended the other way. */
export type HoldStep = Result<"act" | "is" | "wait", "settled" | "cancelled" | "unknown">;

/** @param state `missing` where LND has no such invoice, null for a state that isn't known */
export function stepOf(wanted: "settle" | "cancel", state: HoldState | "missing" | null): HoldStep {
  if (state === "missing") return err("unknown");
  if (state === null) return ok("wait");
  if (wanted === "settle") {
    if (state === "cancelled") return err("cancelled");
    return ok(state === "settled" ? "is" : state === "accepted" ? "act" : "wait");
  }
  if (state === "settled") return err("settled");
  return ok(state === "cancelled" ? "is" : "act");
}
