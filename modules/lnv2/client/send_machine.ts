/**
 * A payment, once its contract is on the way: the gateway is asked until it shows the preimage or gives up its claim;
 * guardians are asked for the preimage at the same time, and from the expiration on the money comes back without the
 * gateway. fedimint-lnv2-client 0.13.0 (`send_sm.rs`); docs/protocol/06-lightning-meta.md §D.
 *
 * A refund that guardians refuse is looked into: was the contract claimed, the preimage is there and the payment a
 * success; is it still open, it is refunded again.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { schnorrSign } from "../../../core/crypto/mod.ts";
import type { Result } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { orEnded } from "../../contract/waiting.ts";
import type { OutgoingWitness } from "../common.ts";
import { isGatewayResponse, isPreimageOf } from "../contracts.ts";
import { invoiceDigest } from "../gateway_api.ts";
import type { LightningClientEnv } from "./contracts.ts";
import { refundBundle } from "./contracts.ts";
import { Lnv2Error } from "./error.ts";
import type { LightningFederation } from "./federation.ts";
import type { GatewayConnection } from "./gateway_http.ts";
import { CLAIM_RETRY, PAYMENT_RETRY } from "./limits.ts";
import { sendOutcomeJson, sendOutcomeOf } from "./outcome.ts";
import type { LightningState, Payment, StateOf } from "./states.ts";

export type LightningParts = {
  readonly env: LightningClientEnv;
  readonly federation: LightningFederation;
  readonly gateway: GatewayConnection;
};

/** Guardians have decided on the funding. */
export function fundingTransition(
  { env }: LightningParts,
  { value: payment }: StateOf<"SendFunding">,
  operationId: OperationId,
): Transition<LightningState> {
  return transition<LightningState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, payment.outpoint.txid, signal),
    async (tx, outcome) =>
      outcome.ok
        ? { tag: "SendFunded", value: payment }
        : await ended(tx, { tag: "SendRejected", value: outcome.error }),
  );
}

/** The gateway has paid, or renounces. */
export function gatewayTransition(
  parts: LightningParts,
  { value: payment }: StateOf<"SendFunded">,
): Transition<LightningState> {
  return transition<LightningState, Result<Bytes, Bytes>>(
    (signal) => gatewayResponse(parts, payment, signal),
    async (tx, response) =>
      response.ok
        ? await ended(tx, { tag: "SendSuccess", value: response.value })
        : await refunding(parts, tx, payment, { tag: "Cancel", value: response.error }, 0),
  );
}

/** Guardians have the preimage, or the time is over. */
export function expirationTransition(
  parts: LightningParts,
  { value: payment }: StateOf<"SendFunded">,
): Transition<LightningState> {
  return transition<LightningState, Bytes | null>(
    (signal) => preimageOrExpiration(parts, payment, signal),
    async (tx, preimage) =>
      preimage
        ? await ended(tx, { tag: "SendSuccess", value: preimage })
        : await refunding(parts, tx, payment, { tag: "Refund", value: null }, 0),
  );
}

type Refund =
  | { readonly end: Extract<LightningState, { tag: "SendRefunded" | "SendSuccess" | "SendFailure" }> }
  /** Refused, and the contract is still open. */
  | { readonly again: string };

/** The refund is in the wallet, or was refused. */
export function refundTransition(
  parts: LightningParts,
  { value: { payment, witness, range, round } }: StateOf<"SendRefunding">,
  operationId: OperationId,
): Transition<LightningState> {
  const { env } = parts;
  return transition<LightningState, Refund>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (!accepted.ok) return await afterRefusal(parts, payment, { round, reason: accepted.error }, signal);
      const issued = await env.core.awaitPrimaryOutputs(operationId, range, signal);
      if (issued.ok) return { end: { tag: "SendRefunded", value: null } };
      return { end: { tag: "SendFailure", value: issued.error } };
    },
    async (tx, refund) => {
      if ("end" in refund) return await ended(tx, refund.end);
      env.log.warn("A refund was refused and is made again", { operationId, reason: refund.again, round });
      return await refunding(parts, tx, payment, witness, round + 1);
    },
  );
}

async function gatewayResponse(
  { env: { platform, log }, gateway }: LightningParts,
  { outpoint, contract, gateway: url, invoice, refundKey }: Payment,
  signal: AbortSignal,
): Promise<Result<Bytes, Bytes>> {
  const payload = { outpoint, contract, invoice: { tag: "Bolt11", value: invoice } } as const;
  for (let attempt = 0;; attempt++) {
    const auth = schnorrSign(invoiceDigest(payload.invoice), refundKey, platform.dice.bytes(32));
    const answer = await gateway.sendPayment(url, { ...payload, auth }, signal);
    if (answer.ok && isGatewayResponse(contract, answer.value)) return answer.value;
    const reason = answer.ok ? "it proves neither a payment nor that there will be none" : answer.error;
    log.debug("The gateway's answer to a payment is of no use, and it is asked again", { reason, attempt });
    await sleep(platform.clock, backOffMs(PAYMENT_RETRY, attempt, platform.dice), signal);
  }
}

async function preimageOrExpiration(
  { env, federation }: LightningParts,
  { outpoint, contract }: Payment,
  signal: AbortSignal,
): Promise<Bytes | null> {
  const preimage = await federation.awaitPreimage(outpoint, contract.expiration, signal);
  if (preimage === null || isPreimageOf(contract.paymentImage, preimage)) return preimage;
  env.log.error("A threshold of guardians shows a preimage that doesn't fit its contract", { txid: outpoint.txid });
  // what the gateway says still counts
  return await orEnded(signal, () => new Promise<never>(() => {}));
}

/** The gateway may have claimed the contract that it gave up, or before the time was over. */
async function afterRefusal(
  { env: { platform }, federation }: LightningParts,
  { outpoint, contract }: Payment,
  { round, reason }: { readonly round: number; readonly reason: string },
  signal: AbortSignal,
): Promise<Refund> {
  // asked first: what is claimed between the two questions has left its preimage for the second one
  const isOpen = await federation.isOutgoingOpen(outpoint, signal);
  const preimage = await federation.awaitPreimage(outpoint, 0n, signal);
  if (preimage && isPreimageOf(contract.paymentImage, preimage)) {
    return { end: { tag: "SendSuccess", value: preimage } };
  }
  if (!isOpen) return { end: { tag: "SendFailure", value: reason } };
  await sleep(platform.clock, backOffMs(CLAIM_RETRY, round, platform.dice), signal);
  return { again: reason };
}

/** The refund pays for itself: nothing of the wallet goes into it, so it stands or falls with the contract alone. */
async function refunding(
  { env }: LightningParts,
  tx: ClientTx<LightningState>,
  payment: Payment,
  witness: OutgoingWitness,
  round: number,
): Promise<LightningState> {
  const claimed = await tx.claimInputs(refundBundle(env, payment, witness), "nothing");
  if (claimed.ok) return { tag: "SendRefunding", value: { payment, witness, range: claimed.value, round } };
  if (claimed.error.code !== "insufficient_funds") throw Lnv2Error.notFunded(claimed.error);
  return await ended(tx, { tag: "SendFailure", value: "The contract is worth less than the fees of its refund" });
}

/** How it ended is durable with the step that ends it. */
async function ended(tx: ClientTx<LightningState>, state: LightningState): Promise<LightningState> {
  const outcome = sendOutcomeOf(state);
  assert(outcome, "a payment ends with an outcome");
  const { operationId } = tx;
  if (outcome.outcome === "success" || outcome.outcome === "refunded") {
    tx.logEvent("payment-send-update", { operation_id: operationId, status: sendOutcomeJson(outcome) });
  }
  await tx.setOutcome(operationId, sendOutcomeJson(outcome));
  return state;
}
