/** What applications do with e-cash: send, receive, count. docs/protocol/04-mint.md §9. */
import { ok } from "../../../core/result.ts";
import type { Result } from "../../../core/result.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { endedBy, WaitError } from "../../contract/waiting.ts";
import { countsOf, valueOf } from "./balancing.ts";
import type { FailedRefund } from "./db.ts";
import { broughtMsat, failedRefunds, noteCounts, removeFailedRefunds } from "./db.ts";
import type { Wallet } from "./wallet.ts";
import type { Denomination } from "../denomination.ts";
import type { ReceiveQuote } from "./receiving.ts";
import { Receiving } from "./receiving.ts";
import { refund } from "./refunds.ts";
import type { SendOptions, SendQuote, Sent } from "./sending.ts";
import { Sending } from "./sending.ts";

export { EcashError } from "./error.ts";
export type { ReceiveQuote } from "./receiving.ts";
export type { SendOptions, SendQuote, Sent } from "./sending.ts";

/** A note that didn't come back when its transaction was refused. Not the note itself, which is secret. */
export type LostNote = { readonly amountMsat: bigint; readonly operationId: OperationId; readonly reason: string };

/** E-cash: sent as text, received, counted. */
export class MintClient {
  readonly #wallet: Wallet;
  readonly #sending: Sending;
  readonly #receiving: Receiving;

  /** @internal */
  constructor(wallet: Wallet) {
    this.#wallet = wallet;
    this.#sending = new Sending(wallet);
    this.#receiving = new Receiving(wallet);
  }

  /** Notes held by denomination (exponent of 2, msat). */
  async counts(): Promise<ReadonlyMap<Denomination, number>> {
    const counts = await this.#wallet.env.store.read((tx) => noteCounts(tx));
    return new Map([...counts].sort(([a], [b]) => a - b));
  }

  /**
   * Takes notes of exactly this amount (rounded up to 512 msat) out of the wallet and gives them as text: whoever has
   * it has the money. Without notes that fit it exchanges some at the federation first, for a fee. More notes than one
   * transaction redeems make several texts.
   * @throws {EcashError} `zero_amount` (or less) · `offline` · `insufficient_balance` · `failed`
   */
  send(amountMsat: bigint, options: SendOptions = {}, signal?: AbortSignal): Promise<Sent> {
    return this.#sending.send(amountMsat, options, signal);
  }

  /**
   * Whether notes of exactly this amount are in the wallet, so that `send` asks nobody and leaves nothing under way.
   */
  isAtHand(amountMsat: bigint): Promise<boolean> {
    return this.#sending.isAtHand(amountMsat);
  }

  /**
   * What `send` would cost now. Asks nobody, and costs no cryptography.
   * @throws {EcashError} `zero_amount` · `insufficient_balance` · `failed`
   */
  quoteSend(amountMsat: bigint): Promise<SendQuote> {
    return this.#sending.quote(amountMsat);
  }

  /**
   * Redeems e-cash. Resolves when the operation is stored; `awaitReceive` tells whether guardians accept it. What is
   * refused here leaves nothing behind.
   * @throws {EcashError} `not_ecash` · `wrong_federation` · `wrong_unit` · `zero_amount` · `repeated_note` ·
   * `uneconomical` (nothing would arrive) · `invalid_signature` · `already_received` · `failed`
   */
  receive(text: string, customMeta: Json = null): Promise<OperationId> {
    return this.#receiving.receive(text, customMeta);
  }

  /**
   * What `receive` would bring now. Asks nobody, and costs no cryptography: the notes may be forged, or spent.
   * @throws as `receive` does
   */
  quoteReceive(text: string): Promise<ReceiveQuote> {
    return this.#receiving.quote(text);
  }

  /**
   * "Success" when guardians accepted the notes; the new ones follow when nothing of the operation is under way. The
   * error says why they were rejected.
   */
  async awaitReceive(operationId: OperationId, signal?: AbortSignal): Promise<Result<null, string>> {
    for await (const state of this.#wallet.env.core.states(operationId, signal)) {
      if (state.tag === "ReceiveSuccess") return ok(null);
      if (state.tag === "ReceiveRejected") return { ok: false, error: state.value };
    }
    throw endedBy(signal);
  }

  /**
   * Resolves when nothing of an operation is under way: its notes are in the wallet, or it is known that they never
   * will be.
   */
  async awaitNotes(operationId: OperationId, signal?: AbortSignal): Promise<void> {
    const states = this.#wallet.env.core.states(operationId, signal)[Symbol.asyncIterator]();
    try {
      while (!(await states.next()).done);
    } catch (thrown) {
      if (!(thrown instanceof WaitError && thrown.facts.code === "unknown_operation")) throw thrown;
    }
  }

  /** What an operation has brought into the wallet so far: notes received, change, and what came back of a refusal. */
  broughtMsat(operationId: OperationId): Promise<bigint> {
    return this.#wallet.env.store.read((tx) => broughtMsat(tx, operationId));
  }

  /**
   * Exchanges many notes for few, as far as it is worth it: costs a fee a note. Resolves when the new ones are in the
   * wallet. The error says why there is nothing to gain, or why guardians refused.
   */
  async consolidate(signal?: AbortSignal): Promise<Result<null, string>> {
    const held = await this.#wallet.env.store.read((tx) => noteCounts(tx));
    return await this.#wallet.consolidate(valueOf(held), signal);
  }

  /**
   * Notes that didn't come back when their transaction was refused: guardians refuse them even alone, or their fee eats
   * them up.
   */
  async failedRefunds(): Promise<LostNote[]> {
    const failed = await this.#wallet.env.store.read((tx) => failedRefunds(tx));
    return failed.map(({ note, operationId, reason }) => ({
      amountMsat: valueOf(countsOf([note.denomination])),
      operationId,
      reason,
    }));
  }

  /**
   * Asks guardians once more for the notes whose refund failed, in a new operation (`broughtMsat`); those that they
   * still refuse are in `failedRefunds` again.
   * @returns null when there are none
   */
  async retryRefunds(): Promise<OperationId | null> {
    const { core } = this.#wallet.env;
    const operationId = this.#wallet.newOperation();
    return await core.transact(operationId, async (tx) => {
      const failed: FailedRefund[] = await failedRefunds(tx.store);
      if (failed.length === 0) return null;
      await removeFailedRefunds(tx.store, failed);
      const notes = failed.map(({ note }) => note);
      const amountMsat = valueOf(countsOf(notes.map(({ denomination }) => denomination)));
      core.logOperation(tx, { Refund: { amount: Number(amountMsat), notes: notes.length } });
      await refund(this.#wallet, tx, notes);
      return operationId;
    });
  }
}
