/**
 * A receive: the preimage is offered, somebody buys it, guardians decrypt it, and the money is claimed by its key.
 * fedimint-ln-client 0.13.0 (`receive.rs`); docs/protocol/06-lightning-meta.md §F.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { orEnded } from "../../contract/waiting.ts";
import { invoiceExpiresAt } from "../../../core/lightning/bolt11.ts";
import type { ContractAccount } from "../contracts.ts";
import { claimBundle, isShort } from "./bundles.ts";
import { decidedTransition } from "./decided.ts";
import { logEvent, receiveEnded } from "./ended.ts";
import { LnError } from "./error.ts";
import { CLAIM_RETRY, CLAIM_TRIES_MAX, CLOCK_SKEW_SECS } from "./limits.ts";
import type { LnParts } from "./parts.ts";
import type { LnState, Receipt, StateOf } from "./states.ts";

/** Guardians have decided on the offer. */
export function offeredTransition(
  parts: LnParts,
  { value: { receipt, txid } }: StateOf<"ReceiveOffering">,
  operationId: OperationId,
): Transition<LnState> {
  return decidedTransition(
    parts,
    { operationId, txid },
    (tx, outcome) =>
      outcome.ok
        ? { tag: "ReceivePending", value: receipt }
        : receiveEnded(tx, { tag: "ReceiveRejected", value: outcome.error }),
  );
}

/** What lies in the contract, msat; or why nothing of it is ours. */
type Bought = { readonly amount: bigint } | "invalid" | "expired";

/** Somebody has paid, or nobody in time. */
export function pendingTransition(parts: LnParts, { value: receipt }: StateOf<"ReceivePending">): Transition<LnState> {
  return transition<LnState, Bought>(
    (signal) => bought(parts, receipt, signal),
    async (tx, found) => {
      if (found === "expired") return await receiveEnded(tx, { tag: "ReceiveExpired", value: receipt });
      if (found === "invalid") return await receiveEnded(tx, { tag: "ReceiveInvalid", value: null });
      const { amount } = found;
      logEvent(tx, "payment-receive", { operationId: tx.operationId, amount });
      return await claiming(parts, tx, receipt, amount, 0);
    },
  );
}

type Claim = { readonly end: LnState } | { readonly again: string };

/** The money is in the wallet, or guardians refused. */
export function claimTransition(
  parts: LnParts,
  { value: { receipt, amount, range, round } }: StateOf<"ReceiveClaiming">,
  operationId: OperationId,
): Transition<LnState> {
  const { env } = parts;
  const failure = (reason: string): LnState => ({ tag: "ReceiveFailure", value: { receipt, reason } });
  return transition<LnState, Claim>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (accepted.ok) {
        const issued = await env.core.awaitPrimaryOutputs(operationId, range, signal);
        return { end: issued.ok ? { tag: "ReceiveClaimed", value: null } : failure(issued.error) };
      }
      if (round + 1 >= CLAIM_TRIES_MAX) return { end: failure(accepted.error) };
      await sleep(env.platform.clock, backOffMs(CLAIM_RETRY, round, env.platform.dice), signal);
      return { again: accepted.error };
    },
    async (tx, claim) => {
      if ("end" in claim) return await receiveEnded(tx, claim.end);
      env.log.warn("The claim of a receive was refused and is made again", { operationId, reason: claim.again, round });
      return await claiming(parts, tx, receipt, amount, round + 1);
    },
  );
}

/**
 * Once the contract is there guardians decrypt it, however long that takes. Only when the invoice has expired and they
 * agree that there is none it is over.
 */
async function bought(parts: LnParts, receipt: Receipt, signal: AbortSignal): Promise<Bought> {
  const { federation } = parts, { paymentHash } = receipt.invoice;
  if (!await isFunded(parts, receipt, signal)) return "expired";
  if (await federation.awaitDecrypted(paymentHash, signal) === null) return "invalid";
  const account = await federation.account(paymentHash, signal);
  return account ? { amount: account.amount } : "expired";
}

async function isFunded({ env, federation }: LnParts, { invoice }: Receipt, signal: AbortSignal): Promise<boolean> {
  const { clock } = env.platform, { paymentHash } = invoice, endSecs = invoiceExpiresAt(invoice);
  const stop = new AbortController(), until = AbortSignal.any([signal, stop.signal]);
  const untilMs = endSecs === null ? null : Number(endSecs + CLOCK_SKEW_SECS) * 1_000;
  try {
    const funded: Promise<ContractAccount | null> = federation.awaitAccount(paymentHash, until);
    const late = (async (): Promise<ContractAccount | null> => {
      if (untilMs === null) return await orEnded(until, () => new Promise<never>(() => {}));
      // longer than a timer holds is slept in parts
      for (let leftMs = untilMs - clock.nowMs(); leftMs > 0; leftMs = untilMs - clock.nowMs()) {
        await sleep(clock, Math.min(leftMs, DAY_MS), until);
      }
      return await federation.account(paymentHash, until);
    })();
    for (const each of [funded, late]) each.catch(() => {});
    return await Promise.race([funded, late]) !== null;
  } finally {
    stop.abort();
  }
}

const DAY_MS = 86_400_000;

/** The claim pays for itself, and stands or falls with the contract alone. */
async function claiming(
  { env }: LnParts,
  tx: ClientTx<LnState>,
  receipt: Receipt,
  amount: bigint,
  round: number,
): Promise<LnState> {
  const claimed = await tx.claimInputs(claimBundle(env, receipt.invoice.paymentHash, amount, receipt.key), "nothing");
  if (claimed.ok) return { tag: "ReceiveClaiming", value: { receipt, amount, range: claimed.value, round } };
  if (!isShort(claimed.error)) throw LnError.notFunded(claimed.error);
  const reason = "The contract is worth less than the fees of its claim";
  return await receiveEnded(tx, { tag: "ReceiveFailure", value: { receipt, reason } });
}
