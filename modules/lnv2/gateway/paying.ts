/**
 * Paying an invoice for an outgoing contract. Follows fedimint-gwv2-client 0.13.0 (`lib.rs` `send_payment`,
 * `send_sm.rs`); docs/protocol/06-lightning-meta.md §E.
 *
 * The one rule: the gateway forfeits a contract in state `Cancelled` alone, and only who pays (the node, or the
 * federation of a swap) brings a payment there, unless nothing has begun. What doesn't change (blocks that were left at
 * the beginning, the contract's amount) is checked before; what changes with time (the invoice's expiration, blocks
 * that are left now) only keeps a payment from beginning: one that has begun goes on whatever the time, also after a
 * crash.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes, fromHex } from "../../../core/bytes.ts";
import { schnorrSign } from "../../../core/crypto/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { PaymentMade } from "../../../core/lightning/gateway_payment.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { outPointsOf } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { endedBy } from "../../contract/waiting.ts";
import { isForfeitSignature, isInvoiceAuth, isPreimageOf, outgoingContractId } from "../contracts.ts";
import type { SendPaymentPayload } from "../gateway_api.ts";
import { invoiceDigest } from "../gateway_api.ts";
import { begun, cancelledPayments } from "./db.ts";
import { SendPaymentError } from "./error.ts";
import { outgoingPaymentFailed, outgoingPaymentStarted, outgoingPaymentSucceeded } from "./events.ts";
import { maxDelayOf } from "./federation.ts";
import { EXPIRATION_DELTA_MINIMUM } from "./limits.ts";
import type { GatewayWallet } from "./own.ts";
import { logInto, operationOf } from "./own.ts";
import type { Cancelled, GatewayState, SendMachine } from "./states.ts";

/** The preimage (32 bytes), or the signature that forfeits the contract (64 bytes). */
export type SendOutcome = Result<Bytes, Bytes>;

/**
 * Pays, or joins the payment of this contract that is under way or over, and waits for its outcome.
 * @throws {SendPaymentError} before anything has begun · {WaitError}
 */
export async function sendPayment(
  wallet: GatewayWallet,
  payload: SendPaymentPayload,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const { env, gateway } = wallet, { contract, outpoint, invoice: { value: invoice } } = payload;
  const startedMs = env.platform.clock.nowMs();
  const contractId = outgoingContractId(contract), operationId = operationOf(contractId);
  if (!equalBytes(contract.claimPk, wallet.publicKey)) {
    throw refused("not_our_contract", "The outgoing contract is keyed to another gateway");
  }
  // else whoever sees the contract in the federation could have another invoice paid, or ask for its preimage
  if (!isInvoiceAuth(contract, invoiceDigest(payload.invoice), payload.auth)) {
    throw refused("invalid_auth_signature", "Invalid auth signature for the invoice data");
  }
  if (await env.core.operationExists(operationId)) return await sendOutcome(wallet, operationId, signal);
  // it would wait for the node, and its payer couldn't take another gateway
  if (!await gateway.isNodeConnected()) {
    throw refused("node_not_connected", "The gateway is not connected to its lightning node");
  }
  const left = await contractLeft(wallet, payload, signal);
  if (left === null) {
    throw refused("contract_not_confirmed", "The outgoing contract has not yet been confirmed");
  }
  if (left.contractId !== contractId) {
    throw refused("contract_id_mismatch", "The contract of that output is not the one in the request");
  }
  if (invoice.amountMsat === null) throw refused("missing_invoice_amount", "Invoice is missing amount");
  const { paymentImage } = contract;
  if (paymentImage.tag !== "Hash" || paymentImage.value !== invoice.paymentHash) {
    throw refused("payment_hash_mismatch", "The invoice's payment hash does not match the contract's");
  }
  const minimum = await gateway.minContractAmount(payload.federationId, invoice.amountMsat);
  if (!minimum.ok) throw refused("no_price", `The minimum contract amount could not be computed: ${minimum.error}`);
  const owner = { federationId: env.federationId, operationId }, maxDelay = maxDelayOf(left);
  // what is never paid for takes no image: else a contract of dust would keep an invoice from being paid for ever
  const isPayable = maxDelay > 0n && contract.amount >= minimum.value;
  if (isPayable && !await gateway.claimPaymentImage(fromHex(invoice.paymentHash), owner)) {
    throw refused("image_already_claimed", "Another contract for this payment image was already accepted");
  }
  const machine: SendMachine = {
    operationId,
    outpoint,
    contract,
    maxDelay,
    minContractAmount: minimum.value,
    invoice: payload.invoice,
    state: { tag: "Sending", value: null },
  };
  const terms = {
    minContractAmountMsat: minimum.value,
    invoiceAmountMsat: invoice.amountMsat,
    maxDelay: machine.maxDelay,
  };
  await env.core.transact(operationId, async (tx) => {
    // the same request may have come twice at once
    if (await begun.get(tx.store, operationId) !== undefined) return;
    begun.set(tx.store, operationId, null);
    env.core.logOperation(tx, { role: "send" });
    await tx.addMachine({ tag: "Send", value: machine });
    logInto(tx, outgoingPaymentStarted(startedMs, contract, terms));
  });
  return await sendOutcome(wallet, operationId, signal);
}

function refused(code: SendPaymentError["code"], message: string, options?: ErrorOptions): SendPaymentError {
  return new SendPaymentError({ code }, message, options);
}

async function contractLeft({ federation }: GatewayWallet, { outpoint }: SendPaymentPayload, signal: AbortSignal) {
  try {
    return await federation.contractLeft(outpoint, signal);
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown;
    throw refused("federation", "The gateway can not reach the federation", { cause: thrown });
  }
}

/**
 * Waits for a payment's outcome. The preimage is told as soon as it is durable; the claim goes on beside.
 * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
 */
async function sendOutcome(
  wallet: GatewayWallet,
  operationId: OperationId,
  signal: AbortSignal,
): Promise<SendOutcome> {
  for await (const reached of wallet.env.core.states(operationId, signal)) {
    if (reached.tag !== "Send") continue;
    const { state } = reached.value;
    if (state.tag === "Claiming") return ok(state.value.preimage);
    if (state.tag === "Cancelled") return err(forfeit(wallet, reached.value));
  }
  throw endedBy(signal);
}

/** 64 bytes: the payer may take the contract's money back at once. Of a payment that is cancelled alone. */
function forfeit({ key, env }: GatewayWallet, { contract, state }: SendMachine): Bytes {
  assert(state.tag === "Cancelled", "nothing else is ever forfeited");
  const signature = schnorrSign(fromHex(outgoingContractId(contract)), key, env.platform.dice.bytes(32));
  assert(isForfeitSignature(contract, signature), "the contract is keyed to this gateway");
  return signature;
}

/** Whether an invoice can't be paid any more by a payment that begins now. */
function isExpired({ timestamp, expirySecs }: Bolt11Invoice, nowMs: number): boolean {
  return (timestamp + expirySecs) * 1_000n < BigInt(nowMs);
}

type Sent = Result<PaymentMade, Cancelled>;

export function sendTransitions(wallet: GatewayWallet, machine: SendMachine): readonly Transition<GatewayState>[] {
  if (machine.state.tag !== "Sending") return [];
  return [transition<GatewayState, Sent>((signal) => send(wallet, machine, signal), async (tx, sent) => {
    const { contract, outpoint } = machine;
    if (!sent.ok) {
      logInto(tx, outgoingPaymentFailed(contract.paymentImage, sent.error));
      await tx.setOutcome(tx.operationId, "cancelled");
      cancelledPayments.set(tx.store, tx.operationId, null);
      return { tag: "Send", value: { ...machine, state: { tag: "Cancelled", value: sent.error } } };
    }
    const { preimage, targetFederation } = sent.value;
    logInto(tx, outgoingPaymentSucceeded(contract.paymentImage, targetFederation));
    const claim = wallet.inputOf(
      { tag: "V0", value: { tag: "Outgoing", value: [outpoint, { tag: "Claim", value: preimage }] } },
      contract.amount,
    );
    // it pays its fees itself and stands or falls with the contract alone
    const claimed = await tx.claimInputs(claim, "nothing");
    if (!claimed.ok) {
      wallet.env.log.error("A contract that was paid for doesn't cover the fees of its claim", {
        operationId: machine.operationId,
        code: claimed.error.code,
      });
    }
    const outpoints = claimed.ok ? outPointsOf(claimed.value) : [];
    await tx.setOutcome(tx.operationId, "paid");
    return { tag: "Send", value: { ...machine, state: { tag: "Claiming", value: { preimage, outpoints } } } };
  })];
}

async function send({ env, gateway, federation }: GatewayWallet, machine: SendMachine, signal: AbortSignal) {
  const { contract, invoice: { value: invoice }, maxDelay, minContractAmount, outpoint, operationId } = machine;
  // both are as they were when it was accepted, so no payment has ever begun that is cancelled here
  if (maxDelay === 0n) return cancel({ tag: "TimeoutTooClose", value: null });
  if (contract.amount < minContractAmount) return cancel({ tag: "Underfunded", value: null });
  // blocks that are left are asked for after the wait: during an outage they become fewer
  await gateway.awaitNode(signal);
  const delayNow = await federation.maxDelayNow(outpoint, signal);
  const refusal: Cancelled | null = isExpired(invoice, env.platform.clock.nowMs())
    ? { tag: "InvoiceExpired", value: null }
    : delayNow === 0n
    ? { tag: "TimeoutTooClose", value: null }
    : null;
  const paid = await gateway.pay({
    owner: { federationId: env.federationId, operationId },
    invoice,
    cltvLimit: delayNow,
    endBlockCount: contract.expiration - EXPIRATION_DELTA_MINIMUM,
    feeLimitMsat: contract.amount - minContractAmount,
    mayBegin: refusal === null,
  }, signal);
  if (!paid.ok) return cancel(paid.error);
  if (paid.value === null) {
    assert(refusal, "a payment that may begin begins");
    return cancel(refusal);
  }
  assert(isPreimageOf(contract.paymentImage, paid.value.preimage), "what pays shows the invoice's preimage");
  return ok(paid.value);
}

function cancel(why: Cancelled): Sent {
  return err(why);
}
