/**
 * An invoice, which the wallet signs itself, and the offer of its preimage: nobody sees it before all that claims its
 * payment is stored, and guardians have the offer. fedimint-ln-client 0.13.0 (`create_bolt11_invoice`);
 * docs/protocol/06-lightning-meta.md §F.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { scalarFromWide } from "../../../core/crypto/mod.ts";
import { encrypt } from "../../../core/crypto/threshold_crypto.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice, InvoiceCurrency } from "../../../core/lightning/bolt11.ts";
import { DESCRIPTION_BYTES_MAX, parseBolt11, ROUTE_HOPS_MAX } from "../../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import { amountFault, expiryFault } from "../../../core/lightning/invoice_terms.ts";
import type { RouteHint, RouteHintHop } from "../../../core/lightning/route_hint.ts";
import { toHex } from "../../../core/bytes.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import { paymentHashOfKey } from "../contracts.ts";
import type { LightningGateway } from "../gateways.ts";
import { claimWorth, offerBundle } from "./bundles.ts";
import { LnError } from "./error.ts";
import type { Gateways } from "./gateways.ts";
import { internalNode, receiveOperationId } from "./keys.ts";
import {
  FINAL_CLTV_DELTA,
  INVOICE_EXPIRY_SECS,
  INVOICE_EXPIRY_SECS_MAX,
  LAST_HOP_CLTV_DELTA,
  ROUTE_HOPS_ALL_MAX,
} from "./limits.ts";
import { metaJson } from "./operation_log.ts";
import { freshKey } from "./paying.ts";
import type { LnParts } from "./parts.ts";
import type { Receipt } from "./states.ts";

/** How to be paid. */
export type ReceiveOptions = {
  /** What the payer reads, or its SHA-256 as hex. Default: an empty text. */
  readonly description?: string | { readonly hash: Sha256 };
  /** Default: a day; at most a year. */
  readonly expirySecs?: bigint;
  /** Id of a registered gateway, 33 bytes; default: one that answers. `internal`: members of the federation pay. */
  readonly gateway?: Bytes | "internal";
  /** Kept in the operation log. */
  readonly extraMeta?: Json;
};

/** What of a payment would arrive, and through whom. Gateways take nothing of it: the payer pays them. */
export type ReceiveQuote = {
  /** The gateway's id as hex. */
  readonly gatewayId: string;
  /** What is paid. */
  readonly amountMsat: bigint;
  /** The federation's own fees, and what is too small to be a note. */
  readonly federationFeeMsat: bigint;
  /** What comes into the balance; 0 when it would not pay its own fees. */
  readonly arrivesMsat: bigint;
};

/** An invoice, and the operation that waits for its payment. */
export type Invited = { readonly invoice: string; readonly operationId: OperationId };

/**
 * Ways to the gateway, which takes the last hop's channel for the federation's number. The gateway says which, and
 * anybody is one: those that the invoice doesn't hold are left out.
 */
function routesTo(node: Bytes, channel: bigint, ways: readonly RouteHint[]): RouteHint[] {
  const last: RouteHintHop = {
    srcNodeId: node,
    shortChannelId: channel,
    baseMsat: 0,
    proportionalMillionths: 0,
    cltvExpiryDelta: LAST_HOP_CLTV_DELTA,
    htlcMinimumMsat: null,
    htlcMaximumMsat: null,
  };
  const routes: RouteHintHop[][] = [[last]];
  let hops = 1;
  for (const way of ways) {
    if (way.length >= ROUTE_HOPS_MAX || hops + way.length + 1 > ROUTE_HOPS_ALL_MAX) continue;
    routes.push([...way, last]);
    hops += way.length + 1;
  }
  return routes;
}

export class Receiving {
  readonly #parts: LnParts;
  readonly #gateways: Gateways;

  constructor(parts: LnParts, gateways: Gateways) {
    this.#parts = parts;
    this.#gateways = gateways;
  }

  /** @throws {LnError} as `receive` does */
  async quote(amountMsat: bigint, wanted: Bytes | null, signal: AbortSignal): Promise<ReceiveQuote> {
    const fault = amountFault(amountMsat);
    if (fault) throw LnError.of(fault);
    const arrivesMsat = await claimWorth(this.#parts.env, amountMsat) ?? 0n;
    const { gatewayId } = await this.#gateway(amountMsat, wanted, signal);
    return { gatewayId: toHex(gatewayId), amountMsat, federationFeeMsat: amountMsat - arrivesMsat, arrivesMsat };
  }

  #gateway(amountMsat: bigint, wanted: Bytes | null, signal: AbortSignal): Promise<LightningGateway> {
    return wanted ? this.#gateways.named(wanted, signal) : this.#gateways.select(amountMsat, signal);
  }

  /** @throws {LnError} */
  async receive(amountMsat: bigint, options: ReceiveOptions, signal: AbortSignal): Promise<Invited> {
    const { env } = this.#parts, { expirySecs = INVOICE_EXPIRY_SECS, description = "", gateway: wanted } = options;
    const fault = amountFault(amountMsat) ?? expiryFault(expirySecs, INVOICE_EXPIRY_SECS_MAX);
    if (fault) throw LnError.of(fault);
    if (typeof description === "string" && utf8(description).length > DESCRIPTION_BYTES_MAX) {
      throw LnError.of("description_too_long");
    }
    if (await claimWorth(env, amountMsat) === null) throw LnError.of("amount_too_small");
    const gateway = wanted === "internal" ? null : await this.#gateway(amountMsat, wanted ?? null, signal);
    const { receipt, invoice } = this.#invite(amountMsat, { expirySecs, description }, gateway);
    const operationId = receiveOperationId(invoice.paymentHash);
    const txid = await this.#offer(operationId, receipt, { amountMsat, expirySecs: options.expirySecs ?? null }, {
      gatewayId: gateway?.gatewayId ?? null,
      extraMeta: options.extraMeta ?? null,
    }, signal);
    const accepted = await env.core.awaitTransaction(operationId, txid, signal);
    if (!accepted.ok) throw LnError.of("offer_rejected", accepted.error);
    return { invoice: invoice.text, operationId };
  }

  #invite(
    amountMsat: bigint,
    { expirySecs, description }: Required<Pick<ReceiveOptions, "expirySecs" | "description">>,
    gateway: LightningGateway | null,
  ): { readonly receipt: Receipt; readonly invoice: Bolt11Invoice } {
    const { config: { network }, platform: { clock, dice }, federationId } = this.#parts.env;
    const random = (size: number): Bytes => dice.bytes(size), key = freshKey(random);
    const currency: InvoiceCurrency = network === "testnet4" ? "testnet" : network;
    const text = writeBolt11({
      currency,
      amountMsat,
      timestamp: BigInt(Math.floor(clock.nowMs() / 1_000)),
      expirySecs,
      paymentHash: paymentHashOfKey(publicKeyOf(key)),
      description: typeof description === "string"
        ? { tag: "Direct", value: description }
        : { tag: "Hash", value: description.hash },
      minFinalCltvExpiryDelta: FINAL_CLTV_DELTA,
      paymentSecret: random(32),
      features: FEATURES_BASIC,
      routeHints: gateway
        ? routesTo(gateway.nodePubKey, gateway.federationIndex, gateway.routeHints)
        : routesTo(internalNode(federationId), 0n, []),
      // nobody is reached at this node: the gateway keeps what is sent to it
    }, freshKey(random));
    const invoice = parseBolt11(text);
    return { receipt: { invoice, key }, invoice };
  }

  async #offer(
    operationId: OperationId,
    receipt: Receipt,
    { amountMsat, expirySecs }: { readonly amountMsat: bigint; readonly expirySecs: bigint | null },
    { gatewayId, extraMeta }: { readonly gatewayId: Bytes | null; readonly extraMeta: Json },
    signal: AbortSignal,
  ): Promise<string> {
    const { env } = this.#parts, { invoice, key } = receipt;
    const random = scalarFromWide(env.platform.dice.bytes(64));
    const offer = {
      amount: amountMsat,
      hash: invoice.paymentHash,
      encryptedPreimage: encrypt(env.config.thresholdPubKey, publicKeyOf(key), random),
      expiryTime: expirySecs,
    };
    const submitted = await env.core.submit({
      operationId,
      inputs: [],
      outputs: [offerBundle(env, offer, (txid) => ({ tag: "ReceiveOffering", value: { receipt, txid } }))],
      meta: ({ txid }) =>
        metaJson({ tag: "receive", value: { outPoint: { txid, outIdx: 0 }, invoice, gatewayId } }, extraMeta),
      signal,
    });
    if (!submitted.ok) throw LnError.notFunded(submitted.error);
    return submitted.value.txid;
  }

  /**
   * Waits once more for a payment that came too late, or whose claim was refused.
   * @throws {LnError} `not_reclaimable`
   */
  async reclaim(originalOperationId: OperationId, receipt: Receipt): Promise<OperationId> {
    const { core, platform } = this.#parts.env, operationId = toHex(platform.dice.bytes(32)) as OperationId;
    await core.transact(operationId, async (tx) => {
      const value = { originalOperationId, invoice: receipt.invoice, gatewayId: null };
      core.logOperation(tx, metaJson({ tag: "receive_reclaim", value }, null));
      await tx.addMachine({ tag: "ReceivePending", value: receipt });
    });
    return operationId;
  }
}
