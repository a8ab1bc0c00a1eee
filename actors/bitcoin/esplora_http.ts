/**
 * Questions to an Esplora server over HTTP. One that asks to be left alone is left alone: until then every question is
 * answered here. What it says of its errors is repeated in our log only where it is a line of text; proxies in front of
 * it answer with whole pages.
 */
import { NetworkError } from "../platform/error.ts";
import type { Platform } from "../platform/platform.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BackendFailure } from "./backend.ts";
import {
  ANSWER_BYTES_MAX,
  CALL_TIMEOUT_MS,
  NODE_TEXT_CHARACTERS_MAX,
  QUIET_LEAST_MS,
  QUIET_MOST_MS,
  QUIET_MS,
} from "./limits.ts";

export type Question = {
  readonly path: string;
  /** Sent by POST. */
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly answerBytesMax?: number;
};

const OK = 200, TOO_MANY_REQUESTS = 429, UNAVAILABLE = 503;

export class EsploraHttp {
  readonly #platform: Pick<Platform, "network" | "clock">;
  readonly #base: string;
  /** On the monotonic clock. */
  #quietUntilMs = -Infinity;

  /** @param url http or https; a slash at its end makes no difference @throws {TypeError} when it is none */
  constructor(platform: Pick<Platform, "network" | "clock">, url: string) {
    this.#platform = platform;
    this.#base = baseOf(url);
  }

  async ask(question: Question): Promise<Result<Bytes, BackendFailure>> {
    const { path, body, signal, answerBytesMax = ANSWER_BYTES_MAX } = question;
    const { network, clock } = this.#platform;
    const quietMs = this.#quietUntilMs - clock.monotonicMs();
    if (quietMs > 0) return err({ code: "busy" });
    try {
      const response = await network.fetch(`${this.#base}${path}`, {
        ...(body === undefined ? {} : { method: "POST", body }),
        timeoutMs: CALL_TIMEOUT_MS,
        bodyBytesMax: answerBytesMax,
        signal,
      });
      const { status, retryAfterMs } = response;
      if (status === OK) return ok(response.body);
      if (status === TOO_MANY_REQUESTS || (status === UNAVAILABLE && retryAfterMs !== undefined)) {
        const askedMs = Math.min(Math.max(retryAfterMs ?? QUIET_MS, QUIET_LEAST_MS), QUIET_MOST_MS);
        this.#quietUntilMs = clock.monotonicMs() + askedMs;
        return err({ code: "busy" });
      }
      return err({ code: "refused", rpcCode: status, text: lineOf(response.body) });
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
      if (thrown.code === "too_large") return err({ code: "bad_answer", text: "the answer is too large" });
      return err({ code: thrown.code === "timeout" ? "timeout" : "unreachable" });
    }
  }
}

/** @throws {TypeError} when the text is no URL; it is not repeated, since it may hold a secret */
function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError("Esplora's address must be a URL that begins with http:// or https://");
  }
  return url.href.replace(/\/+$/, "");
}

/** Undefined when it is no text. */
export function textOf(body: Bytes): string | undefined {
  try {
    return fromUtf8(body);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

/** A server's own words, "" for a page or what is no text. */
function lineOf(body: Bytes): string {
  const text = textOf(body)?.trim() ?? "";
  if (text.startsWith("<")) return "";
  return text.slice(0, NODE_TEXT_CHARACTERS_MAX).replace(/[\s\p{Cc}]+/gu, " ");
}
