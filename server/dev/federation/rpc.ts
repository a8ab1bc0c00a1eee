/** Calls to guardians and to the Bitcoin node from outside the federation. */
import type { Platform } from "../../../actors/platform/platform.ts";
import { NetworkError } from "../../../actors/platform/error.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { parseAnswer, requestText } from "../../../actors/rpc/mod.ts";
import { basicAuthorization } from "../../../core/basic_auth.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";

const ANSWER_BYTES_MAX = 64_000_000;
const TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** One call on a connection of its own. @param auth API password for admin calls. Secret. */
export async function callGuardian(
  platform: Platform,
  url: string,
  method: string,
  params: Json,
  auth: string | null = null,
): Promise<Json> {
  const socket = await platform.network.openWebSocket(url, {
    timeoutMs: TIMEOUT_MS,
    messageBytesMax: ANSWER_BYTES_MAX,
  });
  try {
    socket.send(requestText(0, method, [{ auth, params }]));
    const text = await socket.receive();
    const answer = text === null ? null : parseAnswer(text);
    if (!answer) throw new Error(`${method}: the guardian closed the connection`);
    if ("result" in answer) return answer.result;
    throw new Error(`${method}: ${answer.error.message}`);
  } finally {
    socket.close();
  }
}

/** Repeats a call until it succeeds and its answer is wanted. @throws {Error} after `withinMs` */
export async function pollGuardian(
  platform: Platform,
  call: { readonly url: string; readonly method: string; readonly auth?: string },
  wanted: (answer: Json) => boolean,
  withinMs: number,
  alive: () => boolean,
): Promise<Json> {
  const endMs = platform.clock.monotonicMs() + withinMs;
  for (;;) {
    const answer = await callGuardian(platform, call.url, call.method, null, call.auth ?? null).catch((thrown) => {
      if (thrown instanceof NetworkError || thrown instanceof Error) return undefined;
      throw thrown;
    });
    if (answer !== undefined && wanted(answer)) return answer;
    if (!alive()) throw new Error(`${call.url}: the guardian has stopped`);
    if (platform.clock.monotonicMs() > endMs) {
      throw new Error(`${call.url}: ${call.method} did not come to what was wanted in ${withinMs} ms`);
    }
    await sleep(platform.clock, POLL_MS);
  }
}

export type BitcoinNode = { readonly url: string; readonly username: string; readonly password: string };

/** @throws {Error} with the node's message */
export async function callBitcoin(
  platform: Platform,
  node: BitcoinNode,
  method: string,
  params: readonly Json[] = [],
): Promise<Json> {
  const headers = {
    authorization: basicAuthorization(`${node.username}:${node.password}`),
    "content-type": "application/json",
  };
  const body = stringifyJson({ jsonrpc: "1.0", id: 0, method, params });
  const { status, body: bytes } = await platform.network.fetch(node.url, {
    method: "POST",
    headers,
    body,
    timeoutMs: TIMEOUT_MS,
    bodyBytesMax: ANSWER_BYTES_MAX,
  });
  if (bytes.length === 0) throw new Error(`${method}: HTTP status ${status}`);
  const { result = null, error = null } = parseJson(new TextDecoder().decode(bytes)) as JsonObject;
  if (error !== null) throw new Error(`${method}: ${String((error as JsonObject).message)}`);
  return result;
}
