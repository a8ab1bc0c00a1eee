/**
 * Random trees under random crashes, against a model of a page that knows no time but the clock's and no concurrency:
 * the same actors must start and stop in the same order, and the same end must be reached.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RESTARTS_MAX } from "./limits.ts";
import { refTo } from "./protocol.ts";
import type { SupervisorSpec } from "./supervisor.ts";
import { settle } from "./testing/manual_clock.ts";
import { testSystem } from "./testing/platform.ts";
import {
  leavesOf,
  type Message,
  PERIOD_MS,
  running,
  type Shape,
  specOf,
  step,
  tree,
  type World,
} from "./testing/random_tree.ts";

class Model {
  readonly events: string[] = [];
  readonly failing = new Map<string, number>();
  nowMs = 0;
  hasEnded = false;
  /** Of the whole tree; none comes back in so short a run. */
  restartsLeft = RESTARTS_MAX;
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
    if (this.restartsMs.length > (this.shape as Shape & { kind: "supervisor" }).intensity) return false;
    if (this.model.restartsLeft === 0) return false;
    this.model.restartsLeft--;
    return true;
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

Deno.test("supervisors do as the model does: order of starts and stops, who runs, when it is given up", async () => {
  await fc.assert(
    fc.asyncProperty(tree, fc.array(step, { maxLength: 30 }), async (shape, steps) => {
      const model = new Model(shape);
      const { system, clock } = testSystem();
      const world: World = { events: [], failing: new Map(), contexts: [], pause: () => undefined };
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
