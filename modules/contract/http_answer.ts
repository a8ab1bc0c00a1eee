/**
 * Asking strangers in JSON over HTTP: answers are bounded in size and time and never followed elsewhere, and what they
 * say is never more than a line of an error.
 */
import { NetworkError } from "../../actors/platform/error.ts";
import type { Network } from "../../actors/platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";

/** Characters of an error page that are told. */
const REASON_CHARACTERS_MAX = 200;

export type HttpAnswer = {
  readonly status: number;
  readonly body: Bytes;
};

/** What a stranger is asked. */
export type HttpQuestion = {
  /** Without `params` by GET. */
  readonly method?: "POST" | "PUT";
  readonly params?: Json;
  readonly headers?: Record<string, string>;
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
};

/** The error says why there is no answer. @throws the signal's reason */
export async function askStranger(
  network: Network,
  url: string,
  { method = "POST", params, headers, timeoutMs, answerBytesMax, signal }: HttpQuestion,
): Promise<Result<HttpAnswer, string>> {
  const limits = { timeoutMs, bodyBytesMax: answerBytesMax, redirects: "tell", signal } as const;
  try {
    return ok(
      await network.fetch(url, {
        ...limits,
        ...(params === undefined
          ? { method: "GET", headers: { ...headers } }
          : { method, headers: { "content-type": "application/json", ...headers }, body: stringifyJson(params) }),
      }),
    );
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof NetworkError)) throw thrown;
    return err(errorText(thrown));
  }
}

/** The error says what it is instead of JSON. */
export function answerJson(body: Bytes): Result<Json, string> {
  const text = answerText(body);
  if (text === null) return err("what is no text");
  const json = tryDecoding(() => parseJson(text));
  return json.ok ? json : err(`what can't be read: ${errorText(json.error)}`);
}

/** Null when it is no UTF-8. */
function answerText(body: Bytes): string | null {
  try {
    return fromUtf8(body);
  } catch (thrown) {
    if (thrown instanceof TypeError) return null;
    throw thrown;
  }
}

/** `: REASON`. Errors are plain text; what isn't one line of it isn't told. */
export function answerReason(body: Bytes): string {
  const text = answerText(body)?.trim() ?? "";
  return /^[\x20-\x7e]+$/.test(text) ? `: ${text.slice(0, REASON_CHARACTERS_MAX)}` : "";
}
