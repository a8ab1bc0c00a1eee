/**
 * An invoice, up to the machine that waits for its payment: nobody sees it before all that claims it is stored.
 * fedimint-lnv2-client 0.13.0 (`receive`); docs/protocol/06-lightning-meta.md §D.
 */
import { utf8 } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { DESCRIPTION_BYTES_MAX } from "../../../core/lightning/bolt11.ts";
import { amountFault, expiryFault } from "../../../core/lightning/invoice_terms.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import type { IncomingContract } from "../contracts.ts";
import { incomingContract } from "../contracts.ts";
import type { PaymentFee } from "../fees.ts";
import { subtractFee } from "../fees.ts";
import { INVOICE_EXPIRY_SECS_MAX, lightningInvoice } from "../gateway_api.ts";
import { contractFor, incomingKeys, newTweak } from "../incoming.ts";
import { assert } from "../../../core/assert.ts";
import { claimCost, isWorthClaiming, receiptOperationId } from "./contracts.ts";
import { ownInvoices } from "./db.ts";
import { Lnv2Error } from "./error.ts";
import type { Chosen, Gateways } from "./gateways.ts";
import { fitsReceiving } from "./gateways.ts";
import { INVOICE_EXPIRY_SECS } from "./limits.ts";
import type { LightningParts } from "./send_machine.ts";

/** What of a payment would arrive, and through whom. */
export type ReceiveQuote = {
  /** URL. */
  readonly gateway: SafeUrl;
  readonly fee: PaymentFee;
  /** What is paid. */
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  /** The federation's own fees, and what is too small to be a note. */
  readonly federationFeeMsat: bigint;
  /** What comes into the balance; 0 when it would not pay its own fees. */
  readonly arrivesMsat: bigint;
};

/** How to be paid. */
export type ReceiveOptions = {
  /** What the payer reads, or its SHA-256 as hex. Default: an empty text. */
  readonly description?: string | { readonly hash: Sha256 };
  /** Default: an hour; at most a day. */
  readonly expirySecs?: number;
  /** URL of a gateway; default: one that guardians vet. */
  readonly gateway?: SafeUrl;
  /** That of a quote, with its gateway: another one is refused. */
  readonly fee?: PaymentFee;
  /** Kept in the operation log. */
  readonly customMeta?: Json;
};

export class Receiving {
  readonly #parts: LightningParts;
  readonly #gateways: Gateways;

  constructor(parts: LightningParts, gateways: Gateways) {
    this.#parts = parts;
    this.#gateways = gateways;
  }

  /** @throws {Lnv2Error} as `receive` does */
  async quote(amountMsat: bigint, gateway: SafeUrl | null, signal: AbortSignal): Promise<ReceiveQuote> {
    const fault = amountFault(amountMsat);
    if (fault) throw Lnv2Error.of(fault);
    const chosen = await this.#gateways.select(gateway, null, fitsReceiving, signal), fee = chosen.info.receiveFee;
    const contractMsat = subtractFee(fee, amountMsat), gatewayFeeMsat = amountMsat - contractMsat;
    const cost = await claimCost(this.#parts.env, contractMsat);
    const arrivesMsat = cost === null || cost >= contractMsat ? 0n : contractMsat - cost;
    return {
      gateway: chosen.gateway,
      fee,
      amountMsat,
      gatewayFeeMsat,
      federationFeeMsat: contractMsat - arrivesMsat,
      arrivesMsat,
    };
  }

  /** @throws {Lnv2Error} */
  async receive(
    amountMsat: bigint,
    options: ReceiveOptions,
    signal: AbortSignal,
  ): Promise<{ readonly invoice: string; readonly operationId: OperationId }> {
    const { expirySecs = INVOICE_EXPIRY_SECS, description = "" } = options;
    const fault = amountFault(amountMsat) ?? expiryFault(expirySecs, INVOICE_EXPIRY_SECS_MAX);
    if (fault) throw Lnv2Error.of(fault);
    if (typeof description === "string" && utf8(description).length > DESCRIPTION_BYTES_MAX) {
      throw Lnv2Error.of("description_too_long");
    }
    const chosen = await this.#gateways.select(options.gateway ?? null, null, fitsReceiving, signal);
    const { receiveFee } = chosen.info, { fee } = options;
    if (fee && (fee.base !== receiveFee.base || fee.partsPerMillion !== receiveFee.partsPerMillion)) {
      throw Lnv2Error.of("terms_changed");
    }
    const { contract, paymentHash, keys } = await this.#contract(amountMsat, expirySecs, chosen);
    const invoice = await this.#invoice({ amountMsat, expirySecs, description }, chosen, contract, signal);
    this.#check(invoice, amountMsat, paymentHash);
    const operationId = receiptOperationId(contract);
    const feeMsat = amountMsat - contract.commitment.amount;
    await this.#parts.env.core.transact(operationId, async (tx) => {
      this.#parts.env.core.logOperation(tx, {
        Receive: {
          gateway: chosen.gateway,
          contract: incomingContract.toJson(contract),
          invoice: lightningInvoice.toJson({ tag: "Bolt11", value: invoice }),
          custom_meta: options.customMeta ?? null,
        },
      });
      ownInvoices.set(tx.store, paymentHash, null);
      await tx.addMachine({ tag: "ReceivePending", value: { contract, ...keys, feeMsat } });
    });
    return { invoice: invoice.text, operationId };
  }

  async #contract(amountMsat: bigint, expirySecs: number, { info }: Chosen) {
    const { env } = this.#parts, { tpeAggPk } = env.config, { clock, dice } = env.platform;
    const contractMsat = subtractFee(info.receiveFee, amountMsat);
    if (!await isWorthClaiming(env, contractMsat)) throw Lnv2Error.of("amount_too_small");
    const secretKey = env.secret.child(0).secpKey(), publicKey = publicKeyOf(secretKey);
    const tweak = newTweak(publicKey, (size) => dice.bytes(size));
    const { contract, paymentHash } = contractFor({ publicKey, aggregateKey: tpeAggPk }, tweak, {
      amount: contractMsat,
      expiration: BigInt(Math.floor(clock.nowMs() / 1_000)) + BigInt(expirySecs),
      refundPk: info.modulePublicKey,
    });
    const keys = incomingKeys(secretKey, tpeAggPk, contract, tweak.secret);
    assert(keys, "a contract that was made here can be claimed");
    return { contract, paymentHash, keys };
  }

  async #invoice(
    { amountMsat: amount, expirySecs, description }: Required<Pick<ReceiveOptions, "expirySecs" | "description">> & {
      readonly amountMsat: bigint;
    },
    { gateway }: Chosen,
    contract: IncomingContract,
    signal: AbortSignal,
  ): Promise<Bolt11Invoice> {
    const invoice = await this.#parts.gateway.invoice(gateway, {
      contract,
      amount,
      expirySecs,
      description: typeof description === "string"
        ? { tag: "Direct", value: description }
        : { tag: "Hash", value: description.hash },
    }, signal);
    if (invoice.ok) return invoice.value;
    throw Lnv2Error.of("gateway_failed", invoice.error);
  }

  /** A gateway that is paid by another invoice keeps the money: the hash is ours, so is the amount. */
  #check({ paymentHash, amountMsat, currency, timestamp, expirySecs }: Bolt11Invoice, asked: bigint, hash: Sha256) {
    const { config: { network }, platform: { clock } } = this.#parts.env;
    if (paymentHash !== hash) throw Lnv2Error.of("invalid_invoice", "it has another payment hash");
    if (amountMsat !== asked) throw Lnv2Error.of("wrong_invoice_amount");
    // nodes on testnet4 write invoices of testnet
    const wanted = network === "testnet4" ? "testnet" : network;
    if (currency !== wanted) throw Lnv2Error.of("invalid_invoice", `it is for ${currency}`);
    if ((timestamp + expirySecs) * 1_000n <= BigInt(Math.floor(clock.nowMs()))) {
      throw Lnv2Error.of("invalid_invoice", "it has expired already");
    }
  }
}
