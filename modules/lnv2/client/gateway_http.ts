/**
 * Asking gateways over HTTP. A gateway is a stranger: its answers are bounded in size and time, read as strictly as the
 * codecs do, and never followed elsewhere. fedimint-lnv2-common 0.13.0 (`gateway_api.rs`);
 * docs/protocol/06-lightning-meta.md §D.1.
 */
import type { Platform } from "../../../actors/platform/platform.ts";
import { basicAuthorization } from "../../../core/basic_auth.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Codec, Json } from "../../../core/encoding/mod.ts";
import { option, tryDecoding } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { Result } from "../../../core/result.ts";
import { err, errorText } from "../../../core/result.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import { federationId as federationIdCodec } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { consensusUrl } from "../../../core/types/safe_url.ts";
import { answerJson, answerReason, askStranger } from "../../contract/http_answer.ts";
import type { CreateBolt11InvoicePayload, GATEWAY_ROUTES, RoutingInfo, SendPaymentPayload } from "../gateway_api.ts";
import { createBolt11InvoicePayload, routingInfo, sendPaymentPayload, sendPaymentResponse } from "../gateway_api.ts";
import { GATEWAY_ANSWER_BYTES_MAX, GATEWAY_TIMEOUT_MS, PAYMENT_TIMEOUT_MS } from "./limits.ts";

type Route = typeof GATEWAY_ROUTES[number];

const maybeRoutingInfo = option(routingInfo);

/** Gateways, as the client asks them. The error says why there is no answer. */
export class GatewayConnection {
  readonly #platform: Platform;
  readonly #federationId: FederationId;

  constructor({ platform, federationId }: { readonly platform: Platform; readonly federationId: FederationId }) {
    this.#platform = platform;
    this.#federationId = federationId;
  }

  /** Prices and keys; null when it doesn't serve this federation. */
  routingInfo(gateway: SafeUrl, signal: AbortSignal): Promise<Result<RoutingInfo | null, string>> {
    const params = federationIdCodec.toJson(this.#federationId);
    return this.#post(gateway, "/routing_info", params, maybeRoutingInfo, GATEWAY_TIMEOUT_MS, signal);
  }

  /** An invoice of the gateway's node for a contract. What it says is not checked. */
  invoice(
    gateway: SafeUrl,
    payload: Omit<CreateBolt11InvoicePayload, "federationId">,
    signal: AbortSignal,
  ): Promise<Result<Bolt11Invoice, string>> {
    const params = createBolt11InvoicePayload.toJson({ federationId: this.#federationId, ...payload });
    return this.#post(gateway, "/create_bolt11_invoice", params, bolt11Invoice, GATEWAY_TIMEOUT_MS, signal);
  }

  /** The preimage, or the forfeit signature. Neither is checked. */
  sendPayment(
    gateway: SafeUrl,
    payload: Omit<SendPaymentPayload, "federationId">,
    signal: AbortSignal,
  ): Promise<Result<Result<Bytes, Bytes>, string>> {
    const params = sendPaymentPayload.toJson({ federationId: this.#federationId, ...payload });
    return this.#post(gateway, "/send_payment", params, sendPaymentResponse, PAYMENT_TIMEOUT_MS, signal);
  }

  async #post<T>(
    gateway: SafeUrl,
    route: Route,
    params: Json,
    result: Codec<T>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Result<T, string>> {
    const { protocol } = new URL(gateway);
    if (protocol !== "http:" && protocol !== "https:") return err(`Gateways at ${protocol} can't be asked`);
    const { url, headers } = addressOf(gateway, route);
    const answer = await askStranger(this.#platform.network, url, {
      params,
      headers,
      timeoutMs,
      answerBytesMax: GATEWAY_ANSWER_BYTES_MAX,
      signal,
    });
    if (!answer.ok) return answer;
    const { status, body } = answer.value, name = consensusUrl(gateway);
    if (status !== 200) return err(`${name} answered ${status}${answerReason(body)}`);
    const json = answerJson(body);
    if (!json.ok) return err(`${name} answered ${json.error}`);
    const read = tryDecoding(() => result.fromJson(json.value));
    return read.ok ? read : err(`${name} answered what can't be read: ${errorText(read.error)}`);
  }
}

/** Routes stand at the host's root, whatever path the gateway's URL has (RFC 3986). */
function addressOf(gateway: SafeUrl, route: Route): { readonly url: string; readonly headers: Record<string, string> } {
  const url = new URL(route, gateway), { username, password } = url;
  url.username = "";
  url.password = "";
  const credentials = `${username}:${password}`;
  if (credentials === ":") return { url: url.href, headers: {} };
  return { url: url.href, headers: { authorization: basicAuthorization(unescaped(credentials)) } };
}

/** What isn't percent-encoded rightly stands for itself. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    if (thrown instanceof URIError) return text;
    throw thrown;
  }
}
