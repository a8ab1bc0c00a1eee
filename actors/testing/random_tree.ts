/**
 * For the tests of supervisors: random trees of actors that note their starts (`+`), orderly stops (`-`) and ends
 * (`!`).
 */
import fc from "fast-check";
import { type ActorContext, defineActor, reply, stop } from "../actor.ts";
import type { Cast, Request } from "../protocol.ts";
import { child, type ChildSpec, type Restart, type Strategy, supervisor } from "../supervisor.ts";
import type { Inspection } from "../system.ts";

export type Shape =
  | { kind: "actor"; restart: Restart }
  | { kind: "supervisor"; restart: Restart; strategy: Strategy; intensity: number; children: Shape[] };

export const restart = fc.constantFrom<Restart>("permanent", "transient", "temporary");
const strategy = fc.constantFrom<Strategy>("one_for_one", "one_for_all", "rest_for_one");
const leaf = fc.record({ kind: fc.constant("actor" as const), restart });
const supervisorOf = (children: fc.Arbitrary<Shape>): fc.Arbitrary<Shape & { kind: "supervisor" }> =>
  fc.record({
    kind: fc.constant("supervisor" as const),
    restart,
    strategy,
    intensity: fc.integer({ min: 0, max: 4 }),
    children: fc.array(children, { minLength: 1, maxLength: 4 }),
  });
export const tree = supervisorOf(fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 2, arbitrary: supervisorOf(fc.oneof(leaf, supervisorOf(leaf))) },
));

export const PERIOD_MS = 100;
export type Message = Cast<"crash", null> | Cast<"finish", null> | Request<"ping", null, string>;

/** What the actors of a run share: their notes, and how many of the next inits fail, by path. */
export type World = {
  readonly events: string[];
  readonly failing: Map<string, number>;
  /** Of every life, in order. */
  readonly contexts: ActorContext<Message>[];
  /** Waits before init and terminate are done; none in the quick runs. */
  readonly pause: (ctx: ActorContext<Message>) => Promise<void> | undefined;
};

export function specOf(shape: Shape, id: string, path: string, world: World): ChildSpec {
  if (shape.kind === "supervisor") {
    const children = shape.children.map((shape, index) => specOf(shape, `${index}`, `${path}/${index}`, world));
    return supervisor(id, { ...shape, periodMs: PERIOD_MS, children });
  }
  const definition = defineActor<Message, null, null>({
    name: id,
    init: (ctx) => {
      world.events.push(`+${path}`);
      world.contexts.push(ctx);
      ctx.signal.addEventListener("abort", () => world.events.push(`!${path}`));
      const fails = world.failing.get(path) ?? 0;
      world.failing.set(path, Math.max(0, fails - 1));
      const done = () => {
        if (fails > 0) throw new Error("no init");
        return null;
      };
      const pause = world.pause(ctx);
      return pause === undefined ? done() : pause.then(done);
    },
    handle: {
      crash: () => {
        throw new Error("crash");
      },
      finish: (state) => stop(state),
      ping: (state, _args, ctx) => world.pause(ctx)?.then(() => reply(state, "pong")) ?? reply(state, "pong"),
    },
    terminate: (_state, ctx) => {
      world.events.push(`-${path}`);
      return world.pause(ctx);
    },
  });
  return child(definition, { args: null, restart: shape.restart, shutdownMs: 50 });
}

export function leavesOf(shape: Shape, path: string): string[] {
  return shape.kind === "actor"
    ? [path]
    : shape.children.flatMap((shape, index) => leavesOf(shape, `${path}/${index}`));
}

export function running(node: Inspection): string[] {
  if (node.status !== "running") return [];
  return [node.path, ...node.children.flatMap(running)];
}

export type Step = { do: "crash" | "finish" | "fail"; leaf: number; times: number } | { do: "advance"; ms: number };
export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom("crash" as const, "crash" as const, "finish" as const, "fail" as const),
    leaf: fc.nat(),
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 80 }) }),
);
