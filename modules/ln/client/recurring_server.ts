/**
 * A server that writes invoices for wallets that are away (recurringd). It is a stranger: its answers are bounded in
 * size and time. fedimint-ln-client 0.13.0 (`recurring/api.rs`); docs/protocol/06-lightning-meta.md §F.
 */
import type { Platform } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { isJsonObject, tryDecoding } from "../../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { decodeLnurl } from "../../../core/lightning/lnurl.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { answerJson, askStranger } from "../../contract/http_answer.ts";
import { LnError } from "./error.ts";
import { NEXT_INVOICE_TIMEOUT_MS, RECURRING_ANSWER_BYTES_MAX, RECURRING_TIMEOUT_MS } from "./limits.ts";

/** Characters of what a server says that are told. */
const REASON_CHARACTERS_MAX = 200;

/** What is registered. */
export type CodeRequest = {
  readonly federationId: FederationId;
  /** 33 bytes: keys of all invoices follow from it. */
  readonly rootKey: Bytes;
  /** JSON text that payers are shown, as LUD-06 has it. */
  readonly meta: string;
};

function failed(detail: string): LnError {
  return LnError.of("lnurl_server_failed", detail);
}

/** The reference joins paths so, whatever the URL ends with. */
function urlOf(server: SafeUrl, path: string): string {
  return `${new URL(server).href.replace(/\/+$/, "")}/lnv1/${path}`;
}

export class RecurringServer {
  readonly #platform: Platform;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** @returns the lnurl. @throws {LnError} `lnurl_server_failed` */
  async register(
    server: SafeUrl,
    { federationId, rootKey, meta }: CodeRequest,
    signal: AbortSignal,
  ): Promise<string> {
    const request = {
      federation_id: federationId,
      protocol: "LNURL",
      payment_code_root_key: toHex(rootKey),
      meta,
    };
    const answer = await this.#ask(urlOf(server, "paycodes"), request, RECURRING_TIMEOUT_MS, signal);
    const code = isJsonObject(answer) ? answer["recurring_payment_code"] : undefined;
    if (typeof code !== "string" || decodeLnurl(code) === null) throw failed("Invalid response");
    return code;
  }

  /**
   * The index-th invoice of a code, from 1 on, once somebody has asked for it.
   * @throws {LnError} `lnurl_server_failed`, also when nobody has asked for a while
   */
  async invoice(server: SafeUrl, rootKey: Bytes, index: bigint, signal: AbortSignal): Promise<Bolt11Invoice> {
    const path = `paycodes/recipient/${toHex(rootKey)}/generated/${index}`;
    const answer = await this.#ask(urlOf(server, path), null, NEXT_INVOICE_TIMEOUT_MS, signal);
    const invoice = typeof answer === "string" ? tryDecoding(() => parseBolt11(answer)) : null;
    if (!invoice?.ok) throw failed("Invalid response");
    return invoice.value;
  }

  async #ask(url: string, params: Json | null, timeoutMs: number, signal: AbortSignal): Promise<Json> {
    const question = { method: "PUT", timeoutMs, answerBytesMax: RECURRING_ANSWER_BYTES_MAX, signal } as const;
    const answer = await askStranger(this.#platform.network, url, params === null ? question : { ...question, params });
    if (!answer.ok) throw failed(`Network error: ${answer.error}`);
    const json = answerJson(answer.value.body);
    if (!json.ok) throw failed("Invalid response");
    const error = isJsonObject(json.value) ? json.value["error"] : undefined;
    if (typeof error !== "string") return json.value;
    throw failed(`Recurring payment server error: ${error.slice(0, REASON_CHARACTERS_MAX)}`);
  }
}
