/**
 * Buying a preimage: the gateway funds a receiver's incoming contract, and guardians decrypt. Follows
 * fedimint-gwv2-client 0.13.0 (`receive_sm.rs`, `lib.rs` `relay_direct_swap`); docs/protocol/06-lightning-meta.md §E.
 *
 * The operation's id is the contract's, so a contract is funded once, whoever asks and how often.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { combineDecryptionShares } from "../../../core/crypto/tpe.ts";
import type { G1 } from "../../../core/crypto/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId, PeerId } from "../../../core/types/ids.ts";
import type { FinalizeError, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import type { Late } from "../../contract/submit_soon.ts";
import { submitSoon } from "../../contract/submit_soon.ts";
import { endedBy } from "../../contract/waiting.ts";
import type { IncomingContract } from "../contracts.ts";
import { contractPreimage, incomingContractId, isDecryptionKeyOf } from "../contracts.ts";
import { incomingPaymentFailed, incomingPaymentStarted, incomingPaymentSucceeded } from "./events.ts";
import type { GatewayTx } from "./env.ts";
import { FUND_WITHIN_MS } from "./limits.ts";
import type { GatewayWallet } from "./own.ts";
import { logInto, operationOf } from "./own.ts";
import type { FinalReceiveState, GatewayState, ReceiveMachine } from "./states.ts";

/**
 * Funds the contract, unless that was done before. Durable when it resolves. The error: nothing was and nothing will be
 * funded by this call.
 * @param invoiceAmountMsat what the gateway gets for it
 * @param startedMs since the epoch: when this payment was first looked at
 */
export async function fund(
  wallet: GatewayWallet,
  contract: IncomingContract,
  invoiceAmountMsat: bigint,
  startedMs: number,
): Promise<Result<null, FinalizeError | Late>> {
  const operationId = operationOf(incomingContractId(contract)), { core, platform: { clock } } = wallet.env;
  const funded = await submitSoon<GatewayState>(core, {
    operationId,
    inputs: [],
    outputs: [
      wallet.outputOf(contract, (outpoint) => ({
        tag: "Receive",
        value: { operationId, contract, outpoint, state: { tag: "Funding", value: null } },
      })),
    ],
    meta: () => ({ role: "receive" }),
    also: (tx) => {
      logInto(tx, incomingPaymentStarted(startedMs, contract.commitment, invoiceAmountMsat));
      return Promise.resolve();
    },
  }, { clock, withinMs: FUND_WITHIN_MS });
  if (funded.ok || funded.error.code === "operation_exists") return ok(null);
  return funded;
}

/**
 * Waits for the preimage, or for the money to be back.
 * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
 */
export async function awaitBought(
  { env: { core } }: GatewayWallet,
  operationId: OperationId,
  signal: AbortSignal,
): Promise<FinalReceiveState> {
  for await (const reached of core.states(operationId, signal)) {
    if (reached.tag !== "Receive") continue;
    const { state } = reached.value;
    switch (state.tag) {
      case "Funding":
        break;
      case "Rejected":
        return { tag: "Rejected", value: null };
      case "Success":
        return { tag: "Success", value: state.value };
      case "Failure":
        return { tag: "Failure", value: null };
      case "Refunding": {
        const back = await core.awaitPrimaryOutputs(operationId, state.value, signal);
        return back.ok ? { tag: "Refunded", value: null } : { tag: "Failure", value: null };
      }
    }
  }
  throw endedBy(signal);
}

type Decrypted =
  | { readonly tag: "rejected"; readonly reason: string }
  /** The shares are those of guardians' keys, and yet don't make the federation's: its config is broken. */
  | { readonly tag: "inconsistent" }
  /** The decryption key, and the preimage (32 bytes) unless something else was encrypted. */
  | { readonly tag: "decrypted"; readonly key: G1; readonly preimage: Bytes | null };

export function receiveTransitions(
  wallet: GatewayWallet,
  machine: ReceiveMachine,
): readonly Transition<GatewayState>[] {
  if (machine.state.tag !== "Funding") return [];
  return [
    transition<GatewayState, Decrypted>(
      (signal) => decrypted(wallet, machine, signal),
      async (tx, outcome) => ({
        tag: "Receive",
        value: { ...machine, state: await bought(wallet, machine, tx, outcome) },
      }),
    ),
  ];
}

/** Shares are asked for at once: guardians answer as soon as the contract is funded, which saves a round trip. */
async function decrypted(
  { env, federation }: GatewayWallet,
  { operationId, contract, outpoint }: ReceiveMachine,
  signal: AbortSignal,
): Promise<Decrypted> {
  const done = new AbortController(), until = AbortSignal.any([signal, done.signal]);
  const asked = federation.decryptionShares(contract, outpoint, until).then(
    (shares) => decryptedBy(shares, contract, env),
  );
  const decided = env.core.awaitTransaction(operationId, outpoint.txid, until).then((outcome) =>
    outcome.ok ? asked : { tag: "rejected", reason: outcome.error } as const
  );
  try {
    return await Promise.race([asked, decided]);
  } finally {
    done.abort();
    // the one that is too late ends by that
    void Promise.allSettled([asked, decided]);
  }
}

function decryptedBy(
  shares: ReadonlyMap<PeerId, G1>,
  contract: IncomingContract,
  { config, peers }: GatewayWallet["env"],
): Decrypted {
  const key = combineDecryptionShares(shares, peers.threshold);
  if (!isDecryptionKeyOf(contract, key, config.tpeAggPk)) return { tag: "inconsistent" };
  return { tag: "decrypted", key, preimage: contractPreimage(contract, key) };
}

async function bought(
  wallet: GatewayWallet,
  { contract: { commitment }, outpoint }: ReceiveMachine,
  tx: GatewayTx,
  outcome: Decrypted,
): Promise<ReceiveMachine["state"]> {
  const image = commitment.paymentImage;
  const failed = async (reason: string, final: string): Promise<void> => {
    logInto(tx, incomingPaymentFailed(image, reason));
    await tx.setOutcome(tx.operationId, final);
  };
  if (outcome.tag === "rejected") {
    await failed(outcome.reason, "rejected");
    return { tag: "Rejected", value: outcome.reason };
  }
  if (outcome.tag === "inconsistent") {
    await failed("Client config's public keys are inconsistent", "failure");
    return { tag: "Failure", value: null };
  }
  if (outcome.preimage !== null) {
    logInto(tx, incomingPaymentSucceeded(image));
    await tx.setOutcome(tx.operationId, "success");
    return { tag: "Success", value: outcome.preimage };
  }
  const refund = wallet.inputOf(
    { tag: "V0", value: { tag: "Incoming", value: [outpoint, outcome.key] } },
    commitment.amount,
  );
  const claimed = await tx.claimInputs(refund, "nothing");
  if (!claimed.ok) {
    await failed("Contract does not cover the refund fee", "failure");
    return { tag: "Failure", value: null };
  }
  await failed("Failed to decrypt preimage", "refunded");
  return { tag: "Refunding", value: claimed.value };
}

/** What a purchase's end means to whoever pays for it. */
export function boughtOr(final: FinalReceiveState): Result<Bytes, "Rejected" | "Refunded" | "Failure"> {
  return final.tag === "Success" ? ok(final.value) : err(final.tag);
}
