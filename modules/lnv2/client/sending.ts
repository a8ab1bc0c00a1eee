/**
 * A payment, up to its contract: what can be refused is refused before anything is stored. fedimint-lnv2-client 0.13.0
 * (`send`); docs/protocol/06-lightning-meta.md §D.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode, tryDecoding, u64 } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { bolt11Invoice, parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { amount as amountCodec } from "../../../core/types/amount.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import { compactText } from "../../../core/types/pasted_text.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { mostSendable } from "../../contract/most_sendable.ts";
import type { OutgoingContract } from "../contracts.ts";
import { outgoingContract } from "../contracts.ts";
import type { PaymentFee } from "../fees.ts";
import { addFee, feeOf } from "../fees.ts";
import { lightningInvoice, sendParameters } from "../gateway_api.ts";
import { newTweak } from "../incoming.ts";
import { anyFunding, fundingBundle } from "./contracts.ts";
import { ownInvoices } from "./db.ts";
import { Lnv2Error } from "./error.ts";
import type { Chosen, Gateways } from "./gateways.ts";
import { fitsSending } from "./gateways.ts";
import { CONFIRMATION_BUFFER_BLOCKS } from "./limits.ts";
import type { LightningParts } from "./send_machine.ts";

/** A gateway's terms for a payment. */
export type SendTerms = {
  readonly fee: PaymentFee;
  /** Blocks until the money comes back by itself if the gateway does nothing, but for a buffer of 12. */
  readonly expirationDelta: bigint;
};

/** What a payment costs, and through whom. */
export type SendQuote = {
  /** URL. */
  readonly gateway: SafeUrl;
  readonly terms: SendTerms;
  /** What the payee gets. */
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  /** The federation's own fees, and what is too small to come back as change. */
  readonly federationFeeMsat: bigint;
  /** What leaves the balance: all of the above. */
  readonly totalMsat: bigint;
  /** The payee's node is the gateway's: nothing goes over Lightning. */
  readonly isDirect: boolean;
  /** What the payee says it is for; null where it gave a hash alone. */
  readonly description: string | null;
  /** The wallet wrote the invoice itself: paying it costs fees and nothing else. */
  readonly isOwn: boolean;
};

/** The most that can be paid, and through whom: other gateways take other fees. */
export type MostSendable = {
  /** What the payee gets; 0 where the balance pays for nothing. */
  readonly amountMsat: bigint;
  /** URL. */
  readonly gateway: SafeUrl;
};

/** How to pay. */
export type SendOptions = {
  /** URL of a gateway; default: one that guardians vet. */
  readonly gateway?: SafeUrl;
  /** Those of a quote, with its gateway: others are refused. */
  readonly terms?: SendTerms;
  /** Kept in the operation log. */
  readonly customMeta?: Json;
};

/** An invoice that this wallet could pay. */
type Payable = { readonly invoice: Bolt11Invoice; readonly amountMsat: bigint; readonly operationId: OperationId };

/** @throws {Lnv2Error} `not_an_invoice` */
export function readInvoice(text: string): Bolt11Invoice {
  const invoice = tryDecoding(() => parseBolt11(compactText(text)));
  if (invoice.ok) return invoice.value;
  throw Lnv2Error.of("not_an_invoice", invoice.error.message);
}

/** Each invoice has one: it is paid once. The attempt's number is always 0. Source: `validate_send_invoice`. */
export function paymentOperationId(invoice: Bolt11Invoice): OperationId {
  return toHex(sha256(concat(encode(bolt11Invoice, invoice), encode(u64, 0n)))) as OperationId;
}

export class Sending {
  readonly #parts: LightningParts;
  readonly #gateways: Gateways;

  constructor(parts: LightningParts, gateways: Gateways) {
    this.#parts = parts;
    this.#gateways = gateways;
  }

  /** @throws {Lnv2Error} as `send` does */
  async quote(text: string, gateway: SafeUrl | null, signal: AbortSignal): Promise<SendQuote> {
    const { env } = this.#parts;
    const { invoice, amountMsat } = await this.#payable(text);
    const chosen = await this.#gateways.select(gateway, invoice, fitsSending(invoice), signal);
    const terms = sendParameters(chosen.info, invoice);
    const contractMsat = addFee(terms.fee, amountMsat);
    const cost = await env.core.quoteFee({ inputs: [], outputs: [anyFunding(env, contractMsat)] });
    if (!cost.ok) throw Lnv2Error.notFunded(cost.error);
    return {
      gateway: chosen.gateway,
      terms,
      amountMsat,
      gatewayFeeMsat: contractMsat - amountMsat,
      federationFeeMsat: cost.value,
      totalMsat: contractMsat + cost.value,
      isDirect: toHex(invoice.payee) === toHex(chosen.info.lightningPublicKey),
      description: invoice.description.tag === "Direct" ? invoice.description.value : null,
      isOwn: await env.store.read((tx) => ownInvoices.get(tx, invoice.paymentHash)) !== undefined,
    };
  }

  /** @throws {Lnv2Error} as `send` does, but for what is wrong with an invoice */
  async maxSendable(gateway: SafeUrl | null, signal: AbortSignal): Promise<MostSendable> {
    const { env } = this.#parts, chosen = await this.#gateways.select(gateway, null, fitsSending(null), signal);
    const withFee = (amountMsat: bigint): bigint => addFee(chosen.info.sendFeeDefault, amountMsat);
    const most = await mostSendable(env.core, (msat) => anyFunding(env, msat), withFee);
    if (!most.ok) throw Lnv2Error.notFunded(most.error);
    return { amountMsat: most.value, gateway: chosen.gateway };
  }

  /** @throws {Lnv2Error} */
  async send(text: string, options: SendOptions, signal: AbortSignal): Promise<OperationId> {
    const payable = await this.#payable(text), { invoice } = payable;
    const chosen = await this.#gateways.select(options.gateway ?? null, invoice, fitsSending(invoice), signal);
    const terms = sendParameters(chosen.info, invoice);
    if (options.terms && !areSame(options.terms, terms)) throw Lnv2Error.of("terms_changed");
    return await this.#fund(payable, chosen, terms, options.customMeta ?? null, signal);
  }

  /** In the reference's order. */
  async #payable(text: string): Promise<Payable> {
    const { env } = this.#parts;
    const invoice = readInvoice(text), { amountMsat, timestamp, expirySecs, currency } = invoice;
    if (amountMsat === null || amountMsat === 0n) throw Lnv2Error.of("amount_missing");
    if (BigInt(Math.floor(env.platform.clock.nowMs())) > (timestamp + expirySecs) * 1_000n) {
      throw Lnv2Error.of("invoice_expired");
    }
    if (currency !== env.config.network) {
      throw Lnv2Error.of(
        "wrong_network",
        `the invoice is for ${currency}, the federation is on ${env.config.network}`,
      );
    }
    const operationId = paymentOperationId(invoice);
    if (await env.core.operationExists(operationId)) throw Lnv2Error.duplicate(operationId);
    return { invoice, amountMsat, operationId };
  }

  async #fund(
    { invoice, amountMsat, operationId }: Payable,
    { gateway, info }: Chosen,
    { fee, expirationDelta }: SendTerms,
    customMeta: Json,
    signal: AbortSignal,
  ): Promise<OperationId> {
    const { env } = this.#parts, { dice } = env.platform;
    const tweak = newTweak(publicKeyOf(env.secret.child(0).secpKey()), (size) => dice.bytes(size));
    const contract: OutgoingContract = {
      paymentImage: { tag: "Hash", value: invoice.paymentHash },
      amount: addFee(fee, amountMsat),
      expiration: await this.#blockCount(signal) + expirationDelta + CONFIRMATION_BUFFER_BLOCKS,
      claimPk: info.modulePublicKey,
      // the tweak itself is the secret key
      refundPk: publicKeyOf(tweak.secret),
      ephemeralPk: tweak.ephemeralPk,
    };
    const submitted = await env.core.submit({
      operationId,
      inputs: [],
      outputs: [fundingBundle(env, contract, { gateway, invoice, refundKey: tweak.secret })],
      meta: (change) => ({
        Send: {
          change_outpoint_range: outPointRange.toJson(change),
          gateway,
          contract: outgoingContract.toJson(contract),
          invoice: lightningInvoice.toJson({ tag: "Bolt11", value: invoice }),
          custom_meta: customMeta,
        },
      }),
      also: (tx) => {
        tx.logEvent("payment-send", {
          operation_id: operationId,
          amount: amountCodec.toJson(amountMsat),
          fee: amountCodec.toJson(feeOf(fee, amountMsat)),
        });
        return Promise.resolve();
      },
      signal,
    });
    if (!submitted.ok) throw Lnv2Error.notFunded(submitted.error);
    return operationId;
  }

  async #blockCount(signal: AbortSignal): Promise<bigint> {
    try {
      return await this.#parts.federation.blockCount(signal);
    } catch (thrown) {
      if (thrown instanceof ApiError) throw Lnv2Error.of("block_count_failed", thrown.message);
      throw thrown;
    }
  }
}

function areSame(a: SendTerms, b: SendTerms): boolean {
  return a.fee.base === b.fee.base && a.fee.partsPerMillion === b.fee.partsPerMillion &&
    a.expirationDelta === b.expirationDelta;
}
