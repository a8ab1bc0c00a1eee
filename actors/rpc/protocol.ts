/** JSON-RPC 2.0 as pure text: requests, answers, errors. docs/protocol/02-api.md §2. */
import type { Json } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson, stringifyJson, tryDecoding } from "../../core/encoding/mod.ts";

export const METHOD_NOT_FOUND = -32601;
/** The other side took too long and gave the call up. */
export const REQUEST_TIMEOUT = -32000;
/** Its answer would be larger than answers may be. */
export const RESPONSE_TOO_BIG = -32008;

/** Why a call failed; `message` is for people. */
export type RpcError =
  /** No connection could be made. */
  | { readonly kind: "connection"; readonly message: string }
  /** There is something that wants other credentials before it talks. */
  | { readonly kind: "unauthorized"; readonly message: string }
  /** The connection was lost, or no answer came in time. */
  | { readonly kind: "transport" | "timeout"; readonly message: string }
  /** The other side doesn't know the method: an older version. */
  | { readonly kind: "method_not_found"; readonly message: string }
  /** It answered something that is no answer. */
  | { readonly kind: "invalid_response"; readonly message: string }
  /** It refused the call. */
  | { readonly kind: "server"; readonly code: number; readonly message: string };

export function requestText(id: number, method: string, params: readonly Json[]): string {
  return stringifyJson({ jsonrpc: "2.0", id, method, params });
}

export type RpcAnswer = { readonly id: number; readonly result: Json } | {
  readonly id: number;
  readonly error: RpcError;
};

/** Null for a text that answers nothing. */
export function parseAnswer(text: string): RpcAnswer | null {
  const json = tryDecoding(() => parseJson(text));
  if (!json.ok || !isJsonObject(json.value) || typeof json.value.id !== "number") return null;
  const { id, error, result } = json.value;
  if (result !== undefined) return { id, result };
  if (!isJsonObject(error) || typeof error.code !== "number") {
    return { id, error: { kind: "invalid_response", message: "Answer has neither a result nor an error" } };
  }
  const message = typeof error.message === "string" ? error.message : "";
  if (error.code === METHOD_NOT_FOUND) return { id, error: { kind: "method_not_found", message } };
  return { id, error: { kind: "server", code: error.code, message } };
}

/** As servers write an answer that has a result; the result stands between here and the last brace. */
const RESULT_HEAD = /^\{"jsonrpc":"2\.0","id":(0|[1-9][0-9]{0,14}),"result":/;
const HEAD_CHARACTERS_MAX = 64;

/**
 * An answer of which nothing is read but its head, for results that are large. Whoever finds that all of `result` is a
 * value in itself has read the whole message.
 */
export type UnreadAnswer = {
  readonly id: number;
  readonly message: string;
  /** The result's text, if the message is an answer at all. */
  readonly result: string;
};

/** Null when the message doesn't begin as servers write an answer with a result: then it is to be parsed. */
export function unreadAnswer(message: string): UnreadAnswer | null {
  const head = RESULT_HEAD.exec(message.slice(0, HEAD_CHARACTERS_MAX));
  if (!head || !message.endsWith("}")) return null;
  return { id: Number(head[1]), message, result: message.slice(head[0].length, -1) };
}
