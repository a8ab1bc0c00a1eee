/**
 * Supervision trees as plain data, after Erlang/OTP. One `tree.ts` a process shows the whole program:
 *
 * ```ts
 * import { type ActorDefinition, child, type Request, supervisor } from "./mod.ts";
 *
 * type Actor = ActorDefinition<Request<"go", null, null>, { peers: number }, null>;
 * const consensusTree = (modules: Actor, engine: Actor, session: Actor, peers: number) =>
 *   supervisor("consensus", {
 *     strategy: "rest_for_one", intensity: 3, periodMs: 10_000, // a 4th crash in 10 s is a bug: give up loudly
 *     children: [
 *       child(modules, { args: { peers } }),
 *       child(engine, { args: { peers } }),
 *       child(session, { args: { peers }, restart: "transient" }),
 *     ],
 *   });
 * ```
 *
 * Children start in order and stop in reverse; a supervisor that gives up is a crash of its own for the one above it,
 * and the root's is the process' exit code.
 */
import type { ActorDefinition } from "./actor.ts";
import type { Protocol } from "./protocol.ts";

/** Who is restarted when one crashes: it alone; all; it and those started after it. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";
/** Children stop one after the other, the last first; or all at once, when none needs another to stop. */
export type Stopping = "in_reverse" | "together";
/** Restarted always; after a crash; never. */
export type Restart = "permanent" | "transient" | "temporary";

export type ActorChild = {
  readonly kind: "actor";
  readonly id: string;
  readonly restart: Restart;
  readonly shutdownMs: number;
  // deno-lint-ignore no-explicit-any -- a child spec holds a definition of any protocol, arguments and state
  readonly definition: ActorDefinition<any, any, any>;
  readonly args: unknown;
};

export type SupervisorSpec = {
  readonly kind: "supervisor";
  readonly id: string;
  readonly restart: Restart;
  readonly strategy: Strategy;
  /**
   * More than so many restarts within `periodMs` and the supervisor gives up; so do all when the process has had
   * `RESTARTS_MAX`.
   */
  readonly intensity: number;
  readonly periodMs: number;
  /** Absent: in reverse. */
  readonly stopping?: Stopping;
  readonly children: readonly ChildSpec[];
};

export type ChildSpec = ActorChild | SupervisorSpec;

/** Defaults: permanent, 5 s to shut down. */
export function child<M extends Protocol, Args, State>(
  definition: ActorDefinition<M, Args, State>,
  options: { readonly args: Args; readonly id?: string; readonly restart?: Restart; readonly shutdownMs?: number },
): ActorChild {
  return {
    kind: "actor",
    id: options.id ?? definition.name,
    restart: options.restart ?? "permanent",
    shutdownMs: options.shutdownMs ?? 5_000,
    definition,
    args: options.args,
  };
}

/** Defaults: one_for_one, permanent, 3 restarts in 10 s, stopping in reverse. */
export function supervisor(
  id: string,
  options: {
    readonly strategy?: Strategy;
    readonly restart?: Restart;
    readonly intensity?: number;
    readonly periodMs?: number;
    readonly stopping?: Stopping;
    readonly children: readonly ChildSpec[];
  },
): SupervisorSpec {
  return {
    kind: "supervisor",
    id,
    restart: options.restart ?? "permanent",
    strategy: options.strategy ?? "one_for_one",
    intensity: options.intensity ?? 3,
    periodMs: options.periodMs ?? 10_000,
    ...(options.stopping && { stopping: options.stopping }),
    children: options.children,
  };
}
