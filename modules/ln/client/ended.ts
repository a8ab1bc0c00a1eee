/** Ends of machines: what became of it is durable with the step that ends it. */
import { assert } from "../../../core/assert.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { ClientTx } from "../../contract/client_env.ts";
import type { LnEvent } from "./operation_log.ts";
import { lnEvents } from "./operation_log.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import type { Attempts } from "./db.ts";
import { paymentAttempts } from "./db.ts";
import { payOutcomeOf, receiveOutcomeOf, shownJson } from "./outcome.ts";
import type { LnState } from "./states.ts";

type Tx = ClientTx<LnState>;

export function logEvent<K extends LnEvent>(tx: Tx, kind: K, value: CodecType<typeof lnEvents[K]>): void {
  tx.logEvent(kind, lnEvents[kind].toJson(value as never));
}

/** Whether an invoice may be tried again, by what became of it. */
function attemptAfter(state: LnState): Attempts["outcome"]["tag"] {
  if (state.tag === "PaySuccess" || state.tag === "InternalSuccess") return "Paid";
  // the money is gone: it was paid, as far as anybody can tell
  return state.tag === "PayFailure" ? "Claimed" : "Open";
}

/** A payment is over. */
export async function payEnded(tx: Tx, hash: Sha256, state: LnState): Promise<LnState> {
  const outcome = payOutcomeOf(state), { operationId } = tx;
  assert(outcome, "a payment ends with an outcome");
  const attempts = await paymentAttempts.get(tx.store, hash);
  assert(attempts, "a payment is noted when it begins");
  paymentAttempts.set(tx.store, hash, { ...attempts, outcome: { tag: attemptAfter(state), value: null } });
  if (outcome.outcome === "success") {
    logEvent(tx, "payment-send-update", { operationId, status: { tag: "Success", value: outcome.preimage } });
  }
  if (outcome.outcome === "refunded") {
    logEvent(tx, "payment-send-update", { operationId, status: { tag: "Refunded", value: null } });
  }
  await tx.setOutcome(operationId, shownJson(state));
  return state;
}

/** A receive is over. */
export async function receiveEnded(tx: Tx, state: LnState): Promise<LnState> {
  assert(receiveOutcomeOf(state), "a receive ends with an outcome");
  await tx.setOutcome(tx.operationId, shownJson(state));
  return state;
}
