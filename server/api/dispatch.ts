/**
 * JSON-RPC 2.0, the answering side, pure but for the methods it calls: from a message's text to the answer's. Sheet "API" 2.
 *
 * `params` is always an array of one object `{auth, params}`. Errors of Fedimint's own have no `data`.
 */
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import { BATCH_MAX, MESSAGE_BYTES_MAX } from "./limits.ts";

/** What a caller sent besides the method. `auth` is secret. */
export type ApiRequest = { readonly auth: string | null; readonly params: Json };

/** One method. @throws {EndpointError} for what the caller is told */
export type Method = (request: ApiRequest, signal: AbortSignal) => Promise<Json>;
/** Undefined when there is no such method. */
export type Methods = (name: string) => Method | undefined;

type RpcErrorBody = { readonly code: number; readonly message: string; readonly data?: string };
type Id = number | bigint | string | null;

function answer(id: Id, result: Json): Json {
  return { jsonrpc: "2.0", id, result };
}

function failure(id: Id, error: RpcErrorBody): Json {
  return { jsonrpc: "2.0", id, error };
}

const PARSE_ERROR: RpcErrorBody = { code: -32700, message: "Parse error" };
const INVALID_REQUEST: RpcErrorBody = { code: -32600, message: "Invalid request" };
const METHOD_NOT_FOUND: RpcErrorBody = { code: -32601, message: "Method not found" };
export const TOO_BIG_REQUEST: RpcErrorBody = { code: -32007, message: "Request is too big" };
const TOO_BIG_RESPONSE: RpcErrorBody = { code: -32008, message: "Response is too big" };
export const REQUEST_TIMEOUT: RpcErrorBody = { code: -32000, message: "Request timeout" };

function invalidParams(data: string): RpcErrorBody {
  return { code: -32602, message: "Invalid params", data };
}

function idOf(json: Json): Id {
  if (!isJsonObject(json)) return null;
  const { id } = json;
  return typeof id === "number" || typeof id === "bigint" || typeof id === "string" ? id : null;
}

/** The one element of `params`, or what is wrong with it. */
function requestOf(params: Json | undefined): ApiRequest | RpcErrorBody {
  if (!Array.isArray(params)) return invalidParams("expected an array of one request");
  if (params.length !== 1) return invalidParams(`expected an array of one request, got ${params.length} elements`);
  const request = (params as readonly Json[])[0]!;
  if (!isJsonObject(request)) return { code: 400, message: "expected an object with auth and params" };
  if (request.params === undefined) return { code: 400, message: "missing field `params`" };
  const auth = request.auth ?? null;
  if (auth !== null && typeof auth !== "string") {
    return { code: 400, message: "invalid type: expected a string for auth" };
  }
  return { auth, params: request.params };
}

/** The error that a caller is told for what an endpoint threw; null for a bug, which isn't the caller's business. */
function toldError(thrown: unknown): RpcErrorBody | null {
  if (thrown instanceof EndpointError) return { code: thrown.facts.rpcCode, message: errorText(thrown) };
  if (thrown instanceof DecodeError) return { code: 400, message: errorText(thrown) };
  return null;
}

/** What a whole call needs beside its text. */
export type CallContext = {
  readonly methods: Methods;
  /** Aborted when the request's time is over or the caller is gone. */
  readonly signal: AbortSignal;
  /** An endpoint threw what no caller may see. */
  readonly onBug: (method: string, thrown: unknown) => void;
};

async function callOne(json: Json, { methods, signal, onBug }: CallContext): Promise<Json | null> {
  const id = idOf(json);
  if (!isJsonObject(json) || json.jsonrpc !== "2.0" || typeof json.method !== "string") {
    return failure(id, INVALID_REQUEST);
  }
  // a message without id is a notification: done, not answered
  const respond = (response: Json): Json | null => json.id === undefined ? null : response;
  const method = methods(json.method);
  if (!method) return respond(failure(id, METHOD_NOT_FOUND));
  const request = requestOf(json.params);
  if ("code" in request) return respond(failure(id, request));
  try {
    return respond(answer(id, await method(request, signal)));
  } catch (thrown) {
    const told = signal.aborted ? REQUEST_TIMEOUT : toldError(thrown);
    if (told) return respond(failure(id, told));
    onBug(json.method, thrown);
    return respond(failure(id, { code: 500, message: "API handler panicked" }));
  }
}

function bounded(response: Json): string {
  const text = stringifyJson(response);
  return text.length <= MESSAGE_BYTES_MAX ? text : stringifyJson(failure(idOf(response), TOO_BIG_RESPONSE));
}

/** @returns the text to answer with, or null when nothing is to be answered */
export async function dispatch(text: string, context: CallContext): Promise<string | null> {
  if (text.length > MESSAGE_BYTES_MAX) return stringifyJson(failure(null, TOO_BIG_REQUEST));
  let json: Json;
  try {
    json = parseJson(text);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    return stringifyJson(failure(null, PARSE_ERROR));
  }
  if (!Array.isArray(json)) {
    const response = await callOne(json, context);
    return response === null ? null : bounded(response);
  }
  const batch = json as readonly Json[];
  if (batch.length === 0 || batch.length > BATCH_MAX) return stringifyJson(failure(null, INVALID_REQUEST));
  const responses = await Promise.all(batch.map((one) => callOne(one, context)));
  const answered = responses.filter((response) => response !== null);
  return answered.length === 0 ? null : bounded(answered);
}
