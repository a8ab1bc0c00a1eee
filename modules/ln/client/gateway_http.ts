/**
 * Asking gateways over HTTP. A gateway is a stranger: its answers are bounded in size and time, and never followed
 * elsewhere. fedimint-ln-client 0.13.0 (`RealGatewayConnection`); docs/protocol/06-lightning-meta.md §F.
 */
import type { Platform } from "../../../actors/platform/platform.ts";
import { fromHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { consensusUrl } from "../../../core/types/safe_url.ts";
import { answerJson, answerReason, askStranger } from "../../contract/http_answer.ts";
import type { PayInvoicePayload } from "../gateway_api.ts";
import { GATEWAY_ROUTES, payInvoicePayload } from "../gateway_api.ts";
import { GATEWAY_ANSWER_BYTES_MAX, GATEWAY_TIMEOUT_MS, PAYMENT_TIMEOUT_MS } from "./limits.ts";

/** Gateways, as the client asks them. The error says why there is no answer. */
export class GatewayConnection {
  readonly #platform: Platform;

  constructor({ platform }: { readonly platform: Platform }) {
    this.#platform = platform;
  }

  /** Whether it answers. */
  async isThere(gateway: SafeUrl, signal: AbortSignal): Promise<Result<null, string>> {
    const answer = await this.#ask(gateway, GATEWAY_ROUTES.id, null, GATEWAY_TIMEOUT_MS, signal);
    return answer.ok ? ok(null) : answer;
  }

  /** Has it pay, or go on with it. @returns the preimage (32 bytes), unchecked */
  async payInvoice(gateway: SafeUrl, payload: PayInvoicePayload, signal: AbortSignal): Promise<Result<Bytes, string>> {
    const params = payInvoicePayload.toJson(payload);
    const answer = await this.#ask(gateway, GATEWAY_ROUTES.payInvoice, params, PAYMENT_TIMEOUT_MS, signal);
    if (!answer.ok) return answer;
    return typeof answer.value === "string" && /^[0-9a-f]{64}$/i.test(answer.value)
      ? ok(fromHex(answer.value))
      : err(`${consensusUrl(gateway)} answered no preimage`);
  }

  /** Without params by GET. Routes take the place of the URL's last part (RFC 3986), as the reference joins them. */
  async #ask(
    gateway: SafeUrl,
    route: string,
    params: Json | null,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Result<Json, string>> {
    // anybody registers any URL, and not every one has a place for a route
    const url = URL.parse(route, gateway);
    if (url?.protocol !== "http:" && url?.protocol !== "https:") {
      return err(`Gateways at ${new URL(gateway).protocol} can't be asked`);
    }
    const question = { timeoutMs, answerBytesMax: GATEWAY_ANSWER_BYTES_MAX, signal };
    const answer = await askStranger(
      this.#platform.network,
      url.href,
      params === null ? question : { ...question, params },
    );
    if (!answer.ok) return answer;
    const { status, body } = answer.value, name = consensusUrl(gateway);
    if (status !== 200) return err(`${name} answered ${status}${answerReason(body)}`);
    const json = answerJson(body);
    return json.ok ? json : err(`${name} answered ${json.error}`);
  }
}
