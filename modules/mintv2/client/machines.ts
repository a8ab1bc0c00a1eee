/**
 * The mintv2 client's state machines: spent notes, notes that are being issued, e-cash that was received.
 * docs/protocol/04-mint.md §7.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import type { G1, G2 } from "../../../core/crypto/bls/mod.ts";
import { combineShares, messageSeed } from "../../../core/crypto/tbs.ts";
import { allSignaturesHold } from "../../../core/crypto/tbs_batch.ts";
import { fixedList } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { g1Point } from "../../../core/types/bls.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import type { OperationId, PeerId, TransactionId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { countsOf, valueOf } from "./balancing.ts";
import { addBrought, addNotes, removeUnderWay } from "./db.ts";
import type { MintState, StateOf } from "./states.ts";
import type { Wallet } from "./wallet.ts";
import type { SpendableNote } from "../ecash.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { blindedNonce, finishNote, requestNonce } from "./issuance.ts";
import { inputTransition, refundTransition } from "./refunds.ts";

export function mintTransitions(
  wallet: Wallet,
  state: MintState,
  operationId: OperationId,
): readonly Transition<MintState>[] {
  switch (state.tag) {
    case "InputPending":
      return [inputTransition(wallet, state, operationId)];
    case "RefundPending":
      return [refundTransition(wallet, state, operationId)];
    case "OutputPending":
      return [outputTransition(wallet, state, operationId)];
    case "ReceivePending":
      return [receiveTransition(wallet, [state.value.txid], operationId)];
    case "RedemptionPending":
      return [receiveTransition(wallet, state.value.txids, operationId)];
    case "ReissuePending":
      return [reissueTransition(wallet, state.value.txids, operationId)];
    default:
      return [];
  }
}

type Issued = { readonly notes: readonly SpendableNote[] } | {
  readonly failed: string;
  readonly notes: readonly SpendableNote[];
};

/** Every share of a guardian's answer must hold; its answer counts as a whole. As many shares as requests. */
function checkShares(
  requests: readonly { readonly request: NoteIssuanceRequest; readonly blinded: G1 }[],
  keys: ReadonlyMap<number, ReadonlyMap<PeerId, G2>>,
  peer: PeerId,
  shares: readonly G1[],
  dice: Dice,
): Result<readonly G1[], string> {
  const checks = requests.map(({ request, blinded }, i) => ({
    publicKey: keys.get(request.denomination)!.get(peer)!,
    signature: shares[i]!,
    message: blinded,
  }));
  return allSignaturesHold(checks, (size) => dice.bytes(size))
    ? ok(shares)
    : err("Unspecified condition error: invalid signature share");
}

async function fetchNotes(
  wallet: Wallet,
  { value: { range, requests } }: StateOf<"OutputPending">,
  signal: AbortSignal,
): Promise<Issued> {
  const { api, platform, peers } = wallet.env;
  const wanted = requests.map((request) => ({ request, blinded: blindedNonce(request) }));
  // reading a point takes as long as signing one: no guardian makes the client read more than it asked for
  const shareList = fixedList(g1Point, wanted.length);
  const call = range ? { method: "signature_shares", params: outPointRange.toJson(range), result: shareList } : {
    method: "recovery_signature_shares",
    params: shareList.toJson(wanted.map(({ blinded }) => blinded)),
    result: shareList,
  };
  const answers = await api.threshold(
    call,
    (peer, shares) => checkShares(wanted, wallet.shareKeys, peer, shares, platform.dice),
    { retry: true, signal },
  );
  const notes: SpendableNote[] = [];
  for (const [i, { request }] of wanted.entries()) {
    const shares = new Map([...answers].map(([peer, all]) => [peer, all[i]!]));
    const note = finishNote(request, combineShares(shares, peers.threshold));
    const check = {
      publicKey: wallet.noteKeys.get(request.denomination)!,
      signature: note.signature,
      seed: messageSeed(requestNonce(request)),
    };
    if (!allSignaturesHold([check], (size) => platform.dice.bytes(size))) {
      return { notes, failed: "an issued note does not verify" };
    }
    notes.push(note);
  }
  return { notes };
}

function outputTransition(
  wallet: Wallet,
  state: StateOf<"OutputPending">,
  operationId: OperationId,
): Transition<MintState> {
  const { range } = state.value;
  return transition<MintState, Issued | null>(
    async (signal) => {
      if (range) {
        const outcome = await wallet.env.core.awaitTransaction(operationId, range.txid, signal);
        if (!outcome.ok) return null;
      }
      return await fetchNotes(wallet, state, signal);
    },
    async (tx, issued) => {
      await removeUnderWay(tx.store, state.value.requests);
      if (!issued) return { tag: "OutputAborted", value: { range } };
      await addNotes(tx.store, issued.notes);
      await addBrought(tx.store, operationId, valueOf(countsOf(issued.notes.map(({ denomination }) => denomination))));
      if (!("failed" in issued)) return { tag: "OutputIssued", value: { range } };
      wallet.env.log.error("A threshold of guardians signed a note that does not verify", { operationId });
      return { tag: "OutputFailed", value: { range, reason: issued.failed } };
    },
  );
}

/** Ok when all are accepted; else why the first of them was not. */
async function outcomeOf(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  const outcomes = await Promise.all(txids.map((txid) => wallet.env.core.awaitTransaction(operationId, txid, signal)));
  return outcomes.find(({ ok }) => !ok) ?? ok(null);
}

function statusOf(outcome: Result<null, string>): "Success" | "Rejected" {
  return outcome.ok ? "Success" : "Rejected";
}

/** Nothing is left to do but to say how it ended. */
function endTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
  end: (tx: ClientTx<MintState>, outcome: Result<null, string>) => MintState,
): Transition<MintState> {
  return transition<MintState, Result<null, string>>(
    (signal) => outcomeOf(wallet, txids, operationId, signal),
    async (tx, outcome) => {
      const state = end(tx, outcome);
      await tx.setOutcome(operationId, statusOf(outcome));
      return state;
    },
  );
}

function receiveTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
): Transition<MintState> {
  return endTransition(wallet, txids, operationId, (tx, outcome) => {
    tx.logEvent("payment-receive-update", { operation_id: operationId, status: statusOf(outcome) });
    return outcome.ok ? { tag: "ReceiveSuccess", value: null } : { tag: "ReceiveRejected", value: outcome.error };
  });
}

function reissueTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
): Transition<MintState> {
  return endTransition(
    wallet,
    txids,
    operationId,
    (_tx, outcome) => outcome.ok ? { tag: "Reissued", value: null } : { tag: "ReissueRejected", value: outcome.error },
  );
}
