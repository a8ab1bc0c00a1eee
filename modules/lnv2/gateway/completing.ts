/**
 * A payment that the node holds for a registered contract: the contract is funded, and the payment ends as that ends.
 * Follows fedimint-gwv2-client 0.13.0 (`lib.rs` `relay_incoming_htlc`, `complete_sm.rs`);
 * docs/protocol/06-lightning-meta.md §E.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../../actors/platform/platform.ts";
import { fromHex, toHex } from "../../../core/bytes.ts";
import { encode, text, tuple, u64 } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import { operationId as operationIdCodec } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { endedBy } from "../../contract/waiting.ts";
import type { IncomingContract } from "../contracts.ts";
import { incomingContractId } from "../contracts.ts";
import { awaitBought, fund } from "./buying.ts";
import { begun, completing } from "./db.ts";
import type { RelayRefusal } from "./error.ts";
import { completeLightningPaymentSucceeded } from "./events.ts";
import { CLAIM_DEADLINE_BLOCKS_MIN, HELD_SURE_MS } from "./limits.ts";
import type { GatewayWallet } from "./own.ts";
import { logInto, operationOf } from "./own.ts";
import type { CompleteMachine, FinalReceiveState, GatewayState } from "./states.ts";
import { preimageOf } from "./states.ts";

/** A held payment of exactly what was asked for. */
export type HeldForContract = {
  readonly contract: IncomingContract;
  readonly paymentHash: Sha256;
  readonly amountMsat: bigint;
  /** Block height from which on settling is no longer safe, as the node told of it first. */
  readonly claimDeadlineHeight: number;
};

const circuit = tuple(text, operationIdCodec, u64, u64);
/** Of what came to an invoice of the node's own and not as a forward: it has no circuit. */
const NO_CIRCUIT = 0n;

/** Operation that ends the held payment of a contract. */
export function completionId(receive: OperationId): OperationId {
  const name = "gateway-lnv2-incoming-circuit";
  return toHex(sha256(encode(circuit, [name, receive, NO_CIRCUIT, NO_CIRCUIT]))) as OperationId;
}

/**
 * Funds the contract, if nobody has, and sees to the end of the payment. The error: nothing has begun, and nothing
 * will; the payment may go back. Rejects when it isn't known: the node tells of the payment again.
 */
export async function relayHeld(
  wallet: GatewayWallet,
  held: HeldForContract,
  signal: AbortSignal,
): Promise<Result<null, RelayRefusal>> {
  const { env: { core, platform, log }, federation, gateway } = wallet, { contract, paymentHash } = held;
  const startedMs = platform.clock.nowMs();
  const receiveOperationId = operationOf(incomingContractId(contract));
  const operationId = completionId(receiveOperationId);
  if (await core.operationExists(operationId)) return ok(null);
  // only what is new is refused: what was funded before has cost money, and the payment brings it back
  if (!await core.operationExists(receiveOperationId)) {
    const isSure = sleep(platform.clock, HELD_SURE_MS, signal);
    const [count] = await Promise.all([federation.blockCount(signal), isSure]);
    if (count === null) return err("federation_unreachable");
    // the last that is asked before money leaves: a node that was gone meanwhile may have given the payment back
    const now = await gateway.heldNow(fromHex(paymentHash), signal);
    if (now?.amountMsat !== held.amountMsat) return err("not_held");
    const deadline = BigInt(Math.min(held.claimDeadlineHeight, now.claimDeadlineHeight));
    // a node that is behind takes the deadline for farther than it is; f guardians can't make the count higher
    const height = count - 1n > BigInt(now.blockHeight) ? count - 1n : BigInt(now.blockHeight);
    if (deadline - height < CLAIM_DEADLINE_BLOCKS_MIN) return err("claim_deadline_too_close");
    const funded = await fund(wallet, contract, held.amountMsat, startedMs);
    if (!funded.ok) {
      log.warn("A held payment's contract can't be funded", { paymentHash, code: funded.error.code });
      return err("not_funded");
    }
  }
  await core.transact(operationId, async (tx) => {
    if (await begun.get(tx.store, operationId) !== undefined) return;
    begun.set(tx.store, operationId, null);
    completing.set(tx.store, operationId, null);
    core.logOperation(tx, { role: "circuit_completion" });
    const state = { tag: "Pending", value: null } as const;
    const { amountMsat } = held;
    await tx.addMachine({
      tag: "Complete",
      value: { operationId, receiveOperationId, paymentHash, amountMsat, state },
    });
  });
  return ok(null);
}

/** Waits until the node has said how a held payment ended. @throws {WaitError} */
export async function awaitCompletion(
  { env: { core } }: GatewayWallet,
  operationId: OperationId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  for await (const reached of core.states(operationId, signal)) {
    if (reached.tag !== "Complete") continue;
    const { state } = reached.value;
    if (state.tag === "Completed") return ok(null);
    if (state.tag === "CompletionFailed") return err(state.value);
  }
  throw endedBy(signal);
}

export function completeTransitions(
  wallet: GatewayWallet,
  machine: CompleteMachine,
): readonly Transition<GatewayState>[] {
  const { state, paymentHash, receiveOperationId } = machine;
  if (state.tag === "Pending") {
    return [
      transition<GatewayState, FinalReceiveState>(
        (signal) => awaitBought(wallet, receiveOperationId, signal),
        (_, final) =>
          Promise.resolve({ tag: "Complete", value: { ...machine, state: { tag: "Completing", value: final } } }),
      ),
    ];
  }
  if (state.tag !== "Completing") return [];
  const preimage = preimageOf(state.value);
  return [
    transition<GatewayState, Result<null, string>>(
      (signal) => wallet.gateway.completeHeld(fromHex(paymentHash), preimage, signal),
      async (tx, ended) => {
        completing.delete(tx.store, tx.operationId);
        if (ended.ok) {
          logInto(tx, completeLightningPaymentSucceeded(paymentHash));
          await tx.setOutcome(tx.operationId, preimage === null ? "cancelled" : "settled");
          return { tag: "Complete", value: { ...machine, state: { tag: "Completed", value: null } } };
        }
        wallet.env.log.error("A held payment was ended the other way by the node", { reason: ended.error });
        await tx.setOutcome(tx.operationId, "failed");
        return { tag: "Complete", value: { ...machine, state: { tag: "CompletionFailed", value: ended.error } } };
      },
    ),
  ];
}
