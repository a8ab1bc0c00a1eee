/**
 * One client's WebSocket: reads requests, answers each when it is done, several at a time. It ends with the socket, and with it every
 * request that still waits.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import type { MessageSocket } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { Incoming, Methods } from "./dispatch.ts";
import { answerMessage, parseMessage } from "./dispatch.ts";
import type { Message } from "./encoded.ts";
import {
  BUFFERED_BYTES_MAX,
  CALL_BURST_MAX,
  CALLS_PER_SECOND_MAX,
  PARALLEL_CALLS_MAX,
  REQUEST_TIMEOUT_MS,
  UNTAKEN_BYTES_MAX,
  UNTAKEN_POLL_MS,
} from "./limits.ts";

export type ConnectionMessage =
  | Cast<"received", { text: Result<string | null, unknown> }>
  | Cast<"answered", { text: Result<Message | null, unknown>; calls: number }>
  | Cast<"read", null>;

export type ConnectionArgs = {
  readonly socket: MessageSocket;
  readonly methods: Methods;
  readonly onEnd: () => void;
};

type State = ConnectionArgs & {
  /** Calls that may be made now; grows with time, below 0 after a large batch. */
  readonly budget: number;
  readonly budgetAtMs: number;
  /** Calls under way. */
  readonly running: number;
  readonly reading: boolean;
  /** A `read` is due. */
  readonly paused: boolean;
};

type Context = ActorContext<ConnectionMessage>;

/** How long nothing may be read; 0 = now. */
function pauseMs({ budget, socket }: State): number {
  if (budget < 1) return (1 - budget) * 1000 / CALLS_PER_SECOND_MAX;
  return socket.bufferedBytes > UNTAKEN_BYTES_MAX ? UNTAKEN_POLL_MS : 0;
}

function refilled(state: State, nowMs: number): State {
  const earned = (nowMs - state.budgetAtMs) * CALLS_PER_SECOND_MAX / 1000;
  return { ...state, budget: Math.min(CALL_BURST_MAX, state.budget + earned), budgetAtMs: nowMs };
}

/** Reads the next message, now or when the client's rate and its slowness allow it; an answer goes on when too many calls run. */
function read(before: State, ctx: Context): State {
  if (before.reading || before.paused || before.running >= PARALLEL_CALLS_MAX) return before;
  const state = refilled(before, ctx.platform.clock.monotonicMs());
  const delayMs = pauseMs(state);
  if (delayMs > 0) {
    ctx.after(delayMs, { type: "read", args: null });
    return { ...state, paused: true };
  }
  ctx.run(() => state.socket.receive(), (text) => ({ type: "received", args: { text } }));
  return { ...state, reading: true };
}

function answer(state: State, ctx: Context, incoming: Incoming): void {
  const calls = incoming.calls.length;
  ctx.run(async (ended) => {
    const timeout = new AbortController();
    const timer = ctx.platform.clock.setTimer(REQUEST_TIMEOUT_MS, () => timeout.abort());
    try {
      return await answerMessage(incoming, {
        methods: state.methods,
        signal: AbortSignal.any([ended, timeout.signal]),
        onBug: (method, thrown) => ctx.log.error("An endpoint failed", { method, reason: errorText(thrown) }),
      });
    } finally {
      timer.cancel();
    }
  }, (text) => ({ type: "answered", args: { text, calls } }));
}

export const apiConnection = defineActor<ConnectionMessage, ConnectionArgs, State>({
  name: "connection",
  init: (ctx, args) => {
    // whatever ends this actor, the socket and its place among the connections end with it
    ctx.signal.addEventListener("abort", () => {
      args.socket.close();
      args.onEnd();
    }, { once: true });
    const budgetAtMs = ctx.platform.clock.monotonicMs();
    return read({ ...args, budget: CALL_BURST_MAX, budgetAtMs, running: 0, reading: false, paused: false }, ctx);
  },
  handle: {
    received: (state, { text }, ctx) => {
      if (!text.ok || text.value === null) return stop(state);
      const incoming = parseMessage(text.value);
      answer(state, ctx, incoming);
      const calls = incoming.calls.length;
      const after = { ...state, budget: state.budget - calls, running: state.running + calls, reading: false };
      return next(read(after, ctx));
    },
    answered: (state, { text, calls }, ctx) => {
      if (!text.ok) throw text.error;
      if (text.value !== null) state.socket.send(text.value);
      if (state.socket.bufferedBytes > BUFFERED_BYTES_MAX) {
        ctx.log.info("A client takes no answers and is disconnected");
        return stop(state);
      }
      return next(read({ ...state, running: state.running - calls }, ctx));
    },
    read: (state, _args, ctx) => next(read({ ...state, paused: false }, ctx)),
  },
  inspect: ({ running, paused }) => ({ running, paused }),
});
