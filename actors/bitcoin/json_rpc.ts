/**
 * JSON-RPC over HTTP with basic authentication, as bitcoind speaks it: version 1.0, errors with an HTTP status of their
 * own.
 */
import type { Network } from "../platform/platform.ts";
import { NetworkError } from "../platform/error.ts";
import { basicAuthorization } from "../../core/basic_auth.ts";
import { fromUtf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BackendFailure } from "./backend.ts";
import { CALL_TIMEOUT_MS, NODE_TEXT_CHARACTERS_MAX } from "./limits.ts";

export type Credentials = { readonly username: string; readonly password: string };

export type RpcCall = {
  readonly method: string;
  readonly params: readonly Json[];
  readonly answerBytesMax: number;
  readonly signal: AbortSignal;
  /** Default `CALL_TIMEOUT_MS`. */
  readonly timeoutMs?: number;
};

/** Asks one node. Holds the credentials and shows them to nobody. */
export class JsonRpcClient {
  readonly #network: Network;
  readonly #url: string;
  readonly #authorization: string;

  /** @param url http or https; credentials in it are dropped */
  constructor(network: Network, url: string, credentials: Credentials) {
    this.#network = network;
    this.#url = withoutCredentials(url);
    this.#authorization = basicAuthorization(`${credentials.username}:${credentials.password}`);
  }

  async call(
    { method, params, answerBytesMax, signal, timeoutMs = CALL_TIMEOUT_MS }: RpcCall,
  ): Promise<Result<Json, BackendFailure>> {
    let response: { readonly status: number; readonly body: Uint8Array };
    try {
      response = await this.#network.fetch(this.#url, {
        method: "POST",
        headers: { authorization: this.#authorization, "content-type": "application/json" },
        body: stringifyJson({ jsonrpc: "1.0", id: 0, method, params }),
        timeoutMs,
        bodyBytesMax: answerBytesMax,
        signal,
      });
    } catch (thrown) {
      if (thrown instanceof NetworkError) return err(failureOf(thrown));
      throw thrown;
    }
    if (response.status === 401 || response.status === 403) return err({ code: "unauthorized" });
    return readAnswer(response.status, response.body);
  }
}

/** @throws {TypeError} when the text is no URL; it is not repeated, since it may hold a password */
function withoutCredentials(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError("The Bitcoin node's address must be a URL that begins with http:// or https://");
  }
  url.username = "";
  url.password = "";
  return url.href;
}

function failureOf(error: NetworkError): BackendFailure {
  if (error.code === "timeout") return { code: "timeout" };
  if (error.code === "too_large") return { code: "bad_answer", text: "the answer is too large" };
  return { code: "unreachable" };
}

function badAnswer(status: number): BackendFailure {
  return { code: "bad_answer", text: `HTTP status ${status} without a JSON-RPC answer` };
}

/** Errors come with status 404 or 500 and a JSON body; a proxy's own errors have no such body. */
function readAnswer(status: number, body: Uint8Array): Result<Json, BackendFailure> {
  let answer: Json;
  try {
    answer = parseJson(fromUtf8(body));
  } catch (thrown) {
    if (thrown instanceof DecodeError || thrown instanceof TypeError) return err(badAnswer(status));
    throw thrown;
  }
  if (!isJsonObject(answer)) return err(badAnswer(status));
  const { error, result } = answer;
  if (isJsonObject(error)) {
    const text = typeof error.message === "string" ? error.message.slice(0, NODE_TEXT_CHARACTERS_MAX) : "no message";
    return err({ code: "refused", rpcCode: typeof error.code === "number" ? error.code : 0, text });
  }
  return result === undefined || status !== 200 ? err(badAnswer(status)) : ok(result);
}
