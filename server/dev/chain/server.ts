/** The dev chain on a socket: HTTP around `rpc/json_rpc.ts`, each call asked of the chain's actor. */
import { defineActor, next } from "../../../actors/actor.ts";
import type { Sender } from "../../../actors/actor.ts";
import { ActorError } from "../../../actors/error.ts";
import type { Address, Listener } from "../../../actors/platform/platform.ts";
import type { ActorRef, Cast } from "../../../actors/protocol.ts";
import { concatAll, fromUtf8, utf8 } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import type { CallOutcome, DevchainMessage } from "./actor.ts";
import type { Call, CallError } from "./rpc/json_rpc.ts";
import { answerText, isAuthorized, readBody, statusOf } from "./rpc/json_rpc.ts";
import { CALL_DEADLINE_MS, REQUEST_BYTES_MAX } from "./limits.ts";

export type DevchainServerSettings = {
  readonly address: Address;
  /** Who may call: any of these. Secret. */
  readonly credentials: readonly { readonly username: string; readonly password: string }[];
  readonly chain: ActorRef<DevchainMessage>;
  /** Called when a caller asked the process to end, after it was answered. */
  readonly stopAsked: () => void;
};

/** Nobody sends it messages: it lives for its listener. */
export type DevchainServerMessage = Cast<"ping", null>;

type State = { readonly listener: Listener };

export const devchainServer = defineActor<DevchainServerMessage, DevchainServerSettings, State>({
  name: "rpc",
  init: async (ctx, settings): Promise<State> => {
    const listener = await ctx.platform.network.serveHttp(
      settings.address,
      (request) => handle(ctx, settings, request),
    );
    const { hostname, port } = listener.address;
    ctx.log.info("Dev chain answers JSON-RPC", { hostname, port });
    return { listener };
  },
  handle: { ping: (state) => next(state) },
  terminate: ({ listener }) => listener.close(),
});

/** Answers one HTTP request. */
export async function handle(sender: Sender, settings: DevchainServerSettings, request: Request): Promise<Response> {
  if (request.method !== "POST") return plain(405, "JSONRPC server handles only POST requests");
  const header = request.headers.get("authorization");
  // all are compared, so that the time tells nothing
  const matches = settings.credentials.map(({ username, password }) => isAuthorized(header, `${username}:${password}`));
  if (!matches.includes(true)) {
    return respond(401, "", { "www-authenticate": `Basic realm="jsonrpc"` });
  }
  const text = await bodyText(request);
  if (text === null) return plain(413, "Request is too large, or not UTF-8");
  try {
    return await answer(sender, settings, text);
  } catch (thrown) {
    if (thrown instanceof ActorError) return plain(503, "The chain is busy or restarting. Try again.");
    throw thrown;
  }
}

async function answer(sender: Sender, settings: DevchainServerSettings, text: string): Promise<Response> {
  const body = readBody(text);
  if (body.form === "single") {
    const { call } = body;
    const outcome = await outcomeOf(sender, settings, call);
    const { version } = call.ok ? call.value : call.error;
    return json(statusOf(version, outcome), answerText(call.ok ? call.value : call.error, outcome));
  }
  const answers: string[] = [];
  for (const call of body.calls) {
    answers.push(answerText(call.ok ? call.value : call.error, await outcomeOf(sender, settings, call)));
  }
  return json(200, `[${answers.join(",")}]`);
}

async function outcomeOf(
  sender: Sender,
  settings: DevchainServerSettings,
  call: Result<Call, CallError>,
): Promise<CallOutcome> {
  if (!call.ok) return call;
  const { method, paramsJson } = call.value;
  const outcome = await sender.ask(settings.chain, "call", { method, paramsJson }, { deadlineMs: CALL_DEADLINE_MS });
  if (method === "stop" && outcome.ok) settings.stopAsked();
  return outcome;
}

/** Null when it is too large or not text. */
async function bodyText(request: Request): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.length;
    if (bytes > REQUEST_BYTES_MAX) return null;
    parts.push(part);
  }
  try {
    return fromUtf8(concatAll(parts));
  } catch (thrown) {
    if (thrown instanceof TypeError) return null;
    throw thrown;
  }
}

function json(status: number, text: string): Response {
  return respond(status, `${text}\n`, { "content-type": "application/json" });
}

function plain(status: number, text: string): Response {
  return respond(status, `${text}\n`, { "content-type": "text/plain" });
}

/** With its length: clients of bitcoind, fedimintd among them, don't read bodies that come in chunks. */
function respond(status: number, text: string, headers: Record<string, string>): Response {
  const body = utf8(text);
  return new Response(body, { status, headers: { ...headers, "content-length": String(body.length) } });
}
