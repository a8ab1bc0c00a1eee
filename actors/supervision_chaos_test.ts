/**
 * Random trees with slow inits and terminates, crashes, additions and removals at any time, also while the last is
 * still under way. No order is given here, so the runs are held against what must hold in any order.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ActorError } from "./error.ts";
import { sleep } from "./platform/platform.ts";
import { refTo } from "./protocol.ts";
import type { Restart, SupervisorSpec } from "./supervisor.ts";
import type { Inspection } from "./system.ts";
import { testSystem } from "./testing/platform.ts";
import {
  leavesOf,
  type Message,
  restart,
  running,
  type Shape,
  specOf,
  type Step,
  step,
  tree,
  type World,
} from "./testing/random_tree.ts";

/**
 * Checks the notes of a run as they come: one life at a time, and no group member starts while a later one of its group
 * lives.
 */
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

function supervisorsOf(shape: Shape, path: string): string[] {
  if (shape.kind === "actor") return [];
  return [path, ...shape.children.flatMap((shape, index) => supervisorsOf(shape, `${path}/${index}`))];
}

type ChaosStep =
  | Step
  | { do: "add"; by: number; to: number; restart: Restart; whole: boolean }
  | { do: "remove"; by: number; which: number }
  | { do: "ask"; leaf: number };
const chaosSteps: fc.Arbitrary<ChaosStep[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: step },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("add" as const),
        by: fc.nat(),
        to: fc.nat(),
        restart,
        whole: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("ask" as const), leaf: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), by: fc.nat(), which: fc.nat() }) },
  ),
  { maxLength: 40 },
);

Deno.test("with slow inits and terminates, and crashes at any time, nobody lives twice and every run comes to rest", async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      chaosSteps,
      // some beyond the 50 ms to stop
      fc.array(fc.constantFrom(0, 1, 5, 20, 45, 60, 90), { minLength: 1, maxLength: 20 }),
      async (shape, steps, pausesMs) => {
        const { system, clock } = testSystem();
        let pauses = 0;
        const world: World = {
          events: [],
          failing: new Map(),
          contexts: [],
          pause: (ctx) => {
            const pauseMs = pausesMs[pauses++ % pausesMs.length]!;
            return pauseMs === 0 ? undefined : sleep(ctx.platform.clock, pauseMs);
          },
        };
        const leaves = leavesOf(shape, "root");
        const supervisors = supervisorsOf(shape, "root");
        const groups = new Set(groupsOf(shape, "root"));
        const restarts = new Map(restartsOf(shape, "root"));
        let open = 0; // requests, additions and removals that nobody has answered
        const track = (call: Promise<unknown>) => {
          open++;
          call.then(() => open--, (thrown) => {
            assert(thrown instanceof ActorError, `${thrown}`);
            open--;
          });
        };
        const take = (step: ChaosStep, nextId: number) => {
          if (step.do === "fail") world.failing.set(leaves[step.leaf % leaves.length]!, step.times);
          else if (step.do === "crash" || step.do === "finish") {
            system.tell(refTo<Message>(leaves[step.leaf % leaves.length]!), step.do, null);
          } else if (step.do === "ask") {
            track(
              system.ask(refTo<Message>(leaves[step.leaf % leaves.length]!), "ping", null, { deadlineMs: Infinity }),
            );
          } else if ((step.do === "add" || step.do === "remove") && world.contexts.length > 0) {
            const by = world.contexts[step.by % world.contexts.length]!;
            if (step.do === "remove") {
              const paths = [...restarts.keys()];
              return track(by.stopChild(paths[step.which % paths.length]!));
            }
            const parent = supervisors[step.to % supervisors.length]!;
            const path = `${parent}/${nextId}`;
            const leaf: Shape = { kind: "actor", restart: step.restart };
            const shape: Shape = step.whole
              ? {
                kind: "supervisor",
                restart: step.restart,
                strategy: "one_for_all",
                intensity: 1,
                children: [leaf, leaf],
              }
              : leaf;
            for (const [path_, restart] of restartsOf(shape, path)) restarts.set(path_, restart);
            for (const group of groupsOf(shape, path)) groups.add(group);
            leaves.push(...leavesOf(shape, path));
            track(by.startChild(parent, specOf(shape, `${nextId}`, path, world)));
          }
        };
        let exitCode: number | null = null;
        void system.ended.then((code) => exitCode = code);
        let failedToStart = false;
        system.start(specOf(shape, "root", "root", world) as SupervisorSpec).catch(() => failedToStart = true);
        for (const [index, step] of steps.entries()) {
          if (step.do === "advance") await clock.advance(step.ms);
          else take(step, 100 + index);
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
        assertEquals([open, clock.pendingTimers], [0, 0]);
      },
    ),
    { numRuns: 500 },
  );
});
