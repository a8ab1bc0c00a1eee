/**
 * LNURL-pay for receivers who are away: whoever has somebody's lnurl gets invoices here whose money only that receiver
 * can claim. Keeps nothing and holds no money. Follows fedimint-recurringdv2 0.13.0 (`main.rs`);
 * docs/protocol/06-lightning-meta.md §D.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { Places } from "../../../actors/platform/places.ts";
import type { Address, Platform } from "../../../actors/platform/platform.ts";
import { sourceOf } from "../../../actors/platform/source.ts";
import { toHex, utf8 } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { decodeText, stringifyJson, tryDecoding } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { Result } from "../../../core/result.ts";
import { err, errorText, ok } from "../../../core/result.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { GatewayConnection } from "../../../modules/lnv2/client/gateway_http.ts";
import { feeEncodedExpiration } from "../../../modules/lnv2/contracts.ts";
import { feeOf, isWithin, RECEIVE_FEE_LIMIT, subtractFee } from "../../../modules/lnv2/fees.ts";
import type { RoutingInfo } from "../../../modules/lnv2/gateway_api.ts";
import { contractFor, newTweak } from "../../../modules/lnv2/incoming.ts";
import type { LnurlRequest } from "../../../modules/lnv2/lnurl.ts";
import { lnurlRequest } from "../../../modules/lnv2/lnurl.ts";
import { InvoiceRate } from "../invoice_rate.ts";
import {
  GATEWAYS_ASKED_MAX,
  INVOICE_MS,
  INVOICE_RATE,
  INVOICE_SECS,
  INVOICES_AT_ONCE_MAX,
  INVOICES_OF_SOURCE_MAX,
  SENDABLE_MSAT_MAX,
  SENDABLE_MSAT_MIN,
} from "./limits.ts";

const CROWD = "Too many payers ask at the moment: try again";

/** What payers see. Invoices commit to this very text (LUD-06). */
const METADATA = `[["text/plain", "Pay to Recurringd"]]`;
const METADATA_HASH = toHex(sha256(utf8(METADATA))) as Sha256;

export type LnurlPagesOptions = {
  readonly platform: Platform;
  /** Under which payers reach the pages. */
  readonly address: SafeUrl;
};

/** The answer to a request for this path (without query); null when it is none of these pages. */
export type LnurlPages = (path: string, request: Request, remote: Address) => Promise<Response | null>;

export function lnurlPages({ platform, address }: LnurlPagesOptions): LnurlPages {
  const rate = new InvoiceRate(INVOICE_RATE, platform.clock);
  const places = new Places({ max: INVOICES_AT_ONCE_MAX, sourceMax: INVOICES_OF_SOURCE_MAX });
  const invoice = async (payload: string, request: Request, remote: Address): Promise<Response> => {
    const amount = new URL(request.url).searchParams.get("amount") ?? "";
    if (!/^[0-9]{1,20}$/.test(amount)) return new Response("The query needs an amount in msat", { status: 400 });
    const receiver = tryDecoding(() => decodeText(lnurlRequest, payload));
    if (!receiver.ok) return refusal("Failed to decode payload");
    const amountMsat = BigInt(amount);
    if (amountMsat < SENDABLE_MSAT_MIN || amountMsat > SENDABLE_MSAT_MAX) {
      return refusal(`Amount must be between ${SENDABLE_MSAT_MIN} and ${SENDABLE_MSAT_MAX}`);
    }
    if (!rate.mayAsk(remote)) return refusal(CROWD);
    const crowded = new AbortController();
    const place = places.take(sourceOf(remote), () => crowded.abort());
    try {
      const signal = AbortSignal.any([request.signal, crowded.signal]);
      const made = await invoiceFor(platform, receiver.value, amountMsat, signal);
      return made.ok ? json(made.value) : refusal(made.error);
    } catch (thrown) {
      if (!crowded.signal.aborted || request.signal.aborted) throw thrown;
      return refusal(CROWD);
    } finally {
      place?.release();
    }
  };
  return async (path, request, remote) => {
    const [, page, payload, ...more] = path.split("/");
    if (request.method !== "GET" || !payload || more.length > 0) return null;
    if (page === "invoice") return await invoice(payload, request, remote);
    if (page !== "pay") return null;
    return json({
      tag: "payRequest",
      callback: below(address, `invoice/${payload}`),
      metadata: METADATA,
      minSendable: SENDABLE_MSAT_MIN,
      maxSendable: SENDABLE_MSAT_MAX,
    });
  };
}

function json(body: Json): Response {
  const headers = { "content-type": "application/json", "access-control-allow-origin": "*" };
  return new Response(stringifyJson(body), { headers });
}

/** LNURL's errors come with status 200. */
function refusal(reason: string): Response {
  return json({ status: "ERROR", reason });
}

/** No part of the base's path is dropped. */
function below(base: SafeUrl, path: string): string {
  return `${base.replace(/\/+$/, "")}/${path}`;
}

/** An invoice of the first gateway that answers, and what LNURL says beside it. The error is for the payer. */
async function invoiceFor(
  platform: Platform,
  receiver: LnurlRequest,
  amountMsat: bigint,
  signal: AbortSignal,
): Promise<Result<Json, string>> {
  const late = new AbortController();
  const timer = platform.clock.setTimer(INVOICE_MS, () => late.abort(new Error("The gateways take too long")));
  const end = AbortSignal.any([signal, late.signal]);
  try {
    const connection = new GatewayConnection({ platform, federationId: receiver.federationId });
    const chosen = await firstGateway(connection, receiver.gateways, end);
    if (chosen === null) return err("All gateways are offline or do not support this federation");
    const { gateway, info: { receiveFee, modulePublicKey } } = chosen;
    if (!isWithin(receiveFee, RECEIVE_FEE_LIMIT)) return err("Payment fee exceeds limit");
    const { recipientPk: publicKey, aggregatePk: aggregateKey } = receiver;
    const tweak = newTweak(publicKey, (size) => platform.dice.bytes(size));
    const { contract, paymentHash } = contractFor({ publicKey, aggregateKey }, tweak, {
      amount: subtractFee(receiveFee, amountMsat),
      expiration: feeEncodedExpiration(feeOf(receiveFee, amountMsat)),
      refundPk: modulePublicKey,
    });
    const description = { tag: "Hash", value: METADATA_HASH } as const;
    const payload = { contract, amount: amountMsat, description, expirySecs: INVOICE_SECS };
    const invoice = await connection.invoice(gateway, payload, end);
    if (!invoice.ok) return invoice;
    const wrong = wrongIn(invoice.value, amountMsat, paymentHash);
    if (wrong !== null) return err(wrong);
    return ok({ pr: invoice.value.text, routes: [], verify: below(gateway, `verify/${paymentHash}`) });
  } catch (thrown) {
    if (!late.signal.aborted || signal.aborted) throw thrown;
    return err(errorText(late.signal.reason));
  } finally {
    timer.cancel();
  }
}

async function firstGateway(
  connection: GatewayConnection,
  gateways: readonly SafeUrl[],
  signal: AbortSignal,
): Promise<{ readonly gateway: SafeUrl; readonly info: RoutingInfo } | null> {
  for (const gateway of gateways.slice(0, GATEWAYS_ASKED_MAX)) {
    const info = await connection.routingInfo(gateway, signal);
    if (info.ok && info.value !== null) return { gateway, info: info.value };
  }
  return null;
}

/** What the payer would pay for nothing, or somebody else; null when all is as it was asked for. */
function wrongIn(invoice: Bolt11Invoice, amountMsat: bigint, paymentHash: Sha256): string | null {
  if (invoice.paymentHash !== paymentHash) return "Invalid invoice payment hash";
  if (invoice.amountMsat !== amountMsat) return "Invalid invoice amount";
  const { tag, value } = invoice.description;
  const commits = tag === "Hash" && value === METADATA_HASH;
  return commits ? null : "Invoice does not commit to the LNURL metadata via its description hash";
}
