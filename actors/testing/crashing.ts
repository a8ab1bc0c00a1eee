/**
 * For tests of real trees: their supervisors as they are, with actors in them that do nothing, but for one that crashes
 * whenever it lives. What a tree's own actors would start below it (sessions, machines) the test says.
 */
import type { ActorContext } from "../actor.ts";
import { defineActor, next } from "../actor.ts";
import type { TestSystem } from "./platform.ts";
import type { Cast } from "../protocol.ts";
import type { ActorChild, ChildSpec } from "../supervisor.ts";

/**
 * When a life crashes: in its init, at its first message, or so many milliseconds after its start. The first one does
 * when it is told to.
 */
export type CrashesAt = "init" | "first message" | number;

export type CrashingMessage = Cast<"crash", null> | Cast<"rest", null>;
type Context = ActorContext<CrashingMessage>;

export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** Each with the time within which the process must have ended. */
export const SPEEDS: readonly (readonly [CrashesAt, withinMs: number])[] = [
  ["init", 10_000],
  ["first message", 10_000],
  [1_000, 5 * MINUTE_MS],
  [MINUTE_MS, 60 * MINUTE_MS],
  [10 * MINUTE_MS, DAY_MS],
];

/** What an actor does at its start, besides. */
export type AtStart = (path: string, child: ActorChild, ctx: Context) => void;

/** Crashes of one place in the tree: how many lives it has had. */
export type Crasher = {
  readonly path: string;
  readonly at: CrashesAt;
  /** From this life on it is well; absent: never. */
  readonly healthyFrom?: number;
  /** What it says. */
  readonly reason?: string;
  lives: number;
};

function begin(crasher: Crasher, ctx: Context): void {
  const life = crasher.lives++;
  if (life === 0 || life >= (crasher.healthyFrom ?? Infinity)) return;
  if (crasher.at === "init") throw new Error(crasher.reason ?? "it crashes");
  if (crasher.at === "first message") ctx.tell(ctx.self, "crash", null);
  else ctx.after(crasher.at, { type: "crash", args: null });
}

/** @param path of `spec` */
export function withCrasher<S extends ChildSpec>(spec: S, path: string, crasher: Crasher, atStart: AtStart): S {
  if (spec.kind === "supervisor") {
    const children = spec.children.map((child) => withCrasher(child, `${path}/${child.id}`, crasher, atStart));
    return { ...spec, children };
  }
  const definition = defineActor<CrashingMessage, null, null>({
    name: spec.definition.name,
    init: (ctx) => {
      atStart(path, spec, ctx);
      if (path === crasher.path) begin(crasher, ctx);
      return null;
    },
    handle: {
      crash: () => {
        throw new Error(crasher.reason ?? "it crashes");
      },
      rest: (state) => next(state),
    },
  });
  return { ...spec, definition, args: null };
}

/** Paths of the actors in a tree. */
export function actorsIn(spec: ChildSpec, path: string): string[] {
  if (spec.kind === "actor") return [path];
  return spec.children.flatMap((child) => actorsIn(child, `${path}/${child.id}`));
}

/** @returns when it ended; null when it hasn't */
export async function endOf({ system, clock }: TestSystem, withinMs: number): Promise<number | null> {
  let ended = false;
  void system.ended.then(() => ended = true);
  const stepMs = Math.max(1_000, withinMs / 2_000);
  for (let atMs = 0; atMs < withinMs; atMs += stepMs) {
    await clock.advance(stepMs);
    if (ended) return atMs + stepMs;
  }
  return null;
}
