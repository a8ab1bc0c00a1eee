/**
 * One client's WebSocket: reads requests, answers each when it is done, several at a time. It ends with the socket, and
 * with it every request that still waits.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import type { Handover } from "../../actors/handover.ts";
import type { Logger } from "../../actors/logger.ts";
import type { MessageSocket } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { Result } from "../../core/result.ts";
import { answerInTime } from "./answer_in_time.ts";
import type { Begun, Caller } from "./callers.ts";
import type { Incoming, Methods } from "./dispatch.ts";
import { answerUnits, overloaded, parseMessage, priceOf } from "./dispatch.ts";
import type { Message } from "./encoded.ts";
import { messageSize } from "./encoded.ts";
import {
  BUFFERED_BYTES_MAX,
  MUCH_BYTES,
  PARALLEL_CALLS_MAX,
  PAUSE_MS_MAX,
  UNTAKEN_BYTES_MAX,
  UNTAKEN_POLL_MS,
} from "./limits.ts";

export type ConnectionMessage =
  | Cast<"received", { text: Result<string | null, unknown> }>
  | Cast<"answered", { answer: Result<Message | null, unknown>; begun: Begun }>
  | Cast<"read", null>;

/** Somebody who has connected. */
export type Client = { readonly socket: MessageSocket; readonly caller: Caller };

/** Ends a connection: its socket, and its place among the connections. */
export function hangUp({ socket, caller }: Client): void {
  socket.close();
  caller.leave();
}

export type ConnectionArgs = {
  /** Has the client, as `id`. */
  readonly handover: Handover<Client>;
  readonly id: number;
  readonly methods: Methods;
  /** For what clients bring about: limited over all connections. */
  readonly log: Logger;
};

type State = Client & Pick<ConnectionArgs, "methods" | "log"> & {
  readonly reading: boolean;
  /** A `read` is due. */
  readonly paused: boolean;
};

type Context = ActorContext<ConnectionMessage>;

/**
 * Reads the next message when it is its turn and the client's budget and slowness allow it; an answer goes on when too
 * many calls run.
 */
function read(state: State, ctx: Context): State {
  if (state.reading || state.paused || state.caller.running >= PARALLEL_CALLS_MAX) return state;
  const untaken = state.socket.bufferedBytes > UNTAKEN_BYTES_MAX;
  const delayMs = state.caller.waitMs() || (untaken ? UNTAKEN_POLL_MS : 0);
  if (delayMs > 0) {
    ctx.after(Math.min(delayMs, PAUSE_MS_MAX), { type: "read", args: null });
    return { ...state, paused: true };
  }
  ctx.run(async () => {
    // who says nothing takes no turn
    await state.socket.arrival();
    if (state.socket.isOver) return null;
    await state.caller.turn();
    return await state.socket.receive();
  }, (text) => ({ type: "received", args: { text } }));
  return { ...state, reading: true };
}

function answer(state: State, ctx: Context, incoming: Incoming, characters: number): void {
  const begun = state.caller.begin(incoming.calls.length, priceOf(incoming, state.methods, characters));
  if (!begun) {
    const refusal = overloaded(incoming);
    if (refusal !== null) state.socket.send(refusal);
    return;
  }
  const { clock } = ctx.platform;
  ctx.run(
    (ended) =>
      answerInTime(
        incoming,
        { ...state, source: state.caller.source, clock, onWork: (work) => begun.works(work) },
        ended,
      ),
    (answer) => ({ type: "answered", args: { answer, begun } }),
  );
}

export const apiConnection = defineActor<ConnectionMessage, ConnectionArgs, State>({
  name: "connection",
  init: (ctx, { handover, id, methods, log }) => {
    const client = handover.take(id);
    if (client === undefined) throw new Error("The client was hung up on: its listener has ended");
    // whatever ends this actor, the client's connection ends with it
    ctx.signal.addEventListener("abort", () => hangUp(client), { once: true });
    const { socket, caller } = client;
    caller.connected({ untakenBytes: () => socket.bufferedBytes, close: () => socket.close() });
    return read({ socket, caller, methods, log, reading: false, paused: false }, ctx);
  },
  handle: {
    received: (state, { text }, ctx) => {
      // what somebody asked who has gone is not even read
      if (!text.ok || text.value === null || state.socket.isOver) return stop(state);
      answer(state, ctx, parseMessage(text.value, state.methods), text.value.length);
      return next(read({ ...state, reading: false }, ctx));
    },
    answered: (state, { answer, begun }, ctx) => {
      begun.end(answerUnits(answer.ok ? answer.value : null));
      if (!answer.ok) throw answer.error;
      if (answer.value !== null) {
        state.socket.send(answer.value);
        if (messageSize(answer.value) > MUCH_BYTES) state.caller.sentMuch();
      }
      if (state.socket.bufferedBytes > BUFFERED_BYTES_MAX) {
        state.log.info("A client takes no answers and is disconnected");
        return stop(state);
      }
      return next(read(state, ctx));
    },
    read: (state, _args, ctx) => state.socket.isOver ? stop(state) : next(read({ ...state, paused: false }, ctx)),
  },
  inspect: ({ caller, paused }) => ({ running: caller.running, paused }),
});
