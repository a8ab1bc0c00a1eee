/**
 * Random trees under random crashes, against a model of a page that knows no time but the clock's and no concurrency: the same actors must start
 * and stop in the same order, and the same end must be reached. Then the same with everything slow and at once, where no order is given,
 * against what must hold in any order.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type ActorContext, defineActor, next, stop } from "./actor.ts";
import { sleep } from "./platform/platform.ts";
import { type Cast, refTo } from "./protocol.ts";
import {
  type ActorChild,
  child,
  type ChildSpec,
  type Restart,
  type Strategy,
  supervisor,
  type SupervisorSpec,
} from "./supervisor.ts";
import type { Inspection } from "./system.ts";
import { settle, testSystem } from "./_test_platform.ts";

type Shape =
  | { kind: "actor"; restart: Restart }
  | { kind: "supervisor"; restart: Restart; strategy: Strategy; intensity: number; children: Shape[] };

const restart = fc.constantFrom<Restart>("permanent", "transient", "temporary");
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
const tree = supervisorOf(fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 2, arbitrary: supervisorOf(fc.oneof(leaf, supervisorOf(leaf))) },
));

const PERIOD_MS = 100;
type Message = Cast<"crash", null> | Cast<"finish", null>;

/** What the actors of a run share: their notes, and how many of the next inits fail, by path. */
type World = {
  readonly events: string[];
  readonly failing: Map<string, number>;
  /** Waits before init and terminate are done; none in the quick runs. */
  readonly pause: (ctx: ActorContext<Message>) => Promise<void> | undefined;
};

function specOf(shape: Shape, id: string, path: string, world: World): ChildSpec {
  if (shape.kind === "supervisor") {
    const children = shape.children.map((shape, index) => specOf(shape, `${index}`, `${path}/${index}`, world));
    return supervisor(id, { ...shape, periodMs: PERIOD_MS, children });
  }
  const definition = defineActor<Message, null, null>({
    name: id,
    init: (ctx) => {
      world.events.push(`+${path}`);
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
    },
    terminate: (_state, ctx) => {
      world.events.push(`-${path}`);
      return world.pause(ctx);
    },
  });
  return child(definition, { args: null, restart: shape.restart, shutdownMs: 50 });
}

function leavesOf(shape: Shape, path: string): string[] {
  return shape.kind === "actor"
    ? [path]
    : shape.children.flatMap((shape, index) => leavesOf(shape, `${path}/${index}`));
}

// ---- The model ----

class Model {
  readonly events: string[] = [];
  readonly failing = new Map<string, number>();
  nowMs = 0;
  hasEnded = false;
  readonly root: ModelNode;

  constructor(shape: Shape) {
    this.root = new ModelNode(this, null, "root", shape);
  }

  send(path: string, crash: boolean): void {
    const leaf = this.root.find(path);
    if (leaf === undefined || !leaf.live) return;
    leaf.live = false;
    if (!crash) this.events.push(`-${path}`);
    this.events.push(`!${path}`);
    leaf.parent!.ended(leaf, crash);
  }
}

class ModelNode {
  live = false;
  children: ModelNode[] = [];
  restartsMs: number[] = [];

  constructor(
    readonly model: Model,
    readonly parent: ModelNode | null,
    readonly path: string,
    readonly shape: Shape,
  ) {}

  find(path: string): ModelNode | undefined {
    if (this.path === path) return this;
    for (const child of this.children) {
      const found = child.find(path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  start(): boolean {
    if (this.shape.kind === "actor") {
      const fails = this.model.failing.get(this.path) ?? 0;
      this.model.failing.set(this.path, Math.max(0, fails - 1));
      this.model.events.push(`+${this.path}`);
      if (fails > 0) this.model.events.push(`!${this.path}`);
      this.live = fails === 0;
      return this.live;
    }
    this.restartsMs = [];
    this.children = this.shape.children.map((shape, i) => new ModelNode(this.model, this, `${this.path}/${i}`, shape));
    this.live = this.children.every((child) => child.start());
    if (!this.live) this.stopChildren();
    return this.live;
  }

  stop(): void {
    if (!this.live) return;
    this.live = false;
    if (this.shape.kind === "actor") this.model.events.push(`-${this.path}`, `!${this.path}`);
    else this.stopChildren();
  }

  stopChildren(): void {
    for (const child of this.children.toReversed()) child.stop();
    this.children = [];
  }

  /** A child ended by itself. */
  ended(child: ModelNode, crashed: boolean): void {
    const { restart } = child.shape;
    if (restart === "temporary") this.children = this.children.filter((other) => other !== child);
    if (restart === "temporary" || (restart === "transient" && !crashed)) return;
    const { strategy } = this.shape as Shape & { kind: "supervisor" };
    let failed: ModelNode | undefined = child;
    while (failed !== undefined) {
      if (!this.mayRestart()) return this.giveUp();
      const from = strategy === "one_for_all" ? 0 : this.children.indexOf(failed);
      const group: ModelNode[] = strategy === "one_for_one" ? [failed] : this.children.slice(from);
      for (const member of group.toReversed()) member.stop();
      const kept = group.filter((member) => member.shape.restart !== "temporary");
      this.children = this.children.filter((other) => !group.includes(other) || kept.includes(other));
      failed = kept.find((member) => !member.start());
    }
  }

  mayRestart(): boolean {
    this.restartsMs = this.restartsMs.filter((atMs) => this.model.nowMs - atMs <= PERIOD_MS);
    this.restartsMs.push(this.model.nowMs);
    return this.restartsMs.length <= (this.shape as Shape & { kind: "supervisor" }).intensity;
  }

  giveUp(): void {
    this.live = false;
    this.stopChildren();
    if (this.parent === null) this.model.hasEnded = true;
    else this.parent.ended(this, true);
  }

  running(): string[] {
    if (!this.live) return [];
    return [this.path, ...this.children.flatMap((child) => child.running())];
  }
}

function running(node: Inspection): string[] {
  if (node.status !== "running") return [];
  return [node.path, ...node.children.flatMap(running)];
}

type Step = { do: "crash" | "finish" | "fail"; leaf: number; times: number } | { do: "advance"; ms: number };
const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constantFrom("crash" as const, "crash" as const, "finish" as const, "fail" as const),
      leaf: fc.nat(),
      times: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 80 }) }),
  ),
  { maxLength: 30 },
);

Deno.test("supervisors do as the model does: order of starts and stops, who runs, when it is given up", async () => {
  await fc.assert(
    fc.asyncProperty(tree, steps, async (shape, steps) => {
      const model = new Model(shape);
      const { system, clock } = testSystem();
      const world: World = { events: [], failing: new Map(), pause: () => undefined };
      const leaves = leavesOf(shape, "root");
      assert(model.root.start());
      await system.start(specOf(shape, "root", "root", world) as SupervisorSpec);
      for (const step of steps) {
        if (step.do === "advance") {
          model.nowMs += step.ms;
          await clock.advance(step.ms);
        } else {
          const path = leaves[step.leaf % leaves.length]!;
          if (step.do === "fail") {
            for (const failing of [model.failing, world.failing]) failing.set(path, step.times);
          } else {
            model.send(path, step.do === "crash");
            system.tell(refTo<Message>(path), step.do, null);
            await settle();
          }
        }
        assertEquals(world.events, model.events);
        assertEquals(running(system.inspect()), model.root.running());
        if (model.hasEnded) break;
      }
      if (model.hasEnded) assertEquals(await system.ended, 1);
      else {
        model.root.stop();
        await system.stop();
        assertEquals(world.events, model.events);
        assertEquals(await system.ended, 0);
      }
      assertEquals(clock.pendingTimers, 0);
    }),
    { numRuns: 500 },
  );
});

// ---- Slow and at once ----

/** Checks the notes of a run as they come: one life at a time, and no group member starts while a later one of its group lives. */
function checkLives(events: readonly string[], groups: ReadonlySet<string>): Set<string> {
  const live = new Set<string>();
  for (const event of events) {
    const path = event.slice(1);
    if (event[0] === "!") assert(live.delete(path), `${path} ended twice`);
    if (event[0] === "-") assert(live.has(path), `${path} was terminated after its end`);
    if (event[0] !== "+") continue;
    assert(!live.has(path), `${path} lives twice`);
    live.add(path);
    const parent = path.slice(0, path.lastIndexOf("/"));
    const index = Number(path.slice(parent.length + 1));
    if (!groups.has(parent)) continue;
    for (const other of live) {
      if (other === path || !other.startsWith(`${parent}/`)) continue;
      const otherIndex = Number(other.slice(parent.length + 1).split("/")[0]);
      assert(otherIndex < index, `${path} starts while ${other} lives`);
    }
  }
  return live;
}

function groupsOf(shape: Shape, path: string): string[] {
  if (shape.kind === "actor") return [];
  const inner = shape.children.flatMap((shape, index) => groupsOf(shape, `${path}/${index}`));
  return shape.strategy === "one_for_one" ? inner : [path, ...inner];
}

/** Nothing is under way, and what must run does. */
function assertAtRest(node: Inspection, restartOf: (path: string) => Restart): void {
  const mayStop = node.kind === "actor" && restartOf(node.path) === "transient";
  assert(node.status === "running" || (mayStop && node.status === "stopped"), `${node.path} is ${node.status}`);
  for (const child of node.children) assertAtRest(child, restartOf);
}

function restartsOf(shape: Shape, path: string): [string, Restart][] {
  const own: [string, Restart] = [path, shape.restart];
  if (shape.kind === "actor") return [own];
  return [own, ...shape.children.flatMap((shape, index) => restartsOf(shape, `${path}/${index}`))];
}

Deno.test("with slow inits and terminates, and crashes at any time, nobody lives twice and every run comes to rest", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      steps,
      fc.array(fc.constantFrom(0, 1, 5, 20, 45, 60, 90), { minLength: 1, maxLength: 20 }), // some beyond the 50 ms to stop
      async (shape, steps, pausesMs) => {
        const { system, clock } = testSystem();
        let pauses = 0;
        const world: World = {
          events: [],
          failing: new Map(),
          pause: (ctx) => {
            const pauseMs = pausesMs[pauses++ % pausesMs.length]!;
            return pauseMs === 0 ? undefined : sleep(ctx.platform.clock, pauseMs);
          },
        };
        const leaves = leavesOf(shape, "root");
        const groups = new Set(groupsOf(shape, "root"));
        const restarts = new Map(restartsOf(shape, "root"));
        let exitCode: number | null = null;
        void system.ended.then((code) => exitCode = code);
        let failedToStart = false;
        system.start(specOf(shape, "root", "root", world) as SupervisorSpec).catch(() => failedToStart = true);
        for (const step of steps) {
          if (step.do === "advance") await clock.advance(step.ms);
          else if (step.do === "fail") world.failing.set(leaves[step.leaf % leaves.length]!, step.times);
          else system.tell(refTo<Message>(leaves[step.leaf % leaves.length]!), step.do, null);
          checkLives(world.events, groups);
        }
        await clock.advance(100_000);
        const live = checkLives(world.events, groups);
        if (exitCode !== null) {
          assertEquals([exitCode, [...live]], [1, []]);
          assert(failedToStart || system.inspect().lastError !== null);
        } else {
          assertAtRest(system.inspect(), (path) => restarts.get(path)!);
          assertEquals([...live].sort(), running(system.inspect()).filter((path) => leaves.includes(path)).sort());
          const stopped = system.stop();
          await clock.advance(100_000);
          await stopped;
          assertEquals([exitCode, checkLives(world.events, groups).size], [0, 0]);
        }
        assertEquals(clock.pendingTimers, 0);
      },
    ),
    { numRuns: 500 },
  );
});
