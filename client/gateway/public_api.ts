/**
 * What everybody may ask a gateway: prices, invoices, payments. docs/protocol/06-lightning-meta.md §D.1;
 * fedimint-gateway-server 0.13.0 (`rpc_server.rs`, `error.rs`).
 *
 * Why something failed is for the operator's log; strangers get the little that the reference tells.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Address } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { federationId, sha256Hash } from "../../core/types/ids.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import { PayInvoiceError } from "../../modules/ln/gateway/error.ts";
import type { PayInvoicePayload } from "../../modules/ln/gateway_api.ts";
import { payInvoicePayload } from "../../modules/ln/gateway_api.ts";
import { SendPaymentError } from "../../modules/lnv2/gateway/error.ts";
import {
  createBolt11InvoicePayload,
  routingInfo,
  sendPaymentPayload,
  sendPaymentResponse,
} from "../../modules/lnv2/gateway_api.ts";
import { bodyOf, jsonAnswer, textAnswer, TOO_MANY } from "./answers.ts";
import { GatewayError } from "./error.ts";
import { federationStatus, federationStatusRequest } from "./federation_status.ts";
import type { Federations } from "./federations.ts";
import type { Callers } from "./callers.ts";
import type { Invoices } from "./invoices.ts";
import type { LnurlPages } from "./lnurl/pages.ts";
import type { Registrations } from "./registrations.ts";

export type PublicApiEnv = {
  readonly invoices: Invoices;
  readonly federations: Federations;
  readonly registrations: Registrations;
  /** 33 bytes: names the gateway. */
  readonly gatewayId: Bytes;
  readonly callers: Callers;
  /** Of lnurls; null: they are switched off. */
  readonly pages: LnurlPages | null;
  readonly log: Logger;
  /** Tells strangers all. */
  readonly debug: boolean;
};

const VERIFY = "/verify/";
const ID = "/id";
const LNURL_PAGE = /^\/(?:pay|invoice)\/[^/]+$/;

/** A route's answer; null when there is no such route. `path`: without `/v1`. */
export async function publicAnswer(
  env: PublicApiEnv,
  path: string,
  request: Request,
  remote: Address,
): Promise<Response | null> {
  const { pages } = env;
  const isPage = pages !== null && LNURL_PAGE.test(path);
  if (!path.startsWith(VERIFY) && path !== ID && !Object.hasOwn(POST, path) && !isPage) return null;
  if (!env.callers.mayAsk(remote)) return textAnswer(429, TOO_MANY);
  if (isPage) return await pages(path, request, remote) ?? textAnswer(405, "");
  if (path.startsWith(VERIFY)) {
    return request.method === "GET" ? await verify(env, path.slice(VERIFY.length), request) : textAnswer(405, "");
  }
  if (path === ID) return request.method === "GET" ? jsonAnswer(toHex(env.gatewayId)) : textAnswer(405, "");
  const route = POST[path]!;
  if (request.method !== "POST") return textAnswer(405, "");
  try {
    return jsonAnswer(await route(env, request, remote));
  } catch (thrown) {
    return refusal(env, thrown);
  }
}

type PublicRoute = (env: PublicApiEnv, request: Request, remote: Address) => Promise<Json>;

const POST: Readonly<Record<string, PublicRoute>> = {
  "/routing_info": async ({ invoices }, request) =>
    routingInfo.toJson(await invoices.routingInfo(await bodyOf(request, federationId))),
  "/create_bolt11_invoice": async ({ invoices }, request, remote) =>
    await invoices.create(await bodyOf(request, createBolt11InvoicePayload), request.signal, remote),
  "/send_payment": async ({ invoices }, request) =>
    sendPaymentResponse.toJson(await invoices.sendPayment(await bodyOf(request, sendPaymentPayload), request.signal)),
  "/pay_invoice": async ({ federations }, request) =>
    toHex(await payInvoice(federations, await bodyOf(request, payInvoicePayload), request.signal)),
  "/federation_status": async (env, request) => {
    const { federationId: id } = await bodyOf(request, federationStatusRequest);
    return await federationStatus(env, id, request.signal);
  },
};

/** Pays for an outgoing contract of version 1. @throws {GatewayError} `not_connected` · {PayInvoiceError} */
async function payInvoice(
  federations: Federations,
  payload: PayInvoicePayload,
  signal: AbortSignal,
): Promise<Bytes> {
  const { federationId } = payload;
  return await federations.using(federationId, async () => {
    const { lnv1 } = await federations.served(federationId);
    if (lnv1) return await lnv1.payInvoice(payload, signal);
    throw new PayInvoiceError({ code: "no_module" }, "The federation has no Lightning module ln");
  });
}

/** @throws what is no refusal of the gateway's */
function refusal({ log, debug }: PublicApiEnv, thrown: unknown): Response {
  const refused = refusalOf(thrown);
  if (!refused) throw thrown;
  const { status, text } = refused;
  // the one error of which a flood makes many
  if (status === 429) log.debug("A request was refused", { reason: errorText(thrown) });
  else log.warn("A request was refused", { reason: errorText(thrown) });
  return textAnswer(status, debug ? errorText(thrown) : text);
}

function refusalOf(thrown: unknown): { readonly status: number; readonly text: string } | null {
  const failed = { status: 500, text: "LNv2 operation failed, please contact gateway operator" };
  if (thrown instanceof SendPaymentError) return failed;
  if (thrown instanceof PayInvoiceError) {
    return thrown.code === "node_not_connected"
      ? { status: 500, text: "Lightning Network operation failed" }
      : { status: 500, text: "LNv1 operation failed, please contact gateway operator" };
  }
  if (!(thrown instanceof GatewayError)) return null;
  switch (thrown.code) {
    case "not_connected":
    case "receive_disabled":
      return { status: 400, text: thrown.message };
    case "rate_limited":
      return { status: 429, text: TOO_MANY };
    case "node":
    case "node_not_connected":
      return { status: 500, text: "Lightning Network operation failed" };
    default:
      return failed;
  }
}

/** LUD-21. */
async function verify({ invoices, log }: PublicApiEnv, hex: string, request: Request): Promise<Response> {
  const hash = tryDecoding(() => sha256Hash.fromJson(hex));
  if (!hash.ok) return textAnswer(400, "Invalid URL: the payment hash is not 32 bytes of hex");
  try {
    const wait = new URL(request.url).searchParams.has("wait");
    const { preimage } = await invoices.verify(hash.value, wait, request.signal);
    return jsonAnswer({ status: "OK", settled: preimage !== null, preimage: preimage && toHex(preimage) });
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown;
    log.debug("An invoice could not be verified", { reason: thrown.message });
    return jsonAnswer({ status: "ERROR", reason: thrown.message }, 500);
  }
}
