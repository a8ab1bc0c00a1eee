/**
 * JSON-RPC 2.0, the answering side, pure but for the methods it calls: from a message's text to the answer's.
 * docs/protocol/02-api.md §2; what is malformed is told apart as jsonrpsee does.
 *
 * `params` is always an array of one object `{auth, params}`. Errors of Fedimint's own have no `data`.
 */
import { METHOD_NOT_FOUND, REQUEST_TIMEOUT, RESPONSE_TOO_BIG } from "../../actors/rpc/mod.ts";
import { StoreError } from "../../actors/store/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, isJsonObject, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { orAborted } from "../../core/abort.ts";
import { utf8 } from "../../core/bytes.ts";
import type { Message } from "./encoded.ts";
import { EncodedJson, messageSize, messageText } from "./encoded.ts";
import { errorText } from "../../core/result.ts";
import { EndpointError } from "../../modules/contract/error.ts";
import {
  ANSWER_BYTES_MAX,
  ANSWER_UNIT_BYTES,
  BATCH_MAX,
  LARGE_REQUESTS,
  REQUEST_CHARACTERS_MAX,
  REQUEST_HEAD_CHARACTERS,
  REQUEST_UNIT_CHARACTERS,
  REQUEST_VALUES_MAX,
} from "./limits.ts";
import { ResponseTooBig } from "./too_big.ts";

/** What a caller sent besides the method. `auth` is secret. */
export type ApiRequest = {
  readonly auth: string | null;
  readonly params: Json;
  /** Whom it came from (`actors/platform/source.ts`); null for who can't be told from others. */
  readonly source?: string | null;
};

/** One method. @throws {EndpointError} for what the caller is told */
export type Method = {
  (request: ApiRequest, signal: AbortSignal): Promise<Json | EncodedJson>;
  /** Units of its caller's budget that a call takes up while it runs; default 1. */
  readonly deposit?: number;
  /** Units that a call with these params costs beside its size; default 1. */
  readonly units?: number | ((params: Json) => number);
  /** Characters of a request that cost a unit; default `REQUEST_UNIT_CHARACTERS`. */
  readonly unitCharacters?: number;
  /** Of a request that may be larger than others, characters. */
  readonly requestCharactersMax?: number;
};
/** Undefined when there is no such method. */
export type Methods = (name: string) => Method | undefined;

type RpcErrorBody = { readonly code: number; readonly message: string; readonly data?: string };
type Id = number | bigint | string | null;

function answer(id: Id, result: Json | EncodedJson): Message {
  if (!(result instanceof EncodedJson)) return stringifyJson({ jsonrpc: "2.0", id, result });
  const head = stringifyJson({ jsonrpc: "2.0", id, result: null });
  return [utf8(head.slice(0, -"null}".length)), result.bytes, utf8("}")];
}

function failure(id: Id, error: RpcErrorBody): Json {
  return { jsonrpc: "2.0", id, error };
}

function exceeds(code: number, message: string, max: number): RpcErrorBody {
  return { code, message, data: `Exceeded max limit of ${max}` };
}

const PARSE_ERROR: RpcErrorBody = { code: -32700, message: "Parse error" };
const INVALID_REQUEST: RpcErrorBody = { code: -32600, message: "Invalid request" };
const UNKNOWN_METHOD: RpcErrorBody = { code: METHOD_NOT_FOUND, message: "Method not found" };
export const TOO_BIG_REQUEST: RpcErrorBody = exceeds(-32007, "Request is too big", REQUEST_CHARACTERS_MAX);
const TOO_BIG_RESPONSE: RpcErrorBody = exceeds(RESPONSE_TOO_BIG, "Response is too big", ANSWER_BYTES_MAX);
const TOO_BIG_BATCH: RpcErrorBody = exceeds(-32010, "The batch request was too large", BATCH_MAX);
const TOO_BIG_BATCH_RESPONSE: RpcErrorBody = exceeds(-32011, "The batch response was too large", ANSWER_BYTES_MAX);
const OVERLOADED: RpcErrorBody = { code: 500, message: "The guardian is overloaded: try again later" };
const TIMED_OUT: RpcErrorBody = { code: REQUEST_TIMEOUT, message: "Request timeout" };
const PANICKED: RpcErrorBody = { code: 500, message: "API handler panicked" };

function invalidParams(data: string): RpcErrorBody {
  return { code: -32602, message: "Invalid params", data };
}

/** Whether a message takes more than `bytesMax` in UTF-8; most are told without being encoded. */
function isLarger(message: Message, bytesMax: number): boolean {
  const size = messageSize(message);
  if (size > bytesMax) return true;
  return typeof message === "string" && size * 3 > bytesMax && utf8(message).length > bytesMax;
}

/** Undefined for what can't be one. */
function idOf(json: Json | undefined): Id | undefined {
  if (json === null || typeof json === "string") return json;
  return (typeof json === "number" || typeof json === "bigint") && json >= 0 ? json : undefined;
}

/** The one element of `params`, or what is wrong with it. */
function requestOf(params: Json | undefined): ApiRequest | RpcErrorBody {
  if (!Array.isArray(params)) return invalidParams("expected an array of one request");
  if (params.length !== 1) return invalidParams(`expected an array of one request, got ${params.length} elements`);
  const request = (params as readonly Json[])[0]!;
  if (!isJsonObject(request)) return { code: 400, message: "invalid type: expected an object with auth and params" };
  if (request.params === undefined) return { code: 400, message: "missing field `params`" };
  const auth = request.auth ?? null;
  if (auth !== null && typeof auth !== "string") {
    return { code: 400, message: "invalid type: expected a string for auth" };
  }
  return { auth, params: request.params };
}

/** The error that a caller is told for what an endpoint threw; null for a bug, which isn't the caller's business. */
function toldError(thrown: unknown): RpcErrorBody | null {
  if (thrown instanceof EndpointError) return { code: thrown.facts.rpcCode, message: thrown.message };
  if (thrown instanceof DecodeError) return { code: 400, message: errorText(thrown) };
  if (thrown instanceof ResponseTooBig) return TOO_BIG_RESPONSE;
  if (thrown instanceof StoreError && thrown.code === "busy") return OVERLOADED;
  return null;
}

/**
 * One call of a message, or what is answered instead; neither for a notification, which is ignored: a call without a
 * valid id.
 */
type Call =
  | { readonly kind: "call"; readonly id: Id; readonly method: string; readonly params: Json | undefined }
  | { readonly kind: "malformed"; readonly response: Json }
  | { readonly kind: "notification" };

/** A message's calls. */
export type Incoming = { readonly calls: readonly Call[]; readonly isBatch: boolean };

/** @param unreadable the error of an object that has not even an id */
function callOf(json: Json, unreadable: RpcErrorBody): Call {
  if (!isJsonObject(json)) return { kind: "malformed", response: failure(null, unreadable) };
  const id = idOf(json.id);
  if (json.jsonrpc === "2.0" && typeof json.method === "string") {
    return id === undefined ? { kind: "notification" } : { kind: "call", id, method: json.method, params: json.params };
  }
  return { kind: "malformed", response: id === undefined ? failure(null, unreadable) : failure(id, INVALID_REQUEST) };
}

function malformed(error: RpcErrorBody, id: Id = null): Incoming {
  return { calls: [{ kind: "malformed", response: failure(id, error) }], isBatch: false };
}

/** A request's members before its params, as far as they tell the method; the id, where it is the last before that. */
const HEAD =
  /^\s*\{(?:\s*"(?:jsonrpc"\s*:\s*"[^"\\]{0,100}"|id"\s*:\s*(?<id>"[^"\\]{0,100}"|[0-9]{1,20}|null))\s*,){0,2}\s*"method"\s*:\s*"(?<method>[a-z0-9_]{1,100})"/;

type Head = { readonly id: Id; readonly method: string };

/** What a message that is too large begins with; undefined when it is no request as clients write it. */
function headOf(text: string): Head | undefined {
  const { id = "null", method } = HEAD.exec(text.slice(0, REQUEST_HEAD_CHARACTERS))?.groups ?? {};
  return method === undefined ? undefined : { id: idIn(id), method };
}

/** Of a text that `HEAD` took. */
function idIn(text: string): Id {
  if (text === "null") return null;
  if (text.startsWith('"')) return text.slice(1, -1);
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/** How large a request of a method may be, characters; undefined when it has no bound of its own. */
function largeRequestMax(method: string, methods: Methods): number | undefined {
  return LARGE_REQUESTS.get(method) ?? methods(method)?.requestCharactersMax;
}

/**
 * Reads a message; never throws: what is wrong with it is part of the answer.
 * @param methods those that may have requests larger than others'
 */
export function parseMessage(text: string, methods: Methods = () => undefined): Incoming {
  if (text.length > REQUEST_CHARACTERS_MAX) {
    const head = headOf(text);
    const most = head && largeRequestMax(head.method, methods);
    // with its id the request fails at once, and its sender needn't wait until it gives up
    if (text.length > (most ?? 0)) return malformed(TOO_BIG_REQUEST, head?.id);
  }
  let json: Json;
  try {
    json = parseJson(text, text.length, REQUEST_VALUES_MAX);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
    return malformed(PARSE_ERROR);
  }
  if (!Array.isArray(json)) return { calls: [callOf(json, PARSE_ERROR)], isBatch: false };
  const batch = json as readonly Json[];
  if (batch.length === 0) return malformed(INVALID_REQUEST);
  if (batch.length > BATCH_MAX) return malformed(TOO_BIG_BATCH);
  return { calls: batch.map((one) => callOf(one, INVALID_REQUEST)), isBatch: true };
}

/** What a whole message needs beside its calls. */
export type CallContext = {
  readonly methods: Methods;
  /** Aborted when the message's time is over or the caller is gone. */
  readonly signal: AbortSignal;
  /** An endpoint threw what no caller may see. */
  readonly onBug: (method: string, thrown: unknown) => void;
  /** Whom the message came from. Default: nobody who could be told from others. */
  readonly source?: string | null;
  /** An endpoint is at work, maybe longer than the signal lets us wait. */
  readonly onWork?: (work: Promise<unknown>) => void;
};

const methodOf = (call: Call, methods: Methods): Method | undefined =>
  call.kind === "call" ? methods(call.method) : undefined;

/** @param units of the call's method */
function unitsOf(units: Method["units"], call: Call): number {
  if (typeof units !== "function") return units ?? 1;
  const request = requestOf(call.kind === "call" ? call.params : undefined);
  return "code" in request ? 1 : units(request.params);
}

/** What a message costs by its length: as much as it would if the dearest of its calls had all of it. */
function sizeUnits({ calls }: Incoming, methods: Methods, characters: number): number {
  const unit = calls.reduce(
    (min, call) => Math.min(min, methodOf(call, methods)?.unitCharacters ?? min),
    REQUEST_UNIT_CHARACTERS,
  );
  return Math.floor(characters / unit);
}

/** Units of a message's calls, beside those of the answer. */
export type Price = {
  /** What they take up of their caller's budget while they run. */
  readonly deposit: number;
  /** What they cost in any case. */
  readonly cost: number;
};

/** @param characters of the message */
export function priceOf(incoming: Incoming, methods: Methods, characters: number): Price {
  const size = sizeUnits(incoming, methods, characters);
  let deposit = size, cost = size;
  for (const call of incoming.calls) {
    const { deposit: held = 1, units } = methodOf(call, methods) ?? {};
    const needed = unitsOf(units, call);
    deposit += Math.max(held, needed);
    cost += needed;
  }
  return { deposit, cost };
}

/** What an answer costs. @param answer null when nothing was answered */
export function answerUnits(answer: Message | null): number {
  return answer === null ? 0 : Math.floor(messageSize(answer) / ANSWER_UNIT_BYTES);
}

/** The answer to a message of which no call is begun. Null when nothing is answered. */
export function overloaded({ calls, isBatch }: Incoming): string | null {
  const responses: Json[] = [];
  for (const call of calls) {
    if (call.kind === "malformed") responses.push(call.response);
    if (call.kind === "call") responses.push(failure(call.id, OVERLOADED));
  }
  if (responses.length === 0) return null;
  return stringifyJson(isBatch ? responses : responses[0]!);
}

async function answerTo(
  call: Call & { kind: "call" },
  { methods, signal, source = null, onBug, onWork }: CallContext,
): Promise<Message> {
  const failed = (error: RpcErrorBody): string => stringifyJson(failure(call.id, error));
  const method = methods(call.method);
  if (!method) return failed(UNKNOWN_METHOD);
  const request = requestOf(call.params);
  if ("code" in request) return failed(request);
  try {
    signal.throwIfAborted();
    const work = method({ ...request, source }, signal);
    onWork?.(work);
    // an endpoint that can't stop by itself is left behind
    const message = answer(call.id, await orAborted(work, signal));
    return isLarger(message, ANSWER_BYTES_MAX) ? failed(TOO_BIG_RESPONSE) : message;
  } catch (thrown) {
    const told = signal.aborted ? TIMED_OUT : toldError(thrown);
    if (told) return failed(told);
    onBug(call.method, thrown);
    return failed(PANICKED);
  }
}

/** Null for what isn't answered. */
async function responseTo(call: Call, context: CallContext): Promise<Message | null> {
  if (call.kind === "notification") return null;
  return call.kind === "malformed" ? stringifyJson(call.response) : await answerTo(call, context);
}

/** One call after the other, so that a batch takes no more at once than a single request does. */
async function batchResponse(calls: readonly Call[], context: CallContext): Promise<string | null> {
  const responses: string[] = [];
  let units = 0;
  for (const call of calls) {
    const response = await responseTo(call, context);
    if (response === null) continue;
    units += messageSize(response) + 1;
    if (units > ANSWER_BYTES_MAX) return stringifyJson(failure(null, TOO_BIG_BATCH_RESPONSE));
    responses.push(messageText(response));
  }
  if (responses.length === 0) return null;
  const text = `[${responses.join(",")}]`;
  return isLarger(text, ANSWER_BYTES_MAX) ? stringifyJson(failure(null, TOO_BIG_BATCH_RESPONSE)) : text;
}

/** @returns what to answer with, or null when nothing is to be answered */
export async function answerMessage({ calls, isBatch }: Incoming, context: CallContext): Promise<Message | null> {
  return isBatch ? await batchResponse(calls, context) : await responseTo(calls[0]!, context);
}
