/**
 * E-cash out of the wallet: exact notes, made first by an exchange when there are none. docs/protocol/04-mint.md §9.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { u64Number } from "../../../core/encoding/mod.ts";
import { ok } from "../../../core/result.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { OperationId, OutPointRange } from "../../../core/types/ids.ts";
import { TRANSACTION_BYTES_MAX } from "../../../core/types/transaction.ts";
import type { ClientTx, FinalizeError } from "../../contract/client_env.ts";
import { ApiError } from "../../contract/federation_api.ts";
import type { Counts } from "./balancing.ts";
import { countOf, countsOf, exactNotes, issueCostMsat, valueOf } from "./balancing.ts";
import { addUnderWay, noteCounts } from "./db.ts";
import { EcashError, insufficientBalance, notFinalized } from "./error.ts";
import type { MintState } from "./states.ts";
import type { Wallet } from "./wallet.ts";
import { reissueMeta } from "./wallet.ts";
import type { SpendableNote } from "../ecash.ts";
import { formatEcash, makeEcash } from "../ecash.ts";
import type { Exchange } from "./exchanges.ts";
import { exchangesFor } from "./exchanges.ts";
import { EMPTY_BYTES, OUTPUT_BYTES, REDEEMED_NOTES_MAX } from "../limits.ts";
import { dealt } from "./parts.ts";

/** Amounts are sent in multiples of the smallest note that clients ask for. */
const SEND_STEP_MSAT = 512n;
/** Reissuing gives the exact notes at once; a second round is needed only when another payment took them. */
const SEND_ROUNDS_MAX = 10;

/** `customMeta` is kept in the operation log. `includeInvite`: the text says where the federation is. */
export type SendOptions = { readonly customMeta?: Json; readonly includeInvite?: boolean };

/**
 * `texts`: one, or several when one transaction could not redeem so many notes. Each is to be given to the receiver.
 */
export type Sent = { readonly operationId: OperationId; readonly texts: readonly [string, ...string[]] };

/**
 * `amountMsat`: what is sent, rounded up. `feeMsat`: what the exchange costs; 0 when the notes are there. `texts`: how
 * many.
 */
export type SendQuote = { readonly amountMsat: bigint; readonly feeMsat: bigint; readonly texts: number };

/** @throws {EcashError} `zero_amount` · `insufficient_balance` */
function rounded(amountMsat: bigint): bigint {
  if (amountMsat <= 0n) {
    throw new EcashError({ code: "zero_amount" }, "E-cash of nothing can't be sent: give an amount above zero");
  }
  const roundedMsat = (amountMsat + SEND_STEP_MSAT - 1n) / SEND_STEP_MSAT * SEND_STEP_MSAT;
  if (roundedMsat > U64_MAX) throw insufficientBalance();
  return roundedMsat;
}

function textsFor(count: number): number {
  return Math.ceil(count / REDEEMED_NOTES_MAX);
}

export class Sending {
  readonly #wallet: Wallet;

  constructor(wallet: Wallet) {
    this.#wallet = wallet;
  }

  /** False, too, for an amount that can't be sent: `send` says why. */
  async isAtHand(amountMsat: bigint): Promise<boolean> {
    const held = await this.#wallet.env.store.read((tx) => noteCounts(tx));
    return amountMsat > 0n && amountMsat <= valueOf(held) && exactNotes(held, rounded(amountMsat)) !== null;
  }

  /** @throws {EcashError} `zero_amount` · `insufficient_balance` · `failed` */
  quote(amountMsat: bigint): Promise<SendQuote> {
    const roundedMsat = rounded(amountMsat);
    return this.#wallet.env.store.read((tx) => this.#quote(tx, roundedMsat));
  }

  async #quote(tx: ReadTx, amountMsat: bigint): Promise<SendQuote> {
    const held = await noteCounts(tx);
    const exact = exactNotes(held, amountMsat);
    if (exact) return { amountMsat, feeMsat: 0n, texts: textsFor(countOf(exact)) };
    const { exchange: { notes }, feeMsat } = await this.#exchange(tx, held, amountMsat);
    return { amountMsat, feeMsat, texts: textsFor(notes) };
  }

  /** The exchange that can be made, and what it costs. @throws {EcashError} `insufficient_balance` · `failed` */
  async #exchange(
    tx: ReadTx,
    held: Counts,
    amountMsat: bigint,
  ): Promise<{ readonly exchange: Exchange; readonly feeMsat: bigint }> {
    if (valueOf(held) < amountMsat) throw insufficientBalance();
    const { feeConsensus } = this.#wallet.env.config;
    let refused: FinalizeError | null = null;
    for (const exchange of exchangesFor(held, amountMsat)) {
      const { issue } = exchange;
      const quoted = await this.#wallet.quoteBalance(tx, {
        inputMsat: 0n,
        outputMsat: issue.reduce((sum, denomination) => sum + issueCostMsat(denomination, feeConsensus), 0n),
        spending: "wallet",
        roomBytes: TRANSACTION_BYTES_MAX - EMPTY_BYTES - issue.length * OUTPUT_BYTES,
      });
      if (quoted.ok) {
        const { inputMsat, outputMsat, feesBeforeMsat } = quoted.value;
        const feeMsat = inputMsat - outputMsat - valueOf(countsOf(issue)) + feesBeforeMsat;
        return { exchange, feeMsat };
      }
      if (quoted.error.code === "insufficient_funds") throw insufficientBalance();
      refused ??= quoted.error;
    }
    throw notFinalized(refused!);
  }

  async send(amountMsat: bigint, options: SendOptions, signal?: AbortSignal): Promise<Sent> {
    const roundedMsat = rounded(amountMsat);
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

  async #sendExact(amountMsat: bigint, options: SendOptions): Promise<Sent | null> {
    const { env } = this.#wallet;
    const invite = options.includeInvite ? { ...await env.invite(), federationId: env.federationId } : undefined;
    const operationId = this.#wallet.newOperation();
    return await env.core.transact(operationId, async (tx) => {
      const chosen = exactNotes(await noteCounts(tx.store), amountMsat);
      if (!chosen) return null;
      const texts = (await this.#takenParts(tx.store, chosen)).map((notes) =>
        formatEcash(makeEcash(env.federationId, notes, { unit: env.config.amountUnit, ...(invite && { invite }) }))
      ) as [string, ...string[]];
      await this.#logSent(tx, texts, amountMsat, options.customMeta ?? null);
      return { operationId, texts };
    });
  }

  async #takenParts(store: StoreTx, counts: Counts): Promise<SpendableNote[][]> {
    return dealt(await this.#wallet.take(store, counts));
  }

  /**
   * The texts stay in the log, should they get lost. One that has further ones says so, as the official client has
   * none.
   */
  async #logSent(
    tx: ClientTx<MintState>,
    [text, ...further]: Sent["texts"],
    amountMsat: bigint,
    customMeta: Json,
  ): Promise<void> {
    const { core } = this.#wallet.env;
    core.logOperation(tx, {
      Send: { ecash: text, ...(further.length > 0 && { further_ecash: further }), custom_meta: customMeta },
    });
    tx.logEvent("payment-send", {
      operation_id: tx.operationId,
      amount: u64Number.toJson(Number(amountMsat)),
      ecash: text,
      ...(further.length > 0 && { further_ecash: further }),
    });
    await tx.setOutcome(tx.operationId, "Success");
  }

  /** Exchanges notes so that the amount can be paid exactly, and waits until the new ones are there. */
  async #reissue(amountMsat: bigint, { customMeta = null }: SendOptions, signal?: AbortSignal): Promise<void> {
    const { env } = this.#wallet;
    // before anything is asked of anybody: is it enough, with the fees?
    const { exchange: { issue } } = await env.store.read(async (tx) =>
      this.#exchange(tx, await noteCounts(tx), amountMsat)
    );
    await this.#assertOnline(signal);
    const operationId = this.#wallet.newOperation();
    const requests = await env.core.transact(
      operationId,
      ({ attempt }) => Promise.resolve(this.#wallet.requests(attempt, issue)),
    );
    let explicit: OutPointRange | null = null;
    const submitted = await env.core.submit({
      operationId,
      inputs: [],
      outputs: [this.#wallet.outputBundle(requests)],
      ...(signal && { signal }),
      meta: (change) => reissueMeta(change, valueOf(countsOf(issue)), customMeta),
      also: async (tx, change) => {
        explicit = { txid: change.txid, idxRange: { start: 0, end: issue.length } };
        await addUnderWay(tx.store, requests);
        await tx.addMachine({ tag: "ReissuePending", value: { txids: [change.txid] } });
      },
    });
    if (!submitted.ok) {
      throw submitted.error.code === "insufficient_funds" ? insufficientBalance() : notFinalized(submitted.error);
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

  /** Notes leave the wallet for an exchange only when enough guardians are there to do it. */
  async #assertOnline(signal?: AbortSignal): Promise<void> {
    const count = { method: "recovery_count", params: null, result: u64Number };
    try {
      await this.#wallet.env.api.threshold(count, (_, value) => ok(value), signal ? { signal } : {});
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      throw new EcashError({ code: "offline" }, "We need to reissue notes but the client is offline", {
        cause: thrown,
      });
    }
  }
}
