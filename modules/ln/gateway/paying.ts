/**
 * Paying an invoice for an outgoing contract. Follows fedimint-gw-client 0.13.0 (`lib.rs` `gateway_pay_bolt11_invoice`,
 * `pay.rs`); docs/protocol/06-lightning-meta.md §F.
 *
 * The one rule: a contract is given up from state `Cancelling` alone, and only who pays (the node, or the federation of
 * a swap) brings a payment there, unless nothing has begun. What doesn't change (the contract's amount at the prices of
 * the beginning) is checked before; what changes with time (the invoice's expiration, blocks that are left) only keeps
 * a payment from beginning: one that has begun goes on whatever the time, also after a crash.
 *
 * Unlike the reference this takes a hash only for a contract that guardians have and that pays: strangers, who may ask
 * for any contract, burn nobody's invoice.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes, equalBytesConstantTime, fromHex } from "../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { invoiceExpiresAt } from "../../../core/lightning/bolt11.ts";
import type { PaymentMade } from "../../../core/lightning/gateway_payment.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { checkedAdd, U64_MAX } from "../../../core/types/amount.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { outPointsOf } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { readDurable } from "../../contract/read_durable.ts";
import { endedBy, orLate } from "../../contract/waiting.ts";
import { claimBundle, claimWorth } from "../client/bundles.ts";
import { LnError } from "../client/error.ts";
import type { ContractAccount, ContractId } from "../contracts.ts";
import { isPreimageOf } from "../contracts.ts";
import { gatewayFeeMsat } from "../fees.ts";
import type { PayInvoicePayload } from "../gateway_api.ts";
import { payments, unpaid } from "./db.ts";
import { PayInvoiceError } from "./error.ts";
import { logInto, outgoingPaymentFailed, outgoingPaymentStarted, outgoingPaymentSucceeded } from "./events.ts";
import { ACCEPT_MS, CLAIM_BLOCKS, CONTRACT_LOOK_MS, CONTRACT_LOOKS_MAX } from "./limits.ts";
import type { LnGatewayWallet } from "./own.ts";
import { operationOf } from "./own.ts";
import type { OutgoingAccount, PaymentError } from "./payment_error.ts";
import { ofContract, paymentErrorText } from "./payment_error.ts";
import type { LnGatewayState, PayMachine } from "./states.ts";

/**
 * Pays, or joins the payment of this contract that is under way or over, and waits for its outcome.
 * @returns the preimage, 32 bytes: told as soon as it is durable; the claim goes on beside
 * @throws {PayInvoiceError} · {WaitError}
 */
export async function payInvoice(
  wallet: LnGatewayWallet,
  { contractId, paymentData, preimageAuth }: PayInvoicePayload,
  signal: AbortSignal,
): Promise<Bytes> {
  const { env, gateway } = wallet, operationId = operationOf(contractId);
  if (paymentData.tag !== "invoice") {
    throw refused("pruned_invoice", "Private payments are not supported by the lightning node");
  }
  const invoice = paymentData.value, { amountMsat } = invoice;
  if (amountMsat === null) throw refused("missing_invoice_amount", "Invoice is missing amount");
  const known = await readDurable(env.store, (tx) => payments.get(tx, operationId));
  if (known !== undefined) {
    // the contract's id is public, and joining yields the preimage
    if (equalBytesConstantTime(fromHex(known), fromHex(preimageAuth))) {
      return await outcome(wallet, operationId, signal);
    }
    throw refused("unauthorized", "A payment of this contract was started by another client");
  }
  // it would wait for the node, and its payer couldn't take another gateway
  if (!await gateway.isNodeConnected()) {
    throw refused("node_not_connected", "The gateway is not connected to its lightning node");
  }
  const account = checkAccount(await accountOf(wallet, contractId, signal), invoice, wallet);
  const owner = { federationId: env.federationId, operationId };
  const necessary = await necessaryFor(wallet, amountMsat);
  // what is never paid for takes no image: else a contract of dust would keep an invoice from being paid
  const refusal: PaymentError | null = !necessary.ok
    ? necessary.error
    : account.amount < necessary.value
    ? ofContract({ tag: "Underfunded", value: [necessary.value, account.amount] })
    : await gateway.claimPaymentImage(fromHex(invoice.paymentHash), owner)
    ? null
    : { tag: "PaymentHashAlreadyClaimed", value: null };
  const machine: PayMachine = {
    contractId,
    account,
    invoice,
    necessaryMsat: necessary.ok ? necessary.value : U64_MAX,
    state: refusal ? { tag: "Cancelling", value: { error: refusal, round: 0 } } : { tag: "Paying", value: null },
  };
  const begun = await env.core.transact(operationId, async (tx) => {
    // the same request may have come twice at once
    const before = await payments.get(tx.store, operationId);
    if (before !== undefined) return before;
    payments.set(tx.store, operationId, preimageAuth);
    env.core.logOperation(tx, { Pay: { preimage_auth: preimageAuth } });
    await tx.addMachine({ tag: "Pay", value: machine });
    logInto(tx, outgoingPaymentStarted(contractId, amountMsat, operationId));
    if (refusal) {
      unpaid.set(tx.store, operationId, null);
      logInto(tx, outgoingPaymentFailed(contractId, account, refusal));
    }
    return preimageAuth;
  });
  if (!equalBytesConstantTime(fromHex(begun), fromHex(preimageAuth))) {
    throw refused("unauthorized", "A payment of this contract was started by another client");
  }
  return await outcome(wallet, operationId, signal);
}

function refused(code: PayInvoiceError["code"], message: string, options?: ErrorOptions): PayInvoiceError {
  return new PayInvoiceError({ code }, message, options);
}

/** @throws {PayInvoiceError} `federation` · `no_contract` */
async function accountOf(
  { env, federation }: LnGatewayWallet,
  contractId: ContractId,
  signal: AbortSignal,
): Promise<ContractAccount> {
  const { clock } = env.platform;
  for (let looks = 1;; looks++) {
    const late = () => refused("federation", "Guardians didn't answer in time");
    const account = await orLate({ clock, deadlineMs: ACCEPT_MS, signal, late }, async (until) => {
      try {
        return await federation.accountNow(contractId, until);
      } catch (thrown) {
        if (!(thrown instanceof LnError)) throw thrown;
        throw refused("federation", "The gateway can not reach the federation", { cause: thrown });
      }
    });
    if (account) return account;
    if (looks === CONTRACT_LOOKS_MAX) throw refused("no_contract", `OutgoingContract does not exist ${contractId}`);
    await sleep(clock, CONTRACT_LOOK_MS, signal);
  }
}

/** An outgoing contract of ours, for this invoice, that nobody has taken yet. @throws {PayInvoiceError} */
function checkAccount(
  { amount, contract: funded }: ContractAccount,
  invoice: Bolt11Invoice,
  { publicKey }: LnGatewayWallet,
): OutgoingAccount {
  if (funded.tag !== "Outgoing") throw refused("no_contract", "The contract is not an outgoing one");
  const { value: contract } = funded;
  if (!equalBytes(contract.gatewayKey, publicKey)) {
    throw refused("not_our_contract", "The Account or offer is keyed to another gateway");
  }
  if (contract.hash !== invoice.paymentHash) {
    throw refused("payment_hash_mismatch", "The invoice's payment hash does not match the contract's");
  }
  if (contract.cancelled || amount === 0n) throw refused("contract_over", "The contract is over");
  return { amount, contract };
}

/** What a contract must hold for paying so much. */
async function necessaryFor(
  { env, gateway }: LnGatewayWallet,
  amountMsat: bigint,
): Promise<Result<bigint, PaymentError>> {
  const fees = await gateway.routingFees(env.federationId);
  if (!fees) return err({ tag: "InvalidFederationConfiguration", value: null });
  const sum = checkedAdd(amountMsat, gatewayFeeMsat(fees, amountMsat));
  return sum === null ? err(ofContract({ tag: "InvoiceAmountTooLarge", value: null })) : ok(sum);
}

/** @throws {PayInvoiceError} `cancelled` · `failed` · {WaitError} */
async function outcome({ env: { core } }: LnGatewayWallet, operationId: OperationId, signal: AbortSignal) {
  for await (const reached of core.states(operationId, signal)) {
    if (reached.tag !== "Pay") continue;
    const { state, contractId } = reached.value;
    if (state.tag === "Claiming") return state.value.preimage;
    const why = `while paying invoice with contract id ${contractId}`;
    if (state.tag === "Cancelled") throw refused("cancelled", `Cancelled with ${paymentErrorText(state.value)} ${why}`);
    if (state.tag === "Failed") throw refused("failed", `${state.value.reason} ${why}`);
  }
  throw endedBy(signal);
}

type Paid = Result<PaymentMade, PaymentError>;

export function payingTransition(wallet: LnGatewayWallet, machine: PayMachine): Transition<LnGatewayState> {
  const { env, key } = wallet, { contractId, account } = machine;
  return transition<LnGatewayState, Paid>((signal) => pay(wallet, machine, signal), async (tx, paid) => {
    if (!paid.ok) {
      unpaid.set(tx.store, tx.operationId, null);
      logInto(tx, outgoingPaymentFailed(contractId, account, paid.error));
      const state = { tag: "Cancelling", value: { error: paid.error, round: 0 } } as const;
      return { tag: "Pay", value: { ...machine, state } };
    }
    const { preimage } = paid.value;
    logInto(tx, outgoingPaymentSucceeded(contractId, account, preimage));
    // it pays its fees itself and stands or falls with the contract alone
    const claim = claimBundle<LnGatewayState>(env, contractId, account.amount, key, preimage);
    const claimed = await tx.claimInputs(claim, "nothing");
    if (!claimed.ok) {
      env.log.error("A contract that was paid for doesn't cover the fees of its claim", {
        operationId: tx.operationId,
        code: claimed.error.code,
      });
    }
    const outpoints = claimed.ok ? outPointsOf(claimed.value) : [];
    await tx.setOutcome(tx.operationId, "paid");
    return { tag: "Pay", value: { ...machine, state: { tag: "Claiming", value: { preimage, outpoints } } } };
  });
}

async function pay({ env, gateway, federation }: LnGatewayWallet, machine: PayMachine, signal: AbortSignal) {
  const { contractId, account: { amount, contract }, invoice } = machine, { amountMsat } = invoice;
  assert(amountMsat !== null, "an invoice without an amount was refused");
  // blocks that are left are asked for after the wait: during an outage they become fewer
  await gateway.awaitNode(signal);
  const endBlockCount = BigInt(contract.timelock) + 1n - CLAIM_BLOCKS;
  const left = endBlockCount - await federation.awaitBlockCount(signal);
  const refusal = left <= 0n
    ? ofContract({ tag: "TimeoutTooClose", value: null })
    : expiredError(invoice, env.platform.clock.nowMs());
  // what claiming costs is not there for routing: who is paid may be who routes, and takes all that there is
  const feeLimitMsat = (await claimWorth(env, amount) ?? 0n) - amountMsat;
  const paid = await gateway.payFor({
    owner: { federationId: env.federationId, operationId: operationOf(contractId) },
    invoice,
    cltvLimit: left > 0n ? left : 0n,
    endBlockCount,
    feeLimitMsat: feeLimitMsat > 0n ? feeLimitMsat : 0n,
    mayBegin: refusal === null,
  }, signal);
  if (!paid.ok) return paid;
  if (paid.value === null) {
    assert(refusal, "a payment that may begin begins");
    return err(refusal);
  }
  assert(isPreimageOf(contract.hash, paid.value.preimage), "what pays shows the invoice's preimage");
  return ok(paid.value);
}

/** Of an invoice that can't be paid any more by a payment that begins now. */
function expiredError(invoice: Bolt11Invoice, nowMs: number): PaymentError | null {
  const endSecs = invoiceExpiresAt(invoice);
  if (endSecs === null || endSecs * 1_000n >= BigInt(Math.floor(nowMs))) return null;
  return ofContract({ tag: "InvoiceExpired", value: endSecs });
}
