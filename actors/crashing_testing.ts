/**
 * For tests of real trees: their supervisors as they are, with actors in them that do nothing, but for one that crashes whenever it lives.
 * What a tree's own actors would start below it (sessions, machines) the test says.
 */
import type { ActorContext } from "./actor.ts";
import { defineActor, next } from "./actor.ts";
import type { Cast } from "./protocol.ts";
import type { ActorChild, ChildSpec } from "./supervisor.ts";

/** When a life crashes: in its init, at its first message, or so many milliseconds after its start. The first one does when it is told to. */
export type CrashesAt = "init" | "first message" | number;

export type CrashingMessage = Cast<"crash", null> | Cast<"rest", null>;
type Context = ActorContext<CrashingMessage>;

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
