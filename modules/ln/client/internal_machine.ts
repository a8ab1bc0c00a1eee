/**
 * A payment within the federation: the wallet itself buys the preimage that was offered. No gateway takes part.
 * fedimint-ln-client 0.13.0 (`incoming.rs`).
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { backOffMs } from "../../../actors/rpc/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { orEnded } from "../../contract/waiting.ts";
import { isPreimageOf } from "../contracts.ts";
import { claimBundle, isShort } from "./bundles.ts";
import { decidedTransition } from "./decided.ts";
import { payEnded } from "./ended.ts";
import { LnError } from "./error.ts";
import { redeemKey } from "./keys.ts";
import { CLAIM_RETRY, CLAIM_TRIES_MAX } from "./limits.ts";
import type { LnParts } from "./parts.ts";
import type { LnState, Purchase, StateOf } from "./states.ts";

/** Guardians have decided on the funding. */
export function boughtTransition(
  parts: LnParts,
  { value: { purchase, txid } }: StateOf<"InternalFunding">,
  operationId: OperationId,
): Transition<LnState> {
  return decidedTransition(
    parts,
    { operationId, txid },
    (tx, outcome) =>
      outcome.ok
        ? { tag: "InternalDecrypting", value: purchase }
        : payEnded(tx, purchase.hash, { tag: "InternalRejected", value: outcome.error }),
  );
}

/** Guardians have decrypted what was offered. */
export function decryptedTransition(
  parts: LnParts,
  { value: purchase }: StateOf<"InternalDecrypting">,
): Transition<LnState> {
  const { env: { log }, federation } = parts, { hash } = purchase;
  return transition<LnState, Bytes | null>(
    async (signal) => {
      const preimage = await federation.awaitDecrypted(hash, signal);
      if (preimage === null || isPreimageOf(hash, preimage)) return preimage;
      log.error("A threshold of guardians shows a preimage that doesn't fit its contract", { hash });
      return await orEnded(signal, () => new Promise<never>(() => {}));
    },
    async (tx, preimage) =>
      preimage
        ? await payEnded(tx, hash, { tag: "InternalSuccess", value: preimage })
        : await refunding(parts, tx, purchase, 0),
  );
}

type Refund =
  | { readonly end: Extract<LnState, { tag: "InternalRefunded" | "InternalFailure" }> }
  | { readonly again: string };

/** The refund is in the wallet, or was refused. */
export function returnedTransition(
  parts: LnParts,
  { value: { purchase, range, round } }: StateOf<"InternalRefunding">,
  operationId: OperationId,
): Transition<LnState> {
  const { env } = parts;
  return transition<LnState, Refund>(
    async (signal) => {
      const accepted = await env.core.awaitTransaction(operationId, range.txid, signal);
      if (accepted.ok) {
        const issued = await env.core.awaitPrimaryOutputs(operationId, range, signal);
        if (issued.ok) return { end: { tag: "InternalRefunded", value: range } };
        return { end: { tag: "InternalFailure", value: issued.error } };
      }
      // another copy of this wallet has the same key
      if (round + 1 >= CLAIM_TRIES_MAX) return { end: { tag: "InternalFailure", value: accepted.error } };
      await sleep(env.platform.clock, backOffMs(CLAIM_RETRY, round, env.platform.dice), signal);
      return { again: accepted.error };
    },
    async (tx, refund) => {
      if ("end" in refund) return await payEnded(tx, purchase.hash, refund.end);
      env.log.warn("A refund was refused and is made again", { operationId, reason: refund.again, round });
      return await refunding(parts, tx, purchase, round + 1);
    },
  );
}

async function refunding(
  { env }: LnParts,
  tx: ClientTx<LnState>,
  purchase: Purchase,
  round: number,
): Promise<LnState> {
  const { hash, amount } = purchase;
  const claimed = await tx.claimInputs(claimBundle(env, hash, amount, redeemKey(env.secret)), "nothing");
  if (claimed.ok) return { tag: "InternalRefunding", value: { purchase, range: claimed.value, round } };
  if (!isShort(claimed.error)) throw LnError.notFunded(claimed.error);
  const value = "The contract is worth less than the fees of its refund";
  return await payEnded(tx, hash, { tag: "InternalFailure", value });
}
