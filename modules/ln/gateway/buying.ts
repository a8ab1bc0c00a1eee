/**
 * Buying a preimage: the gateway funds the contract that an offer asks for, and guardians decrypt. Follows
 * fedimint-ln-client 0.13.0 (`incoming.rs`, `create_incoming_contract_output`) and fedimint-gw-client 0.13.0
 * (`lib.rs`).
 *
 * The operation's id is the payment hash, so an offer is bought once, whoever asks and how often.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { submitSoon } from "../../contract/submit_soon.ts";
import { endedBy, orEnded, orLate } from "../../contract/waiting.ts";
import { claimBundle, fundingBundle } from "../client/bundles.ts";
import { LnError } from "../client/error.ts";
import type { Contract, IncomingContractOffer } from "../contracts.ts";
import { isPreimageOf } from "../contracts.ts";
import { circuits } from "./db.ts";
import type { RelayRefusal } from "./error.ts";
import { incomingPaymentFailed, incomingPaymentSucceeded, logInto } from "./events.ts";
import { ACCEPT_MS, FUND_WITHIN_MS, TRIES_MAX, TRY_AGAIN } from "./limits.ts";
import type { LnGatewayTx, LnGatewayWallet } from "./own.ts";
import { operationOf } from "./own.ts";
import type { Bought, BuyMachine, LnGatewayState } from "./states.ts";

export type Purchase = {
  readonly paymentHash: Sha256;
  /** What the gateway gets for it: the offer may ask for no more. */
  readonly mostMsat: bigint;
  /** Stored with the purchase. */
  readonly also?: (tx: LnGatewayTx, contractMsat: bigint) => void;
};

/**
 * Funds the contract of the offer, unless an operation of this hash did before. Durable when it resolves. The error:
 * nothing was and nothing will be funded by this call.
 */
export async function buy(
  wallet: LnGatewayWallet,
  { paymentHash, mostMsat, also }: Purchase,
  signal: AbortSignal,
): Promise<Result<null, RelayRefusal>> {
  const { env, publicKey: gatewayKey } = wallet, operationId = operationOf(paymentHash);
  // its offer is gone with the funding
  if (await env.core.operationExists(operationId)) return ok(null);
  const offer = await offerFor(wallet, paymentHash, signal);
  if (!offer.ok) return offer;
  const { amount, encryptedPreimage } = offer.value;
  if (amount > mostMsat) return err("offer_too_dear");
  const decryptedPreimage = { tag: "Pending", value: null } as const;
  const value = { hash: paymentHash, encryptedPreimage, decryptedPreimage, gatewayKey };
  const contract: Contract = { tag: "Incoming", value };
  // whoever waits for the payment may be gone: then nothing is paid out for it
  signal.throwIfAborted();
  const funded = await submitSoon<LnGatewayState>(env.core, {
    operationId,
    inputs: [],
    outputs: [
      fundingBundle<LnGatewayState>(env, contract, amount, (txid) => ({
        tag: "Receive",
        value: { paymentHash, amount, txid, state: { tag: "Funding", value: null } },
      })),
    ],
    meta: () => "Receive",
    also: (tx) => {
      also?.(tx, amount);
      return Promise.resolve();
    },
    signal,
  }, { clock: env.platform.clock, withinMs: FUND_WITHIN_MS });
  if (funded.ok || funded.error.code === "operation_exists") return ok(null);
  env.log.warn("An offer can't be bought", { paymentHash, code: funded.error.code });
  return err("not_funded");
}

/**
 * The offer of a hash that has no contract yet: one that is there would take the money for whoever funded it first.
 */
async function offerFor(
  { env, federation }: LnGatewayWallet,
  hash: Sha256,
  signal: AbortSignal,
): Promise<Result<IncomingContractOffer, RelayRefusal>> {
  const { clock } = env.platform, late = () => LnError.of("federation", "Guardians didn't answer in time");
  try {
    return await orLate({ clock, deadlineMs: ACCEPT_MS, signal, late }, async (until) => {
      const offer = await federation.offer(hash, until);
      if (!offer || offer.hash !== hash || offer.amount === 0n) return err("no_offer");
      return await federation.accountNow(hash, until) ? err("contract_exists") : ok(offer);
    });
  } catch (thrown) {
    if (thrown instanceof LnError && thrown.code === "federation") return err("federation_unreachable");
    throw thrown;
  }
}

/**
 * Waits for the preimage, or until it is certain that there is none.
 * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
 */
export async function awaitBought(
  { env: { core } }: LnGatewayWallet,
  operationId: OperationId,
  signal: AbortSignal,
): Promise<Bought> {
  for await (const reached of core.states(operationId, signal)) {
    if (reached.tag !== "Receive") continue;
    const { state } = reached.value;
    switch (state.tag) {
      case "Funding":
        break;
      case "Success":
        return { tag: "Success", preimage: state.value };
      case "Rejected":
        return { tag: "Rejected" };
      case "Refunding":
      case "Refunded":
        return { tag: "Refunded" };
      case "Failure":
        return { tag: "Failure" };
    }
  }
  throw endedBy(signal);
}

type Decrypted =
  | { readonly tag: "rejected"; readonly reason: string }
  /** 32 bytes; null: what was offered is no preimage. */
  | { readonly tag: "decrypted"; readonly preimage: Bytes | null };

export function fundedTransition(
  wallet: LnGatewayWallet,
  machine: BuyMachine,
  operationId: OperationId,
): Transition<LnGatewayState> {
  const { paymentHash } = machine;
  return transition<LnGatewayState, Decrypted>(
    (signal) => decrypted(wallet, machine, operationId, signal),
    async (tx, outcome) => {
      const isForward = await circuits.get(tx.store, paymentHash) !== undefined;
      if (outcome.tag === "decrypted" && outcome.preimage) {
        if (isForward) logInto(tx, incomingPaymentSucceeded(paymentHash, outcome.preimage));
        await tx.setOutcome(operationId, "success");
        return { tag: "Receive", value: { ...machine, state: { tag: "Success", value: outcome.preimage } } };
      }
      if (isForward) logInto(tx, incomingPaymentFailed(paymentHash));
      if (outcome.tag === "decrypted") return await refunding(wallet, machine, tx, 0);
      await tx.setOutcome(operationId, "rejected");
      return { tag: "Receive", value: { ...machine, state: { tag: "Rejected", value: outcome.reason } } };
    },
  );
}

async function decrypted(
  { env, federation }: LnGatewayWallet,
  { paymentHash, txid }: BuyMachine,
  operationId: OperationId,
  signal: AbortSignal,
): Promise<Decrypted> {
  const decided = await env.core.awaitTransaction(operationId, txid, signal);
  if (!decided.ok) return { tag: "rejected", reason: decided.error };
  const preimage = await federation.awaitDecrypted(paymentHash, signal);
  if (preimage === null || isPreimageOf(paymentHash, preimage)) return { tag: "decrypted", preimage };
  env.log.error("A threshold of guardians shows a preimage that doesn't fit its contract", { paymentHash });
  return await orEnded(signal, () => new Promise<never>(() => {}));
}

type Refund = { readonly end: Extract<BuyMachine["state"], { readonly tag: "Refunded" | "Failure" }> | null };

export function refundedTransition(
  wallet: LnGatewayWallet,
  machine: BuyMachine,
  operationId: OperationId,
): Transition<LnGatewayState> {
  const { env } = wallet, { state } = machine;
  if (state.tag !== "Refunding") throw new TypeError("nothing is coming back");
  const { range, round } = state.value;
  return transition<LnGatewayState, Refund>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (accepted.ok) return { end: { tag: "Refunded", value: null } };
      if (round + 1 >= TRIES_MAX) return { end: { tag: "Failure", value: accepted.error } };
      await sleep(env.platform.clock, backOffMs(TRY_AGAIN, round, env.platform.dice), signal);
      return { end: null };
    },
    async (tx, { end }) => {
      if (end === null) return await refunding(wallet, machine, tx, round + 1);
      await tx.setOutcome(operationId, end.tag === "Refunded" ? "refunded" : "failure");
      return { tag: "Receive", value: { ...machine, state: end } };
    },
  );
}

async function refunding(
  { env, key }: LnGatewayWallet,
  machine: BuyMachine,
  tx: LnGatewayTx,
  round: number,
): Promise<LnGatewayState> {
  const { paymentHash, amount } = machine;
  const claimed = await tx.claimInputs(claimBundle<LnGatewayState>(env, paymentHash, amount, key), "nothing");
  if (claimed.ok) {
    return {
      tag: "Receive",
      value: { ...machine, state: { tag: "Refunding", value: { range: claimed.value, round } } },
    };
  }
  await tx.setOutcome(tx.operationId, "failure");
  const value = "The contract is worth less than the fees of its refund";
  return { tag: "Receive", value: { ...machine, state: { tag: "Failure", value } } };
}
