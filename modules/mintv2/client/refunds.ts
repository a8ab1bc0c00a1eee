/**
 * Notes of rejected transactions come back into the wallet. docs/protocol/04-mint.md §7; the reference gives up when a
 * refund is rejected too.
 */
import type { Result } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientCore, ClientTx, InputBundle, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import type { Logger } from "../../../actors/logger.ts";
import { addFailedRefunds } from "./db.ts";
import { forgetNotes } from "./forgetting.ts";
import type { MintState, StateOf } from "./states.ts";
import type { Wallet } from "./wallet.ts";
import type { SpendableNote } from "../ecash.ts";

export type RefundTx = Pick<ClientTx<MintState>, "claimInputs" | "addMachine" | "operationId" | "store">;

/** What refunds need of a wallet. */
export type RefundingWallet = Pick<Wallet, "inputOf"> & {
  readonly env: { readonly core: Pick<ClientCore<MintState>, "awaitTransaction">; readonly log: Pick<Logger, "warn"> };
};

/**
 * Notes of a rejected transaction are exchanged for new ones: whoever still has that transaction can't spend them any
 * more.
 */
export function inputTransition(
  wallet: RefundingWallet,
  { value: { txid, notes } }: StateOf<"InputPending">,
  operationId: OperationId,
): Transition<MintState> {
  return transition<MintState, Result<null, string>>(
    (signal) => wallet.env.core.awaitTransaction(operationId, txid, signal),
    async (tx, outcome) => {
      if (outcome.ok) {
        await forgetNotes(tx.store, notes);
        return { tag: "InputSpent", value: { txid } };
      }
      await refund(wallet, tx, notes);
      return { tag: "InputRefunding", value: { txid } };
    },
  );
}

/**
 * One note that was spent elsewhere must not spoil the others: what is rejected is halved until the bad ones are alone.
 */
export function refundTransition(
  wallet: RefundingWallet,
  { value: { txid, notes } }: StateOf<"RefundPending">,
  operationId: OperationId,
): Transition<MintState> {
  return transition<MintState, Result<null, string>>(
    (signal) => wallet.env.core.awaitTransaction(operationId, txid, signal),
    async (tx, outcome) => {
      if (outcome.ok) {
        await forgetNotes(tx.store, notes);
        return { tag: "Refunded", value: { txid } };
      }
      if (notes.length > 1) {
        await refundHalves(wallet, tx, notes);
        return { tag: "RefundSplit", value: { txid } };
      }
      wallet.env.log.warn("A note can't be taken back", { operationId, reason: outcome.error });
      await keepFailed(tx, notes, outcome.error);
      return { tag: "RefundFailed", value: { txid, notes } };
    },
  );
}

/** They are money that may be lost: shown as such, and tried again when asked. */
async function keepFailed(tx: RefundTx, notes: readonly SpendableNote[], reason: string): Promise<void> {
  const { store, operationId } = tx;
  await forgetNotes(store, notes);
  await addFailedRefunds(store, notes.map((note) => ({ note, operationId, reason })));
}

/**
 * Exchanges notes in one transaction, with nothing of the wallet in it: its rejection says something of these notes
 * alone.
 */
export async function refund(wallet: RefundingWallet, tx: RefundTx, notes: readonly SpendableNote[]): Promise<void> {
  const bundle: InputBundle<MintState> = {
    inputs: notes.map((note) => wallet.inputOf(note)),
    machines: (txid) => [{ tag: "RefundPending", value: { txid, notes: [...notes] } }],
  };
  const claimed = await tx.claimInputs(bundle, "nothing");
  if (claimed.ok) return;
  if (claimed.error.code === "too_large" && notes.length > 1) await refundHalves(wallet, tx, notes);
  else {
    await keepFailed(tx, notes, "They are not worth their fees");
    await tx.addMachine({ tag: "RefundFailed", value: { txid: null, notes: [...notes] } });
  }
}

async function refundHalves(wallet: RefundingWallet, tx: RefundTx, notes: readonly SpendableNote[]): Promise<void> {
  const middle = Math.ceil(notes.length / 2);
  await refund(wallet, tx, notes.slice(0, middle));
  await refund(wallet, tx, notes.slice(middle));
}
