/**
 * One JSON-RPC connection over WebSocket as an actor: opened with the first call, shared by all callers, opened again
 * with back-off when it was lost. Beside a connection that has gone dead (`liveness.ts`) a second one is opened, and
 * the calls under way are asked again there; the old one is listened to as long as they wait.
 * docs/protocol/02-api.md §1.
 */
import type { ActorContext } from "../actor.ts";
import { defineActor, next, reply } from "../actor.ts";
import { NetworkError } from "../platform/error.ts";
import type { MessageSocket } from "../platform/platform.ts";
import type { ReplyTo } from "../protocol.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, errorText, ok } from "../../core/result.ts";
import { backOffMs } from "./back_off.ts";
import type { Signs } from "./liveness.ts";
import { askedAt, dueMs, heardAt, PROBE_METHOD } from "./liveness.ts";
import type { RpcArgs, RpcCall, RpcMessage } from "./messages.ts";
import type { RpcAnswer, RpcError, UnreadAnswer } from "./protocol.ts";
import { parseAnswer, requestText, unreadAnswer } from "./protocol.ts";
import { StatusBoard } from "./status.ts";

/** `max_request_body_size` and `max_response_body_size` of the reference. */
export const MESSAGE_BYTES_MAX = 10_485_760;
/** Calls under way on one connection; the reference allows 65,535. */
const CALLS_MAX = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const FIRST_BACK_OFF = { minMs: 5, maxMs: 30_000 };
const LOST_BACK_OFF = { minMs: 500, maxMs: 30_000 };

/** Who waits for an answer, and in which form. */
type Asker =
  | { readonly form: "value"; readonly from: ReplyTo<Result<Json, RpcError>> }
  | { readonly form: "unread"; readonly from: ReplyTo<Result<UnreadAnswer | { readonly value: Json }, RpcError>> };

type Call = {
  readonly text: string;
  readonly asker: Asker;
  readonly timer: number;
  readonly once: boolean;
  /** Connections that it was sent on and that are open. */
  readonly lines: Set<Line>;
  /** The other side cut a connection under it. */
  wasCut: boolean;
};

/** An open connection. */
type Line = {
  readonly number: number;
  readonly socket: MessageSocket;
  signs: Signs;
  /** Calls under way that were sent on it. */
  calls: number;
  /** For the next look at its signs, while calls wait. */
  look: { readonly timer: number; readonly atMs: number } | null;
};

type State = {
  readonly args: RpcArgs;
  /** Handed over by the task that opened it: a socket is no message. */
  readonly opened: { socket: MessageSocket | null };
  /** The one that calls are sent on. */
  line: Line | null;
  /** Open ones, also those that were given up and whose calls still wait; by number. */
  readonly open: Map<number, Line>;
  /** Lines so far. */
  lines: number;
  /** A connection is being opened, or will be. */
  connecting: boolean;
  /** The timer of the one that will be. */
  planned: number | null;
  readonly board: StatusBoard;
  /** Connections in a row that could not be opened. */
  attempts: number;
  /** Connections in a row on which nothing was ever heard. */
  silences: number;
  nextId: number;
  readonly calls: Map<number, Call>;
};

type Context = ActorContext<RpcMessage>;

function connectionError(thrown: unknown): RpcError {
  const status = thrown instanceof NetworkError && thrown.facts.code === "refused" ? thrown.facts.status : null;
  if (status === 401 || status === 403) return { kind: "unauthorized", message: errorText(thrown) };
  return { kind: "connection", message: errorText(thrown) };
}

/** Whoever follows the status is told when it has changed, or by an error. */
function noteStatus({ board, line, connecting }: State, ctx: Context, error?: RpcError): void {
  const now = line ? "connected" : connecting ? "connecting" : "idle";
  for (const watcher of board.set(now, ctx.platform.clock.nowMs(), error)) ctx.reply(watcher, board.status);
}

function connect(state: State, ctx: Context): void {
  state.connecting = true;
  state.planned = null;
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
  }, (outcome) => ({
    type: "opened",
    args: { outcome: outcome.ok ? outcome : err(connectionError(outcome.error)) },
  }));
}

/** Opens a connection after a pause: none for the very first. */
function connectLater(state: State, ctx: Context): void {
  if (state.connecting) return;
  state.connecting = true;
  const policy = state.lines > 0 ? LOST_BACK_OFF : FIRST_BACK_OFF;
  const first = state.attempts === 0 && state.lines === 0;
  const delayMs = first ? 0 : backOffMs(policy, Math.max(0, state.attempts - 1), ctx.platform.dice);
  state.planned = ctx.after(delayMs, { type: "connect", args: null });
}

function listen({ number, socket }: Line, ctx: Context): void {
  ctx.run(
    () => socket.receive(),
    (outcome) => ({ type: "received", args: { line: number, text: outcome.ok ? outcome.value : null } }),
  );
}

function settle(state: State, ctx: Context, id: number, result: Result<Json, RpcError>): void {
  const call = state.calls.get(id);
  if (!call) return;
  const { asker: { form, from } } = call;
  if (form === "value") ctx.reply(from, result);
  else ctx.reply(from, result.ok ? ok({ value: result.value }) : result);
  forget(state, ctx, id, call);
}

/** Only the head of a message is looked at. @returns whether it is for somebody who reads it */
function settledUnread(state: State, ctx: Context, text: string): boolean {
  const answer = unreadAnswer(text), call = answer && state.calls.get(answer.id);
  if (!call || call.asker.form !== "unread") return false;
  ctx.reply(call.asker.from, ok(answer));
  forget(state, ctx, answer.id, call);
  return true;
}

/** It has been answered. */
function forget(state: State, ctx: Context, id: number, call: Call): void {
  state.calls.delete(id);
  ctx.cancel(call.timer);
  for (const line of call.lines) {
    line.calls--;
    if (line !== state.line && line.calls === 0) drop(state, ctx, line);
  }
}

function failAll(state: State, ctx: Context, error: RpcError): void {
  for (const id of [...state.calls.keys()]) settle(state, ctx, id, err(error));
}

function drop(state: State, ctx: Context, line: Line): void {
  state.open.delete(line.number);
  if (state.line === line) state.line = null;
  if (line.look) ctx.cancel(line.look.timer);
  line.look = null;
  line.socket.close();
}

function send(state: State, ctx: Context, call: Call): void {
  const { line } = state;
  if (!line) return;
  call.lines.add(line);
  line.calls++;
  line.socket.send(call.text);
  line.signs = askedAt(line.signs, ctx.platform.clock.monotonicMs());
  lookWhenDue(state, ctx, line);
}

function ask(
  state: State,
  ctx: Context,
  { method, params, timeoutMs, once = false }: RpcCall,
  asker: Asker,
): RpcError | null {
  if (state.calls.size >= CALLS_MAX) return { kind: "transport", message: "Too many calls are under way" };
  const id = state.nextId++;
  const text = requestText(id, method, params);
  if (text.length > MESSAGE_BYTES_MAX) return { kind: "transport", message: "Request is larger than 10 MiB" };
  const timer = ctx.after(timeoutMs, { type: "timedOut", args: { id } });
  const call: Call = { text, asker, timer, once, lines: new Set(), wasCut: false };
  state.calls.set(id, call);
  if (state.line) send(state, ctx, call);
  else connectLater(state, ctx);
  noteStatus(state, ctx);
  return null;
}

/** Any sign from now on is one of life; without one another connection may take its place. */
function probe(state: State, ctx: Context, line: Line): void {
  line.socket.send(requestText(state.nextId++, PROBE_METHOD, [{ auth: null, params: null }]));
  line.signs = { ...line.signs, probedMs: ctx.platform.clock.monotonicMs() };
}

/** A look is planned once; a later one than is due makes place for it. */
function lookWhenDue(state: State, ctx: Context, line: Line): void {
  const atMs = dueMs(line.signs, state.silences);
  if (line.look && line.look.atMs <= atMs) return;
  if (line.look) ctx.cancel(line.look.timer);
  const delayMs = Math.max(0, atMs - ctx.platform.clock.monotonicMs());
  line.look = { atMs, timer: ctx.after(delayMs, { type: "look", args: { line: line.number } }) };
}

/**
 * The other side has ended a connection: its calls are asked again on the next one, except those that may be asked once
 * only, and those under which it happens for the second time: they may be the reason.
 */
function cut(state: State, ctx: Context, line: Line): void {
  drop(state, ctx, line);
  const lost: RpcError = { kind: "transport", message: "Connection was lost" };
  for (const [id, call] of [...state.calls]) {
    if (!call.lines.delete(line) || call.lines.size > 0) continue;
    if (call.once || call.wasCut) settle(state, ctx, id, err(lost));
    else call.wasCut = true;
  }
  if (state.line === null && state.calls.size > 0) connectLater(state, ctx);
  noteStatus(state, ctx, lost);
}

/** A new connection takes all calls that may be asked again; the one before is kept for whatever waits there. */
function adopt(state: State, ctx: Context, socket: MessageSocket): void {
  const before = state.line;
  const line: Line = {
    number: state.lines++,
    socket,
    signs: heardAt(ctx.platform.clock.monotonicMs()),
    calls: 0,
    look: null,
  };
  state.line = line;
  state.open.set(line.number, line);
  state.attempts = 0;
  if (before?.calls === 0) drop(state, ctx, before);
  listen(line, ctx);
  for (const call of state.calls.values()) {
    if (!call.once || call.lines.size === 0) send(state, ctx, call);
  }
}

/** It has answered the question, or wasn't asked. */
function isAlive({ signs }: Line): boolean {
  return signs.probedMs === null;
}

export const rpcConnection = defineActor<RpcMessage, RpcArgs, State>({
  name: "rpc",
  init: (ctx, args) => ({
    args,
    opened: { socket: null },
    line: null,
    open: new Map(),
    lines: 0,
    connecting: false,
    planned: null,
    board: new StatusBoard(ctx.platform.clock.nowMs()),
    attempts: 0,
    silences: 0,
    nextId: 0,
    calls: new Map(),
  }),
  handle: {
    call: (state, args, ctx, from) => {
      const error = ask(state, ctx, args, { form: "value", from });
      return error ? reply(state, err(error)) : next(state);
    },
    callUnread: (state, args, ctx, from) => {
      const error = ask(state, ctx, args, { form: "unread", from });
      return error ? reply(state, err(error)) : next(state);
    },
    connect: (state, _args, ctx) => {
      connect(state, ctx);
      return next(state);
    },
    status: (state) => reply(state, state.board.status),
    statusAfter: (state, { version }, ctx, from) => {
      for (const watcher of state.board.watch(version, from)) ctx.reply(watcher, state.board.status);
      return next(state);
    },
    reconnect: (state, _args, ctx) => {
      state.attempts = 0;
      if (state.line) probe(state, ctx, state.line);
      if (state.planned !== null) ctx.cancel(state.planned);
      if (state.planned !== null || !state.connecting) connect(state, ctx);
      noteStatus(state, ctx);
      return reply(state, null);
    },
    opened: (state, { outcome }, ctx) => {
      state.connecting = false;
      const { socket } = state.opened;
      state.opened.socket = null;
      if (outcome.ok && socket) {
        if (state.line && isAlive(state.line)) socket.close();
        else adopt(state, ctx, socket);
        noteStatus(state, ctx);
        return next(state);
      }
      if (state.line && isAlive(state.line)) return next(state);
      if (state.line) drop(state, ctx, state.line);
      state.attempts++;
      const closed: RpcError = { kind: "connection", message: "Connection was closed at once" };
      const error = outcome.ok ? closed : outcome.error;
      failAll(state, ctx, error);
      noteStatus(state, ctx, error);
      return next(state);
    },
    received: (state, { line: number, text }, ctx) => {
      const line = state.open.get(number);
      if (!line) return next(state);
      if (text === null) {
        cut(state, ctx, line);
        return next(state);
      }
      state.silences = 0;
      line.signs = heardAt(ctx.platform.clock.monotonicMs());
      if (!settledUnread(state, ctx, text)) {
        const answer: RpcAnswer | null = parseAnswer(text);
        if (answer) settle(state, ctx, answer.id, "result" in answer ? ok(answer.result) : err(answer.error));
        else ctx.log.debug("A message that answers nothing was ignored", { characters: text.length });
      }
      if (state.open.has(number)) listen(line, ctx);
      return next(state);
    },
    look: (state, { line: number }, ctx) => {
      const { line } = state;
      if (line?.number !== number) return next(state);
      line.look = null;
      if (line.calls === 0) return next(state);
      const nowMs = ctx.platform.clock.monotonicMs();
      if (nowMs < dueMs(line.signs, state.silences)) {
        lookWhenDue(state, ctx, line);
      } else if (line.signs.probedMs === null) {
        probe(state, ctx, line);
        lookWhenDue(state, ctx, line);
      } else if (!state.connecting) {
        state.silences++;
        ctx.log.debug("A connection is silent: another is opened");
        connect(state, ctx);
      }
      return next(state);
    },
    timedOut: (state, { id }, ctx) => {
      settle(state, ctx, id, err({ kind: "timeout", message: "No answer in time" }));
      return next(state);
    },
  },
  terminate: (state) => state.open.forEach(({ socket }) => socket.close()),
  mailbox: { max: 20_000, full: "refuse" },
  inspect: (state) => ({
    url: new URL(state.args.url).host,
    connected: state.line !== null,
    calls: state.calls.size,
  }),
});
