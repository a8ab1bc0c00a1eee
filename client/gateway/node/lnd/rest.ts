/**
 * LND's REST interface: JSON over a pinned connection, the macaroon in a header, streams as lines. What LND says no to
 * is told from what isn't known. docs/protocol/08-lightning-nodes.md §A.
 */
import type { MessageSocket } from "../../../../actors/platform/platform.ts";
import type { PinnedHttp } from "../../../../actors/platform/pinned_http.ts";
import { fromUtf8 } from "../../../../core/bytes.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../../../core/encoding/mod.ts";
import { NodeError } from "../node.ts";
import { ANSWER_BYTES_MAX, CALL_MS, FORWARD_BYTES_MAX, LINE_UNITS_MAX } from "./limits.ts";

/** LND's own no. */
export class LndRefusal extends NodeError {
  /** gRPC's code: 2 for most, 5 not found, 6 is there already. */
  readonly grpcCode: number;
  /** LND's own words. */
  readonly said: string;

  constructor(grpcCode: number, said: string) {
    super("refused", `LND refuses: ${said}`);
    this.grpcCode = grpcCode;
    this.said = said;
  }
}

export type LndRest = {
  get(path: string, options?: CallOptions): Promise<JsonObject>;
  post(path: string, body: JsonObject, options?: CallOptions): Promise<JsonObject>;
  /** Results as they come. Ends when LND ends it. */
  stream(path: string, request: StreamRequest & { readonly signal: AbortSignal }): AsyncIterable<JsonObject>;
  openWebSocket(path: string): Promise<MessageSocket>;
  close(): void;
};

export type StreamRequest = { readonly method?: "GET" | "DELETE"; readonly body?: JsonObject };

type CallOptions = { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number };

/** gRPC's codes for a call whose fate isn't known: cancelled, deadline exceeded, unavailable. */
const UNKNOWN_FATE: readonly number[] = [1, 4, 14];
const GRPC_UNKNOWN = 2, GRPC_NOT_FOUND = 5;
/** While LND starts, or its wallet is locked, it answers every call with one of these. */
const NOT_READY = /process of starting|wallet locked|wallet not created|waiting to start|not yet ready/i;

/** @param macaroon raw bytes as hex. Secret. */
export function lndRest(http: PinnedHttp, macaroon: string): LndRest {
  const headers = { "grpc-metadata-macaroon": macaroon };
  const call = async (
    path: string,
    body: JsonObject | null,
    { signal, timeoutMs = CALL_MS }: CallOptions = {},
  ): Promise<JsonObject> => {
    const answer = await reached(signal, () =>
      http.fetch(path, {
        headers,
        signal,
        timeoutMs,
        bodyBytesMax: ANSWER_BYTES_MAX,
        ...(body !== null && { method: "POST", body: stringifyJson(body) }),
      }));
    return resultOf(answer.status, jsonOf(() => fromUtf8(answer.body)));
  };
  return {
    get: (path, options) => call(path, null, options),
    post: (path, body, options) => call(path, body, options),
    stream: (path, options) => streamOf(http, headers, path, options),
    openWebSocket: (path) =>
      reached(
        undefined,
        () => http.openWebSocket(path, { headers, timeoutMs: CALL_MS, messageBytesMax: FORWARD_BYTES_MAX }),
      ),
    close: () => http.close(),
  };
}

async function* streamOf(
  http: PinnedHttp,
  headers: Record<string, string>,
  path: string,
  { method = "GET", body, signal }: StreamRequest & { readonly signal: AbortSignal },
): AsyncGenerator<JsonObject> {
  const { status, lines } = await reached(signal, () =>
    http.lines(path, {
      headers,
      signal,
      timeoutMs: CALL_MS,
      lineUnitsMax: LINE_UNITS_MAX,
      method,
      ...(body !== undefined && { method: "POST", body: stringifyJson(body) }),
    }));
  const iterator = lines[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await reached(signal, () => iterator.next());
      if (next.done) return;
      if (next.value !== "") yield messageOf(next.value, status);
    }
  } finally {
    await iterator.return?.();
  }
}

/** A line of a stream, or a message of the interceptor: `{"result":…}` or `{"error":…}`. */
export function messageOf(text: string, status = 200): JsonObject {
  const message = resultOf(status, jsonOf(() => text)), { result } = message;
  return isJsonObject(result) ? result : notUnderstood();
}

/** What the network says becomes a `NodeError`: the call's fate isn't known. */
async function reached<T>(signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : "";
    throw new NodeError("unreachable", `LND can't be reached. ${why}`, { cause });
  }
}

function jsonOf(text: () => string): Json {
  try {
    return parseJson(text());
  } catch (cause) {
    throw new NodeError("unreachable", "LND's answer isn't understood: does the address lead to its REST port?", {
      cause,
    });
  }
}

function notUnderstood(): never {
  throw new NodeError("unreachable", "LND's answer isn't understood: does the address lead to its REST port?");
}

/** Errors of calls are the body; those of streams are in `error`. */
function resultOf(status: number, answer: Json): JsonObject {
  if (!isJsonObject(answer)) return notUnderstood();
  const error = isJsonObject(answer.error) ? answer.error : status === 200 ? null : answer;
  if (error === null) return answer;
  const { code, message } = error;
  if (typeof code !== "number" || typeof message !== "string") {
    throw new NodeError("unreachable", `LND, or what stands before it, answers with status ${status}.`);
  }
  if (UNKNOWN_FATE.includes(code) || (code === GRPC_UNKNOWN && NOT_READY.test(message))) {
    throw new NodeError("unreachable", `LND isn't ready: ${message}`);
  }
  // the gateway's before LND, for a path that nobody serves: no word on what was asked for
  if (code === GRPC_NOT_FOUND && message === "Not Found") {
    throw new NodeError("unreachable", "LND doesn't serve this call (yet): is it built with its subservers?");
  }
  throw new LndRefusal(code, message);
}
