/**
 * Typed protocols. A protocol is a union of requests and casts; a request's type gives its reply's:
 *
 * ```ts
 * import type { Cast, Request } from "./mod.ts";
 *
 * type CounterMessage =
 *   | Request<"add", { by: number }, number> // replies with the new value
 *   | Cast<"reset", null>;
 * ```
 *
 * Arguments and replies are plain data that survive `structuredClone` and MessagePack, so that an actor can move to a
 * worker. Two exceptions: a store transaction may be handed down inside a request, and the failure of somebody's work
 * is the object that was thrown, so that it stays of its class.
 */

export type Request<Type extends string, Args, Reply> = {
  readonly form: "request";
  readonly type: Type;
  readonly args: Args;
  readonly reply: Reply;
};

export type Cast<Type extends string, Args> = {
  readonly form: "cast";
  readonly type: Type;
  readonly args: Args;
};

// deno-lint-ignore no-explicit-any -- any protocol whatever its arguments
export type Protocol = Request<string, any, any> | Cast<string, any>;

export type RequestType<M extends Protocol> = Extract<M, { form: "request" }>["type"];
export type CastType<M extends Protocol> = Extract<M, { form: "cast" }>["type"];
export type ArgsOf<M extends Protocol, T extends M["type"]> = Extract<M, { type: T }>["args"];
export type ReplyOf<M extends Protocol, T extends M["type"]> = Extract<M, { form: "request"; type: T }>["reply"];

/** A cast as data: what timers, monitors and tasks deliver. */
export type CastMessage<M extends Protocol> = {
  [T in CastType<M>]: { readonly type: T; readonly args: ArgsOf<M, T> };
}[CastType<M>];

declare const protocol: unique symbol;

/**
 * An address: the actor's path in its process' tree (`guardian/consensus/engine`). It stays good across restarts of the
 * actor, and may be made before the actor exists.
 */
export type ActorRef<M extends Protocol> = { readonly path: string; readonly [protocol]?: (message: M) => void };

export function refTo<M extends Protocol>(path: string): ActorRef<M> {
  return { path };
}

/** Whom to answer later. Used once; a second reply is ignored. */
export type ReplyTo<R> = { readonly id: number; readonly [protocol]?: R };
