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
import type { Methods } from "./dispatch.ts";
import { dispatch } from "./dispatch.ts";
import {
  BUFFERED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PARALLEL_REQUESTS_MAX,
  REQUEST_BURST_MAX,
  REQUEST_TIMEOUT_MS,
  REQUESTS_PER_SECOND_MAX,
} from "./limits.ts";

export type ConnectionMessage =
  | Cast<"received", { text: Result<string | null, unknown> }>
  | Cast<"answered", { text: Result<string | null, unknown> }>
  | Cast<"read", null>;

export type ConnectionArgs = {
  readonly socket: MessageSocket;
  readonly methods: Methods;
  readonly onEnd: () => void;
};

type State = ConnectionArgs & {
  /** Requests that may be made now; grows with time. */
  readonly budget: number;
  readonly budgetAtMs: number;
  readonly running: number;
  readonly reading: boolean;
};

type Context = ActorContext<ConnectionMessage>;

function read(state: State, ctx: Context): State {
  if (state.reading || state.running >= PARALLEL_REQUESTS_MAX) return state;
  ctx.run(() => state.socket.receive(), (text) => ({ type: "received", args: { text } }));
  return { ...state, reading: true };
}

function refilled(state: State, nowMs: number): State {
  const earned = (nowMs - state.budgetAtMs) * REQUESTS_PER_SECOND_MAX / 1000;
  return { ...state, budget: Math.min(REQUEST_BURST_MAX, state.budget + earned), budgetAtMs: nowMs };
}

function answer(state: State, ctx: Context, text: string): void {
  ctx.run(async (ended) => {
    const timeout = new AbortController();
    const timer = ctx.platform.clock.setTimer(REQUEST_TIMEOUT_MS, () => timeout.abort());
    try {
      return await dispatch(text, {
        methods: state.methods,
        signal: AbortSignal.any([ended, timeout.signal]),
        onBug: (method, thrown) => ctx.log.error("An endpoint failed", { method, reason: errorText(thrown) }),
      });
    } finally {
      timer.cancel();
    }
  }, (outcome) => ({ type: "answered", args: { text: outcome } }));
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
    return read({ ...args, budget: REQUEST_BURST_MAX, budgetAtMs, running: 0, reading: false }, ctx);
  },
  handle: {
    received: (state, { text }, ctx) => {
      if (!text.ok || text.value === null) return stop(state);
      if (text.value.length > MESSAGE_BYTES_MAX) return stop(state);
      const filled = refilled(state, ctx.platform.clock.monotonicMs());
      answer(filled, ctx, text.value);
      const after = { ...filled, budget: filled.budget - 1, running: filled.running + 1, reading: false };
      if (after.budget >= 0) return next(read(after, ctx));
      // over its rate: nothing is read until the next request has been earned
      ctx.after(1000 / REQUESTS_PER_SECOND_MAX, { type: "read", args: null });
      return next(after);
    },
    answered: (state, { text }, ctx) => {
      if (!text.ok) throw text.error;
      if (text.value !== null) state.socket.send(text.value);
      if (state.socket.bufferedBytes > BUFFERED_BYTES_MAX) {
        ctx.log.info("A client takes no answers and is disconnected");
        return stop(state);
      }
      return next(read({ ...state, running: state.running - 1 }, ctx));
    },
    read: (state, _args, ctx) => next(read(state, ctx)),
  },
  inspect: ({ running }) => ({ running }),
});
