/**
 * Actors: an owner of state that handles one message at a time.
 *
 * ```ts
 * import { type Cast, defineActor, next, reply, type Request } from "./mod.ts";
 *
 * type CounterMessage = Request<"add", { by: number }, number> | Cast<"reset", null>;
 *
 * export const counter = defineActor<CounterMessage, { start: number }, { value: number }>({
 *   name: "counter",
 *   init: (_ctx, { start }) => ({ value: start }), // runs again after a crash: load from the store what must survive
 *   handle: {
 *     add: (state, { by }) => reply({ value: state.value + by }, state.value + by),
 *     reset: () => next({ value: 0 }),
 *   },
 *   mailbox: { max: 1_000, full: "refuse" },
 * });
 * ```
 *
 * A handler that throws is a crash: the state is gone, waiting askers fail with `down`, the supervisor decides.
 * Expected failures are values in the reply.
 */
import type { Result } from "../core/result.ts";
import type { Logger } from "./logger.ts";
import type { Platform } from "./platform/platform.ts";
import type { ActorRef, ArgsOf, CastMessage, CastType, Protocol, ReplyOf, ReplyTo, RequestType } from "./protocol.ts";
import type { ChildSpec } from "./supervisor.ts";

/** What a handler returns. */
export type Step<State, Reply> =
  | { readonly do: "next"; readonly state: State }
  | { readonly do: "reply"; readonly state: State; readonly value: Reply }
  | { readonly do: "stop"; readonly state: State; readonly reason: StopReason };

/** `normal` and `shutdown` are no failures: a transient actor is not restarted after them. */
export type StopReason = "normal" | "shutdown" | { readonly crashed: unknown };

/** Go on; whoever asked is answered later through `ctx.reply`, or this was a cast. */
export function next<State>(state: State): Step<State, never> {
  return { do: "next", state };
}

/** Go on and answer the request. */
export function reply<State, Reply>(state: State, value: Reply): Step<State, Reply> {
  return { do: "reply", state, value };
}

/** End by oneself; unanswered requests fail with `down`. */
export function stop<State>(state: State, reason: StopReason = "normal"): Step<State, never> {
  return { do: "stop", state, reason };
}

export type Handler<M extends Protocol, State, T extends M["type"]> = (
  state: State,
  args: ArgsOf<M, T>,
  ctx: ActorContext<M>,
  /** Whom to answer later; only for requests. */
  from: ReplyTo<ReplyOf<M, T>>,
) => Step<State, ReplyOf<M, T>> | Promise<Step<State, ReplyOf<M, T>>>;

export type MailboxPolicy = {
  /** Messages that wait at most. */
  readonly max: number;
  /**
   * `refuse`: the sender gets `overloaded` (a tell is counted and lost) · `drop_oldest`: the oldest waiting cast makes
   * room, then refuse.
   */
  readonly full: "refuse" | "drop_oldest";
  /**
   * Message types that are never refused, dropped or counted against `max`: what an actor must get whoever else floods
   * it. Whoever sends them bounds them. Types that the actor handles.
   */
  readonly always?: readonly string[];
};

export const DEFAULT_MAILBOX: MailboxPolicy = { max: 10_000, full: "refuse" };

export type ActorDefinition<M extends Protocol, Args, State> = {
  /** Last part of its path unless the child spec gives another id. */
  readonly name: string;
  readonly init: (ctx: ActorContext<M>, args: Args) => State | Promise<State>;
  readonly handle: { readonly [T in M["type"]]: Handler<M, State, T> };
  /** Orderly end, on stop and shutdown; not after a crash. Bounded by the child's `shutdownMs`. */
  readonly terminate?: (state: State, ctx: ActorContext<M>, reason: StopReason) => void | Promise<void>;
  readonly mailbox?: MailboxPolicy;
  /** What `inspect()` shows of the state; no secrets. */
  readonly inspect?: (state: State) => Record<string, string | number | boolean | null>;
};

export function defineActor<M extends Protocol, Args, State>(
  definition: ActorDefinition<M, Args, State>,
): ActorDefinition<M, Args, State> {
  return definition;
}

/** How long a request is waited for. */
export type AskOptions = { readonly deadlineMs?: number; readonly untilStop?: boolean };

/** What can send: an actor's context, or a whole system from outside. */
export interface Sender {
  /** Never blocks, never throws. A refused message is counted in `inspect()` and logged. */
  tell<M extends Protocol, T extends CastType<M>>(to: ActorRef<M>, type: T, args: ArgsOf<M, T>): void;
  /**
   * With `untilStop` an actor that is told to stop waits no longer: `down` is thrown, and a handler that fails with it
   * has ended in order. For what may take for ever. To who asks from outside it makes no difference.
   * @throws {ActorError} `overloaded` · `deadline` · `no_actor` · `down`. Default deadline 30 s; `Infinity` waits for
   *   ever.
   */
  ask<M extends Protocol, T extends RequestType<M>>(
    to: ActorRef<M>,
    type: T,
    args: ArgsOf<M, T>,
    options?: AskOptions,
  ): Promise<ReplyOf<M, T>>;
}

export type TimerId = number;

export interface ActorContext<M extends Protocol> extends Sender {
  readonly self: ActorRef<M>;
  readonly platform: Platform;
  readonly log: Logger;
  /** Aborted when this incarnation of the actor ends, for whatever reason. */
  readonly signal: AbortSignal;
  /**
   * Aborted when this actor is told to stop, while the message in hand goes on, and when it ends. A handler that fails
   * with the signal's reason has ended in order: for what may take for ever and must be ended by hand.
   */
  readonly stopping: AbortSignal;
  reply<R>(to: ReplyTo<R>, value: R): void;
  /** Delivers a cast to itself after `delayMs`; gone with the actor. */
  after(delayMs: number, message: CastMessage<M>): TimerId;
  cancel(timer: TimerId): void;
  /** Delivers `message(reason)` to itself when the actor at `ref` ends (at once when there is none). */
  monitor(ref: { readonly path: string }, message: (reason: StopReason | "no_actor") => CastMessage<M>): void;
  /**
   * Runs `task` beside the mailbox and delivers what comes of it as a message. The signal is aborted when the actor
   * ends; a result that comes later is dropped.
   */
  run<T>(task: (signal: AbortSignal) => Promise<T>, done: (outcome: Result<T, unknown>) => CastMessage<M>): void;
  /**
   * Starts a child under the supervisor at `supervisor` (a path). Resolves when its init has finished.
   * @throws {ActorError} `start_failed` · `duplicate_path` · `no_actor`
   */
  startChild(supervisor: string, spec: ChildSpec): Promise<void>;
  /** Stops a child and removes it. Nothing happens when there is none. */
  stopChild(path: string): Promise<void>;
}
