/** What applications do with e-cash: send, receive, count. Sheet "e-cash" 9. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { encode, u64Number } from "../../core/encoding/mod.ts";
import { FedimintError, ok } from "../../core/result.ts";
import type { Result } from "../../core/result.ts";
import type { OperationId, OutPointRange } from "../../core/types/ids.ts";
import { outPointRange } from "../../core/types/ids.ts";
import type { FinalizeError } from "../contract/client.ts";
import { ApiError } from "../contract/federation_api.ts";
import { endedBy } from "../contract/waiting.ts";
import { exactNotes, greedyIssuance } from "./balancing.ts";
import { holdings, noteCounts, removeNote } from "./client_db.ts";
import type { MintState } from "./client_states.ts";
import type { Wallet } from "./client_wallet.ts";
import type { Denomination } from "./denomination.ts";
import { denominationAmount } from "./denomination.ts";
import type { Ecash } from "./ecash.ts";
import {
  ecash as ecashCodec,
  ecashAmount,
  ecashMint,
  ecashNotes,
  formatEcash,
  makeEcash,
  parseEcash,
} from "./ecash.ts";
import { NO_FEES } from "./fees.ts";

/** Amounts are sent in multiples of the smallest note that clients ask for. */
const SEND_STEP_MSAT = 512n;
/** Reissuing gives the exact notes at once; a second round is needed only when another payment took them. */
const SEND_ROUNDS_MAX = 10;

export class EcashError extends FedimintError<
  {
    readonly code:
      | "zero_amount"
      | "offline"
      | "insufficient_balance"
      | "insufficient_fees"
      | "wrong_federation"
      | "uneconomical"
      | "already_received"
      | "failed";
  }
> {}

function failed(error: FinalizeError): EcashError {
  if (error.code === "operation_exists") {
    return new EcashError({ code: "already_received" }, "The ECash was already received");
  }
  return new EcashError({ code: "failed" }, "A non-recoverable error has occurred", { cause: new Error(error.code) });
}

function insufficientBalance(): EcashError {
  return new EcashError({ code: "insufficient_balance" }, "The clients balance is insufficient");
}

export type SendOptions = { readonly customMeta?: Json; readonly includeInvite?: boolean };

export class MintClient {
  readonly #wallet: Wallet;

  constructor(wallet: Wallet) {
    this.#wallet = wallet;
  }

  /** Notes held by denomination (exponent of 2, msat). */
  async counts(): Promise<ReadonlyMap<Denomination, number>> {
    const counts = await this.#wallet.env.store.read((tx) => noteCounts(tx));
    return new Map([...counts].sort(([a], [b]) => a - b));
  }

  #randomOperation(): OperationId {
    return toHex(this.#wallet.env.platform.dice.bytes(32)) as OperationId;
  }

  /**
   * Takes notes of exactly this amount (rounded up to 512 msat) out of the wallet and gives them as text: whoever has it has the money.
   * Without notes that fit it exchanges some at the federation first, for a fee.
   * @throws {EcashError} `zero_amount` · `offline` · `insufficient_balance` · `failed`
   */
  async send(
    amountMsat: bigint,
    options: SendOptions = {},
    signal?: AbortSignal,
  ): Promise<{ readonly operationId: OperationId; readonly text: string }> {
    const roundedMsat = (amountMsat + SEND_STEP_MSAT - 1n) / SEND_STEP_MSAT * SEND_STEP_MSAT;
    if (roundedMsat === 0n) {
      throw new EcashError({ code: "zero_amount" }, "E-cash of nothing can't be sent: give an amount");
    }
    for (let round = 0; round < SEND_ROUNDS_MAX; round++) {
      const sent = await this.#sendExact(roundedMsat, options);
      if (sent) return sent;
      await this.#reissue(roundedMsat, options, signal);
    }
    throw new EcashError(
      { code: "failed" },
      "Other payments take the notes that this one needs: try again when they are done",
    );
  }

  async #sendExact(amountMsat: bigint, { customMeta = null, includeInvite = false }: SendOptions) {
    const { env } = this.#wallet;
    const invite = includeInvite ? { ...await env.invite(), federationId: env.federationId } : undefined;
    const operationId = this.#randomOperation();
    return await env.core.transact(operationId, async (tx) => {
      const chosen = exactNotes(await holdings(tx.store), amountMsat);
      if (!chosen) return null;
      const notes = chosen.map(({ note }) => note);
      for (const note of notes) removeNote(tx.store, note);
      const text = formatEcash(
        makeEcash(env.federationId, notes, { unit: env.config.amountUnit, ...(invite && { invite }) }),
      );
      env.core.logOperation(tx, { Send: { ecash: text, custom_meta: customMeta } });
      tx.logEvent("payment-send", {
        operation_id: operationId,
        amount: u64Number.toJson(Number(amountMsat)),
        ecash: text,
      });
      return { operationId, text };
    });
  }

  /** Exchanges notes so that the amount can be paid exactly, and waits until the new ones are there. */
  async #reissue(amountMsat: bigint, { customMeta = null }: SendOptions, signal?: AbortSignal): Promise<void> {
    const { env } = this.#wallet;
    try {
      // notes leave the wallet for an exchange only when enough guardians are there to do it
      const call = { method: "recovery_count", params: null, result: u64Number };
      await env.api.threshold(call, (_, count) => ok(count), signal && { signal });
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      throw new EcashError({ code: "offline" }, "We need to reissue notes but the client is offline", {
        cause: thrown,
      });
    }
    if (await env.store.read((tx) => this.#wallet.balanceMsat(tx)) < amountMsat) throw insufficientBalance();
    const { issue } = greedyIssuance(amountMsat, NO_FEES);
    const operationId = this.#randomOperation();
    let explicit: OutPointRange | null = null;
    const bundle = await env.core.transact(operationId, (tx) => Promise.resolve(this.#wallet.outputBundle(tx, issue)));
    const submitted = await env.core.submit({
      operationId,
      inputs: [],
      outputs: [bundle],
      meta: (change) => {
        explicit = { txid: change.txid, idxRange: { start: 0, end: issue.length } };
        return {
          Reissue: {
            change_outpoint_range: outPointRange.toJson(change),
            amount: Number(amountMsat),
            custom_meta: customMeta,
          },
        };
      },
    });
    if (!submitted.ok) {
      if (submitted.error.code !== "insufficient_funds") throw failed(submitted.error);
      throw insufficientBalance();
    }
    // both: the notes for the payment, and the change
    const waits = [explicit!, submitted.value].filter(({ idxRange }) => idxRange.end > idxRange.start);
    for (const range of waits) {
      const outcome = await this.#wallet.awaitOutputs(operationId, range, signal);
      if (!outcome.ok) {
        throw new EcashError({ code: "failed" }, `A non-recoverable error has occurred: ${outcome.error}`);
      }
    }
  }

  /**
   * Redeems e-cash. Resolves when the operation is stored; `awaitReceive` tells whether guardians accept it.
   * @throws {DecodeError} for a text that is no e-cash · {EcashError} `wrong_federation` · `uneconomical` · `already_received` ·
   * `insufficient_fees` · `failed`
   */
  async receive(text: string, customMeta: Json = null): Promise<OperationId> {
    const { env } = this.#wallet;
    const value = parseEcash(text.trim());
    const notes = ecashNotes(value);
    const operationId = toHex(sha256(encode(ecashCodec, value))) as OperationId;
    this.#checkReceivable(value);
    const submitted = await env.core.submit({
      operationId,
      inputs: [{
        inputs: notes.map((note) => this.#wallet.inputOf(note)),
        machines: (txid): MintState[] => [
          { tag: "InputPending", value: { txid, notes } },
          { tag: "ReceivePending", value: { txid } },
        ],
      }],
      outputs: [],
      meta: (change) => ({
        Receive: {
          change_outpoint_range: outPointRange.toJson(change),
          ecash: formatEcash(value),
          custom_meta: customMeta,
        },
      }),
      also: (tx) => {
        tx.logEvent("payment-receive", { operation_id: operationId, amount: Number(ecashAmount(value)) });
        return Promise.resolve();
      },
    });
    if (submitted.ok) return operationId;
    if (submitted.error.code !== "insufficient_funds") throw failed(submitted.error);
    throw new EcashError({ code: "insufficient_fees" }, "Receiving ecash requires additional funds");
  }

  #checkReceivable(value: Ecash): void {
    const { env } = this.#wallet;
    if (ecashMint(value) !== env.federationId) {
      throw new EcashError({ code: "wrong_federation" }, "The ECash is from a different federation");
    }
    const notes = ecashNotes(value);
    if (notes.length === 0) throw new EcashError({ code: "zero_amount" }, "The ECash holds no notes");
    if (notes.some(({ denomination }) => denominationAmount(denomination) <= env.config.feeConsensus.base)) {
      throw new EcashError({ code: "uneconomical" }, "ECash contains an uneconomical denomination");
    }
  }

  /** "Success" when guardians accepted the notes; the new ones follow (`awaitNotes`). The error says why they were rejected. */
  async awaitReceive(operationId: OperationId, signal?: AbortSignal): Promise<Result<null, string>> {
    for await (const state of this.#wallet.env.core.states(operationId, signal)) {
      if (state.tag === "ReceiveSuccess") {
        await this.#wallet.env.core.setOutcome(operationId, "Success");
        return { ok: true, value: null };
      }
      if (state.tag === "ReceiveRejected") {
        await this.#wallet.env.core.setOutcome(operationId, "Rejected");
        return { ok: false, error: state.value };
      }
    }
    throw endedBy(signal);
  }

  /** Resolves when everything that an operation issues is in the wallet or never will be. */
  async awaitNotes(operationId: OperationId, signal?: AbortSignal): Promise<void> {
    const pending = new Set<string>();
    const key = (range: OutPointRange | null): string => JSON.stringify(range && outPointRange.toJson(range));
    for await (const state of this.#wallet.env.core.states(operationId, signal)) {
      if (state.tag === "OutputPending") pending.add(key(state.value.range));
      else if (state.tag === "OutputIssued" || state.tag === "OutputAborted" || state.tag === "OutputFailed") {
        pending.delete(key(state.value.range));
        if (pending.size === 0) return;
      }
    }
  }
}
