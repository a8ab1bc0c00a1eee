/**
 * One JSON-RPC connection over WebSocket as an actor: opened with the first call, shared by all callers, opened again with back-off
 * when it was lost. Calls that were under way then fail; whoever wants repeats them. Sheet "API" 1.
 */
import type { ActorContext } from "../actor.ts";
import { defineActor, next, reply } from "../actor.ts";
import type { MessageSocket } from "../platform/platform.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../protocol.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { backOffMs } from "./back_off.ts";
import type { RpcAnswer, RpcError } from "./protocol.ts";
import { parseAnswer, requestText } from "./protocol.ts";

/** `max_request_body_size` and `max_response_body_size` of the reference. */
export const MESSAGE_BYTES_MAX = 10_485_760;
/** Calls under way on one connection; the reference allows 65,535. */
const CALLS_MAX = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_BACK_OFF = { minMs: 5, maxMs: 30_000 };
const LOST_BACK_OFF = { minMs: 500, maxMs: 30_000 };

export type RpcMessage =
  /** Waits for the connection if there is none; `timeoutMs` covers both. */
  | Request<"call", { method: string; params: readonly Json[]; timeoutMs: number }, Result<Json, RpcError>>
  | Request<"connected", null, boolean>
  | Cast<"opened", { outcome: Result<null, string> }>
  | Cast<"received", { text: string | null }>
  | Cast<"connect", null>
  | Cast<"timedOut", { id: number }>;

export type RpcRef = ActorRef<RpcMessage>;

export type RpcArgs = {
  readonly url: string;
  /** Sent with the upgrade, e.g. `Authorization`. Secret. */
  readonly headers?: Record<string, string>;
};

type Call = {
  readonly text: string;
  readonly from: ReplyTo<Result<Json, RpcError>>;
  readonly timer: number;
  sent: boolean;
};

type State = {
  readonly args: RpcArgs;
  /** Handed over by the task that opened it: a socket is no message. */
  readonly opened: { socket: MessageSocket | null };
  socket: MessageSocket | null;
  connecting: boolean;
  attempts: number;
  everConnected: boolean;
  nextId: number;
  readonly calls: Map<number, Call>;
};

type Context = ActorContext<RpcMessage>;

function connect(state: State, ctx: Context): void {
  state.connecting = true;
  ctx.run(async (signal) => {
    const options = {
      timeoutMs: CONNECT_TIMEOUT_MS,
      messageBytesMax: MESSAGE_BYTES_MAX,
      ...(state.args.headers && { headers: state.args.headers }),
    };
    const socket = await ctx.platform.network.openWebSocket(state.args.url, options);
    if (signal.aborted) socket.close();
    else {
      signal.addEventListener("abort", () => socket.close(), { once: true });
      state.opened.socket = socket;
    }
    return null;
  }, (outcome) => ({ type: "opened", args: { outcome: outcome.ok ? outcome : err(errorText(outcome.error)) } }));
}

function listen(socket: MessageSocket, ctx: Context): void {
  ctx.run(
    () => socket.receive(),
    (outcome) => ({ type: "received", args: { text: outcome.ok ? outcome.value : null } }),
  );
}

function settle(state: State, ctx: Context, id: number, result: Result<Json, RpcError>): void {
  const call = state.calls.get(id);
  if (!call) return;
  state.calls.delete(id);
  ctx.cancel(call.timer);
  ctx.reply(call.from, result);
}

function failAll(state: State, ctx: Context, error: RpcError): void {
  for (const id of [...state.calls.keys()]) settle(state, ctx, id, err(error));
}

function send(state: State, id: number): void {
  const call = state.calls.get(id);
  if (!call || call.sent || !state.socket) return;
  call.sent = true;
  state.socket.send(call.text);
}

export const rpcConnection = defineActor<RpcMessage, RpcArgs, State>({
  name: "rpc",
  init: (_ctx, args) => ({
    args,
    opened: { socket: null },
    socket: null,
    connecting: false,
    attempts: 0,
    everConnected: false,
    nextId: 0,
    calls: new Map(),
  }),
  handle: {
    call: (state, { method, params, timeoutMs }, ctx, from) => {
      if (state.calls.size >= CALLS_MAX) {
        return reply(state, err({ kind: "transport", message: "Too many calls are under way" }));
      }
      const id = state.nextId++;
      const text = requestText(id, method, params);
      if (text.length > MESSAGE_BYTES_MAX) {
        return reply(state, err({ kind: "transport", message: "Request is larger than 10 MiB" }));
      }
      const timer = ctx.after(timeoutMs, { type: "timedOut", args: { id } });
      state.calls.set(id, { text, from, timer, sent: false });
      if (state.socket) send(state, id);
      else if (!state.connecting) {
        state.connecting = true;
        const policy = state.everConnected ? LOST_BACK_OFF : FIRST_BACK_OFF;
        const first = state.attempts === 0 && !state.everConnected;
        const delayMs = first ? 0 : backOffMs(policy, Math.max(0, state.attempts - 1), ctx.platform.dice);
        ctx.after(delayMs, { type: "connect", args: null });
      }
      return next(state);
    },
    connect: (state, _args, ctx) => {
      connect(state, ctx);
      return next(state);
    },
    connected: (state) => reply(state, state.socket !== null),
    opened: (state, { outcome }, ctx) => {
      state.connecting = false;
      if (!outcome.ok || !state.opened.socket) {
        state.attempts++;
        failAll(state, ctx, {
          kind: "connection",
          message: outcome.ok ? "Connection was closed at once" : outcome.error,
        });
        return next(state);
      }
      state.socket = state.opened.socket;
      state.opened.socket = null;
      state.attempts = 0;
      state.everConnected = true;
      listen(state.socket, ctx);
      for (const id of state.calls.keys()) send(state, id);
      return next(state);
    },
    received: (state, { text }, ctx) => {
      if (!state.socket) return next(state);
      if (text === null) {
        state.socket = null;
        failAll(state, ctx, { kind: "transport", message: "Connection was lost" });
        return next(state);
      }
      // what nobody waits for isn't read
      const answer: RpcAnswer | null = state.calls.size === 0 ? null : parseAnswer(text);
      if (answer) settle(state, ctx, answer.id, "result" in answer ? ok(answer.result) : err(answer.error));
      else ctx.log.debug("A message that answers nothing was ignored", { characters: text.length });
      listen(state.socket, ctx);
      return next(state);
    },
    timedOut: (state, { id }, ctx) => {
      settle(state, ctx, id, err({ kind: "timeout", message: "No answer in time" }));
      return next(state);
    },
  },
  terminate: (state) => state.socket?.close(),
  mailbox: { max: 20_000, full: "refuse" },
  inspect: (state) => ({
    url: new URL(state.args.url).host,
    connected: state.socket !== null,
    calls: state.calls.size,
  }),
});
