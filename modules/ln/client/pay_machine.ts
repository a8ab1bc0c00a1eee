/**
 * A payment over Lightning, once its contract is on the way: the gateway is asked until it shows the preimage;
 * guardians tell at the same time when it has given up, and from the timelock on the money comes back without it.
 * fedimint-ln-client 0.13.0 (`pay.rs`); docs/protocol/06-lightning-meta.md §F.
 *
 * A refund that guardians refuse is looked into: an empty contract was claimed by the gateway, which it can only with
 * the preimage; from one that isn't the money is taken again.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { isPreimageOf, outgoingContractId } from "../contracts.ts";
import type { PayInvoicePayload } from "../gateway_api.ts";
import { pruned } from "../gateway_api.ts";
import { claimBundle, isShort } from "./bundles.ts";
import { decidedTransition } from "./decided.ts";
import { payEnded } from "./ended.ts";
import { LnError } from "./error.ts";
import { CLAIM_RETRY, PAYMENT_RETRY } from "./limits.ts";
import type { LnParts } from "./parts.ts";
import type { LnState, Payment, StateOf } from "./states.ts";

const CLAIMED = "The gateway has taken the contract's money and shows no proof of the payment";

function ended(tx: ClientTx<LnState>, { contract }: Payment, state: LnState): Promise<LnState> {
  return payEnded(tx, contract.hash, state);
}

/** Guardians have decided on the funding. */
export function fundingTransition(
  parts: LnParts,
  { value: { payment, txid } }: StateOf<"PayFunding">,
  operationId: OperationId,
): Transition<LnState> {
  return decidedTransition(
    parts,
    { operationId, txid },
    (tx, outcome) =>
      outcome.ok
        ? { tag: "PayFunded", value: payment }
        : ended(tx, payment, { tag: "PayRejected", value: outcome.error }),
  );
}

/** The gateway has paid. */
export function paidTransition(parts: LnParts, { value: payment }: StateOf<"PayFunded">): Transition<LnState> {
  return transition<LnState, Bytes>(
    (signal) => gatewayPays(parts, payment, signal),
    (tx, preimage) => ended(tx, payment, { tag: "PaySuccess", value: preimage }),
  );
}

/** The gateway has given up, by its signature. */
export function cancelledTransition(parts: LnParts, { value: payment }: StateOf<"PayFunded">): Transition<LnState> {
  const id = outgoingContractId(payment.contract);
  return transition<LnState, void>(
    (signal) => parts.federation.awaitCancelled(id, signal),
    (tx) => refunding(parts, tx, payment, `Gateway cancelled contract: ${id}`, 0),
  );
}

/** The gateway's time is over. */
export function timeoutTransition(parts: LnParts, { value: payment }: StateOf<"PayFunded">): Transition<LnState> {
  const { timelock } = payment.contract;
  return transition<LnState, void>(
    (signal) => parts.federation.awaitBlock(timelock, signal),
    (tx) => refunding(parts, tx, payment, `Outgoing contract timed out, BlockHeight: ${timelock}`, 0),
  );
}

type Refund =
  | { readonly end: Extract<LnState, { tag: "PayRefunded" | "PayFailure" }> }
  /** Refused, and the money is still there. */
  | { readonly again: string };

/** The refund is in the wallet, or was refused. */
export function refundTransition(
  parts: LnParts,
  { value: { payment, reason, range, round } }: StateOf<"PayRefunding">,
  operationId: OperationId,
): Transition<LnState> {
  const { env } = parts;
  return transition<LnState, Refund>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (!accepted.ok) return await afterRefusal(parts, payment, round, accepted.error, signal);
      const issued = await env.core.awaitPrimaryOutputs(operationId, range, signal);
      return { end: issued.ok ? { tag: "PayRefunded", value: reason } : { tag: "PayFailure", value: issued.error } };
    },
    async (tx, refund) => {
      if ("end" in refund) return await ended(tx, payment, refund.end);
      env.log.warn("A refund was refused and is made again", { operationId, reason: refund.again, round });
      return await refunding(parts, tx, payment, reason, round + 1);
    },
  );
}

function orderOf({ env }: LnParts, { contract, gateway, invoice, preimageAuth }: Payment): PayInvoicePayload {
  const withoutText = gateway.supportsPrivatePayments ? pruned(invoice) : null;
  return {
    federationId: env.federationId,
    contractId: outgoingContractId(contract),
    paymentData: withoutText ? { tag: "pruned_invoice", value: withoutText } : { tag: "invoice", value: invoice },
    preimageAuth,
  };
}

/**
 * Asked again a gateway goes on with the payment that has begun, and tells how it ended; what it answers else is no
 * end: it must show the preimage, or sign that it gives up.
 */
async function gatewayPays(parts: LnParts, payment: Payment, signal: AbortSignal): Promise<Bytes> {
  const { env: { platform, log }, gateway } = parts, order = orderOf(parts, payment);
  for (let attempt = 0;; attempt++) {
    const answer = await gateway.payInvoice(payment.gateway.api, order, signal);
    if (answer.ok && isPreimageOf(payment.contract.hash, answer.value)) return answer.value;
    const reason = answer.ok ? "it showed another preimage" : answer.error;
    log.debug("A gateway has not paid yet", { contractId: order.contractId, reason });
    await sleep(platform.clock, backOffMs(PAYMENT_RETRY, attempt, platform.dice), signal);
  }
}

async function afterRefusal(
  { env: { platform }, federation }: LnParts,
  { contract, amount }: Payment,
  round: number,
  reason: string,
  signal: AbortSignal,
): Promise<Refund> {
  const account = await federation.account(outgoingContractId(contract), signal);
  if (!account || account.amount < amount) return { end: { tag: "PayFailure", value: CLAIMED } };
  await sleep(platform.clock, backOffMs(CLAIM_RETRY, round, platform.dice), signal);
  return { again: reason };
}

/** The refund pays for itself: nothing of the wallet goes into it, so it stands or falls with the contract alone. */
async function refunding(
  { env }: LnParts,
  tx: ClientTx<LnState>,
  payment: Payment,
  reason: string,
  round: number,
): Promise<LnState> {
  const { contract, amount, userKey } = payment;
  const claimed = await tx.claimInputs(claimBundle(env, outgoingContractId(contract), amount, userKey), "nothing");
  if (claimed.ok) return { tag: "PayRefunding", value: { payment, reason, range: claimed.value, round } };
  if (!isShort(claimed.error)) throw LnError.notFunded(claimed.error);
  return await ended(tx, payment, {
    tag: "PayFailure",
    value: "The contract is worth less than the fees of its refund",
  });
}
