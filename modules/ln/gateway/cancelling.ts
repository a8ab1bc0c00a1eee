/**
 * Giving an outgoing contract up: the payer may take the money back at once. A transaction of its own, in an operation
 * that is made once however often the step runs. fedimint-gw-client 0.13.0 (`pay.rs` `GatewayPayCancelContract`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import { assert } from "../../../core/assert.ts";
import { toHex } from "../../../core/bytes.ts";
import { schnorrSign } from "../../../core/crypto/mod.ts";
import { encode, text, tuple, u64Number } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { endedBy } from "../../contract/waiting.ts";
import { cancelBundle } from "../client/bundles.ts";
import type { ContractId } from "../contracts.ts";
import { cancellationMessage, contractId as contractIdCodec } from "../contracts.ts";
import { TRIES_MAX, TRY_AGAIN } from "./limits.ts";
import type { LnGatewayWallet } from "./own.ts";
import type { CancelMachine, LnGatewayState, PayMachine } from "./states.ts";

const operationParts = tuple(text, contractIdCodec, u64Number);

/** Operation of the n-th try to give a contract up. */
function cancelOperationId(contractId: ContractId, round: number): OperationId {
  return toHex(sha256(encode(operationParts, ["gateway-ln-cancel", contractId, round]))) as OperationId;
}

/** Null: it is given up, or nothing is left in it. */
type Cancelled = { readonly again: string | null; readonly failed: string | null };

export function cancellingTransition(wallet: LnGatewayWallet, machine: PayMachine): Transition<LnGatewayState> {
  const { state } = machine;
  assert(state.tag === "Cancelling", "nothing else is ever given up");
  const { error, round } = state.value;
  return transition<LnGatewayState, Cancelled>(
    (signal) => cancel(wallet, machine, round, signal),
    async (tx, { again, failed }) => {
      if (again !== null) {
        return { tag: "Pay", value: { ...machine, state: { tag: "Cancelling", value: { error, round: round + 1 } } } };
      }
      if (failed !== null) {
        wallet.env.log.error("Guardians refuse that a contract is given up", { reason: failed });
        await tx.setOutcome(tx.operationId, "failed");
        return { tag: "Pay", value: { ...machine, state: { tag: "Failed", value: { error, reason: failed } } } };
      }
      await tx.setOutcome(tx.operationId, "cancelled");
      return { tag: "Pay", value: { ...machine, state: { tag: "Cancelled", value: error } } };
    },
  );
}

async function cancel(
  wallet: LnGatewayWallet,
  { contractId }: PayMachine,
  round: number,
  signal: AbortSignal,
): Promise<Cancelled> {
  const { env: { platform: { clock, dice } }, federation } = wallet;
  const submitted = await submit(wallet, contractId, round, signal);
  if (submitted.ok) return { again: null, failed: null };
  const account = await federation.account(contractId, signal);
  const isOver = account === null || account.amount === 0n ||
    account.contract.tag === "Outgoing" && account.contract.value.cancelled;
  if (isOver) return { again: null, failed: null };
  if (round + 1 >= TRIES_MAX) return { again: null, failed: submitted.error };
  await sleep(clock, backOffMs(TRY_AGAIN, round, dice), signal);
  return { again: submitted.error, failed: null };
}

/** The error: guardians refused it. */
async function submit(
  { env, key }: LnGatewayWallet,
  contractId: ContractId,
  round: number,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  const { core } = env, operationId = cancelOperationId(contractId, round);
  const signature = schnorrSign(cancellationMessage(contractId), key, env.platform.dice.bytes(32));
  const submitted = await core.submit({
    operationId,
    inputs: [],
    outputs: [
      cancelBundle<LnGatewayState>(env, contractId, signature, (txid) => ({
        tag: "Cancel",
        value: { txid, state: { tag: "Submitted", value: null } },
      })),
    ],
    meta: () => ({ Cancel: { contract_id: contractId } }),
    signal,
  });
  if (!submitted.ok && submitted.error.code !== "operation_exists") return err(submitted.error.code);
  for await (const reached of core.states(operationId, signal)) {
    if (reached.tag !== "Cancel") continue;
    const { state } = reached.value;
    if (state.tag === "Accepted") return ok(null);
    if (state.tag === "Rejected") return err(state.value);
  }
  throw endedBy(signal);
}

export function cancelTransition(
  { env }: LnGatewayWallet,
  machine: CancelMachine,
  operationId: OperationId,
): Transition<LnGatewayState> {
  return transition<LnGatewayState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, machine.txid, signal),
    async (tx, decided) => {
      await tx.setOutcome(operationId, decided.ok ? "accepted" : "rejected");
      const state = decided.ok
        ? { tag: "Accepted", value: null } as const
        : { tag: "Rejected", value: decided.error } as const;
      return { tag: "Cancel", value: { ...machine, state } };
    },
  );
}
