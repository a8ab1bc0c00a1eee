/**
 * A receive: guardians are waited for to see the contract funded, then it is claimed with the keys that the receiver
 * has. fedimint-lnv2-client 0.13.0 (`receive_sm.rs`); docs/protocol/06-lightning-meta.md §D.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import { assert } from "../../../core/assert.ts";
import { amount as amountCodec, U64_MAX } from "../../../core/types/amount.ts";
import type { OperationId, OutPoint } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { incomingContractId } from "../contracts.ts";
import { claimBundle, isWorthClaiming } from "./contracts.ts";
import { Lnv2Error } from "./error.ts";
import { CLAIM_RETRY, CLAIM_TRIES_MAX } from "./limits.ts";
import { receiveOutcomeJson, receiveOutcomeOf } from "./outcome.ts";
import type { LightningParts } from "./send_machine.ts";
import type { LightningState, Receipt, StateOf } from "./states.ts";

type Funding = { readonly outpoint: OutPoint; readonly isWorth: boolean } | null;

/** The contract is funded, or too late. */
export function pendingTransition(
  parts: LightningParts,
  { value: receipt }: StateOf<"ReceivePending">,
): Transition<LightningState> {
  const { env, federation } = parts, { contract } = receipt, { amount, expiration } = contract.commitment;
  return transition<LightningState, Funding>(
    async (signal) => {
      const outpoint = await federation.awaitIncomingContract(incomingContractId(contract), expiration, signal);
      return outpoint && { outpoint, isWorth: await isWorthClaiming(env, amount) };
    },
    async (tx, funding) => {
      if (!funding) return await ended(tx, { tag: "ReceiveExpired", value: null });
      if (!funding.isWorth) return await uneconomical(tx);
      const state = await claiming(parts, tx, receipt, funding.outpoint, 0);
      if (state.tag === "ReceiveClaiming") logReceived(tx, receipt);
      return state;
    },
  );
}

type Claim = { readonly end: LightningState } | { readonly again: string };

/** The money is in the wallet, or guardians refused. */
export function claimTransition(
  parts: LightningParts,
  { value: { receipt, outpoint, range, round } }: StateOf<"ReceiveClaiming">,
  operationId: OperationId,
): Transition<LightningState> {
  const { env } = parts;
  return transition<LightningState, Claim>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (accepted.ok) {
        const issued = await env.core.awaitPrimaryOutputs(operationId, range, signal);
        return {
          end: issued.ok ? { tag: "ReceiveClaimed", value: null } : { tag: "ReceiveFailure", value: issued.error },
        };
      }
      // another copy of this wallet may have claimed it
      if (round + 1 >= CLAIM_TRIES_MAX) return { end: { tag: "ReceiveFailure", value: accepted.error } };
      await sleep(env.platform.clock, backOffMs(CLAIM_RETRY, round, env.platform.dice), signal);
      return { again: accepted.error };
    },
    async (tx, claim) => {
      if ("end" in claim) return await ended(tx, claim.end);
      env.log.warn("The claim of a receive was refused and is made again", { operationId, reason: claim.again, round });
      return await claiming(parts, tx, receipt, outpoint, round + 1);
    },
  );
}

/** The claim pays for itself, and stands or falls with the contract alone. */
async function claiming(
  { env }: LightningParts,
  tx: ClientTx<LightningState>,
  receipt: Receipt,
  outpoint: OutPoint,
  round: number,
): Promise<LightningState> {
  const claimed = await tx.claimInputs(claimBundle(env, receipt, outpoint), "nothing");
  if (claimed.ok) return { tag: "ReceiveClaiming", value: { receipt, outpoint, range: claimed.value, round } };
  if (claimed.error.code !== "insufficient_funds") throw Lnv2Error.notFunded(claimed.error);
  return await uneconomical(tx);
}

function uneconomical(tx: ClientTx<LightningState>): Promise<LightningState> {
  return ended(tx, { tag: "ReceiveUneconomical", value: null });
}

/** What was paid, and what of it the gateway keeps: a gateway may tell any fee, so the sum stays an amount. */
function logReceived(tx: ClientTx<LightningState>, { contract, feeMsat }: Receipt): void {
  const sum = contract.commitment.amount + feeMsat;
  tx.logEvent("payment-receive", {
    operation_id: tx.operationId,
    amount: amountCodec.toJson(sum > U64_MAX ? U64_MAX : sum),
    fee: amountCodec.toJson(feeMsat),
  });
}

async function ended(tx: ClientTx<LightningState>, state: LightningState): Promise<LightningState> {
  const outcome = receiveOutcomeOf(state);
  assert(outcome, "a receive ends with an outcome");
  await tx.setOutcome(tx.operationId, receiveOutcomeJson(outcome));
  return state;
}
