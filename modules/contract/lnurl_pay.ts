/**
 * Invoices from services that write one for any amount: Lightning addresses (LUD-16) and LNURL-pay (LUD-06, LUD-17). A
 * service is a stranger: what it answers is bounded, and the invoice must be for the amount that was asked for.
 * fedimint-lnurl 0.13.0.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { NetworkError } from "../../actors/platform/error.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { decodeLnurl, lightningAddressUrl, lnurlSchemeUrl } from "../../core/lightning/lnurl.ts";
import { FedimintError } from "../../core/result.ts";
import { LNURL_BYTES_MAX, LNURL_REDIRECTS_MAX, LNURL_TIMEOUT_MS } from "./limits.ts";

/** What a service takes, and what for. */
export type PayRequest = {
  /** Who is asked for the invoice: its host. */
  readonly host: string;
  readonly callback: string;
  readonly minMsat: bigint;
  readonly maxMsat: bigint;
  /** As the service wrote it: invoices hold its hash. */
  readonly metadata: string;
  /** What it says about itself; null when it says nothing. */
  readonly description: string | null;
  /** Characters that a payer may say to the payee; null when the service says nothing of it. LUD-12. */
  readonly commentCharactersMax: number | null;
};

/** What an invoice is asked for. */
export type InvoiceWish = {
  readonly amountMsat: bigint;
  /** What the payee is told. Default: nothing. */
  readonly comment?: string;
};

/** Why a service gave no invoice. Nothing was paid. */
export class LnurlError extends FedimintError<
  /** `not_lnurl`: the text is none · `insecure`: neither https nor on this machine nor an onion */
  | { readonly code: "not_lnurl" | "insecure" }
  | { readonly code: "unreachable" | "malformed" | "refused" | "wrong_invoice"; readonly host: string }
  | { readonly code: "amount_out_of_range"; readonly minMsat: bigint; readonly maxMsat: bigint }
  | { readonly code: "comment_too_long"; readonly charactersMax: number }
> {}

function urlText(text: string): string | null {
  return lightningAddressUrl(text) ?? lnurlSchemeUrl(text) ?? decodeLnurl(text);
}

/** Whether a text is a Lightning address, `lnurl1…` or `lnurlp:…`. Asks nobody. */
export function isLnurlPayee(text: string): boolean {
  return urlText(text) !== null;
}

/** The URL behind an address, an lnurl or a link. @throws {LnurlError} `not_lnurl` · `insecure` */
function payUrl(text: string): URL {
  return secure(urlText(text)) ?? refuse();
  function refuse(): never {
    throw new LnurlError({ code: "not_lnurl" }, "This is no Lightning address and no LNURL that can be paid to");
  }
}

function isNear({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127[.]/.test(hostname) ||
    hostname === "[::1]";
}

/**
 * @param from who names it: only what is on this machine may name what else is on it
 * @throws {LnurlError} `insecure`
 */
function secure(text: string | null, from?: URL): URL | null {
  const url = text === null ? null : URL.parse(text, from?.href);
  if (!url) return null;
  const { protocol, hostname } = url, near = isNear(url);
  const isHidden = protocol === "https:" || protocol === "http:" && (near || hostname.endsWith(".onion"));
  if (isHidden && !(near && from && !isNear(from))) return url;
  throw new LnurlError({ code: "insecure" }, "Nothing was paid: this service would be asked without encryption");
}

/** Redirects are followed as far as they lead to who may be asked. */
async function answerOf(platform: Platform, asked: URL, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const limits = { timeoutMs: LNURL_TIMEOUT_MS, bodyBytesMax: LNURL_BYTES_MAX, redirects: "tell" } as const;
  let url = asked;
  for (let redirects = 0;; redirects++) {
    const { status, body, location } = await platform.network.fetch(url.href, { ...limits, ...(signal && { signal }) });
    const isRedirect = status >= 300 && status < 400 && location !== undefined;
    const target = isRedirect && redirects < LNURL_REDIRECTS_MAX ? secure(location, url) : null;
    if (target === null) return body;
    url = target;
  }
}

async function ask(platform: Platform, url: URL, signal: AbortSignal | undefined): Promise<JsonObject> {
  const { host } = url;
  const malformed = (): never => {
    throw new LnurlError({ code: "malformed", host }, `Nothing was paid: ${host} gave an answer that can't be read`);
  };
  let body: Uint8Array;
  try {
    body = await answerOf(platform, url, signal);
  } catch (cause) {
    if (!(cause instanceof NetworkError)) throw cause;
    throw new LnurlError({ code: "unreachable", host }, `Nothing was paid: ${host} does not answer`, { cause });
  }
  // what is no UTF-8 is no JSON either
  const json = tryDecoding<Json>(() => parseJson(new TextDecoder().decode(body)));
  if (!json.ok || !isJsonObject(json.value)) return malformed();
  const { status, reason } = json.value;
  if (status !== "ERROR") return json.value;
  const why = typeof reason === "string" && reason !== "" ? new Error(reason.slice(0, 200)) : undefined;
  throw new LnurlError({ code: "refused", host }, `Nothing was paid: ${host} refused`, why ? { cause: why } : {});
}

function msatOf(json: Json | undefined): bigint | null {
  if (typeof json === "bigint") return json >= 0n ? json : null;
  return typeof json === "number" && Number.isSafeInteger(json) && json >= 0 ? BigInt(json) : null;
}

/** The first plain text in the metadata. */
function descriptionIn(metadata: string): string | null {
  const json = tryDecoding<Json>(() => parseJson(metadata));
  if (!json.ok || !Array.isArray(json.value)) return null;
  for (const entry of json.value as readonly Json[]) {
    if (!Array.isArray(entry)) continue;
    const [kind, text] = entry as readonly Json[];
    if (kind === "text/plain" && typeof text === "string") return text;
  }
  return null;
}

/**
 * What a service takes. @param text a Lightning address, `lnurl1…` or `lnurlp:…`
 * @throws {LnurlError} `not_lnurl` · `insecure` · `unreachable` · `malformed` · `refused` · {WaitError}
 */
export async function askPayRequest(platform: Platform, text: string, signal?: AbortSignal): Promise<PayRequest> {
  const url = payUrl(text), { host } = url;
  const { tag, callback, minSendable, maxSendable, metadata, commentAllowed } = await ask(platform, url, signal);
  const minMsat = msatOf(minSendable), maxMsat = msatOf(maxSendable);
  const isRequest = tag === "payRequest" && typeof callback === "string" && typeof metadata === "string" &&
    minMsat !== null && maxMsat !== null && minMsat <= maxMsat && URL.canParse(callback) &&
    secure(callback, url) !== null;
  if (!isRequest) {
    throw new LnurlError(
      { code: "malformed", host },
      `Nothing was paid: ${host} takes no payments, or says so wrongly`,
    );
  }
  return {
    host,
    callback,
    minMsat,
    maxMsat,
    metadata,
    description: descriptionIn(metadata),
    commentCharactersMax: typeof commentAllowed === "number" ? commentAllowed : null,
  };
}

/**
 * An invoice of a service. @throws {LnurlError} `amount_out_of_range` · `comment_too_long` · `unreachable` ·
 * `malformed` · `refused` · `wrong_invoice`: it is for another amount or purpose
 */
export async function askInvoice(
  platform: Platform,
  { host, callback, minMsat, maxMsat, metadata, commentCharactersMax }: PayRequest,
  { amountMsat, comment }: InvoiceWish,
  signal?: AbortSignal,
): Promise<string> {
  if (amountMsat < minMsat || amountMsat > maxMsat) {
    const text = `Nothing was paid: ${host} takes ${minMsat} msat at least and ${maxMsat} msat at most`;
    throw new LnurlError({ code: "amount_out_of_range", minMsat, maxMsat }, text);
  }
  // a service that says nothing of comments may take them, as the reference has it
  if (comment !== undefined && commentCharactersMax !== null && [...comment].length > commentCharactersMax) {
    const text = `Nothing was paid: ${host} takes comments of ${commentCharactersMax} characters at most`;
    throw new LnurlError({ code: "comment_too_long", charactersMax: commentCharactersMax }, text);
  }
  const url = secure(callback)!;
  url.searchParams.append("amount", String(amountMsat));
  if (comment !== undefined) url.searchParams.append("comment", comment);
  const { pr } = await ask(platform, url, signal);
  const invoice = tryDecoding(() => parseBolt11(typeof pr === "string" ? pr : ""));
  const wrong = (why: string): never => {
    throw new LnurlError({ code: "wrong_invoice", host }, `Nothing was paid: ${host} gave an invoice ${why}`);
  };
  if (!invoice.ok) return wrong("that can't be read");
  const { text, amountMsat: asked, description } = invoice.value;
  if (asked !== amountMsat) return wrong("of another amount");
  // a description in plain words is shown; a hash that is not that of what was said is of something else
  if (description.tag === "Hash" && description.value !== toHex(sha256(utf8(metadata)))) {
    return wrong("for something else");
  }
  return text;
}
