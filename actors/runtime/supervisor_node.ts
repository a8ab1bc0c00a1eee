/**
 * A supervisor: keeps its children alive as its strategy says, and gives up when they crash too often. After
 * Erlang/OTP's `supervisor`:
 *
 * - Children start in order, each when the one before has been initialised, and stop in reverse, each within its own
 *   deadline; or together, if their supervisor says so.
 * - one_for_one restarts the child that crashed, beside whatever else goes on. The other strategies restart a group:
 *   all children, or that one and those after it. The group stops in reverse and starts in order; one that crashes
 *   meanwhile begins its group anew.
 * - Each restart of a child or group counts, and so does each try whose init failed. One too many within the period,
 *   and the supervisor stops all children and ends as crashed; its parent decides. Children that crash while their
 *   group is being stopped don't count.
 * - Beyond OTP: all restarts of the process count together as well, over hours (`RESTARTS_MAX`). Otherwise what crashes
 *   more slowly than the period would never be given up, nor what makes a supervisor above it start anew, with a fresh
 *   count, each time.
 * - A temporary child is never restarted; when its group restarts it is stopped and removed. A transient one that has
 *   ended normally starts again with its group.
 * - A child that was added later is removed when it has ended for good, and does not come back when the supervisor
 *   itself restarts.
 */
import { assert, InvariantError } from "../../core/assert.ts";
import type { StopReason } from "../actor.ts";
import { ActorError } from "../error.ts";
import { CHILDREN_MAX, RESTART_FORGOTTEN_MS, RESTARTS_MAX, TREE_DEPTH_MAX } from "../limits.ts";
import type { ChildSpec, SupervisorSpec } from "../supervisor.ts";
import type { Inspection } from "../system.ts";
import { ActorCell } from "./actor_cell.ts";
import { down, duplicatePath, gaveUp, reasonText, startFailed } from "./errors.ts";
import type { Incarnation } from "./incarnation.ts";
import { type Parent, type StartOutcome, TreeNode } from "./node.ts";
import { RestartWindow } from "./restart_window.ts";
import type { Runtime } from "./runtime.ts";

type Child = {
  readonly spec: ChildSpec;
  readonly node: TreeNode;
  /** Added later, not from the supervisor's spec. */
  readonly added: boolean;
  /** Rises in order of start. */
  readonly order: number;
  /** Has run once. */
  ran: boolean;
  /** Waits for its turn in a group's restart. */
  inGroup: boolean;
  /** Belongs to the supervisor no more, though it may still be stopping. */
  removed: boolean;
};

/** The end of one life, under way or over. */
type Ending = {
  readonly promise: Promise<void>;
  /** Why it gave up; null when it is stopped. */
  readonly failure: ActorError | null;
  /** By the parent, which then waits for it and isn't told. */
  stopped: boolean;
  final: boolean;
};

export class SupervisorNode extends TreeNode implements Parent {
  readonly kind = "supervisor";
  readonly depth: number;
  readonly #spec: SupervisorSpec;
  #window: RestartWindow;
  #children = new Map<string, Child>();
  #nextOrder = 0;

  #live = false;
  #starting = false;
  #ending: Ending | null = null;

  /** The order from which on a group has to restart; null when none has to. */
  #groupFrom: number | null = null;
  #grouping = false;
  /** Resolves when the groups that are being started have been. */
  #group: Promise<unknown> = Promise.resolve();
  /** The child that the group waits for. */
  #groupStarting: Child | null = null;

  constructor(runtime: Runtime, parent: Parent, spec: SupervisorSpec, depth: number) {
    super(runtime, parent, spec.id);
    assert(depth <= TREE_DEPTH_MAX, `a tree is at most ${TREE_DEPTH_MAX} levels deep`);
    assert(spec.intensity >= 0 && spec.periodMs > 0, "a restart intensity is 0 or more, over a period above 0");
    this.depth = depth;
    this.#spec = spec;
    this.#window = new RestartWindow(spec.intensity, spec.periodMs);
  }

  // ---- Start and end of the supervisor ----

  async start(): Promise<StartOutcome> {
    assert(!this.#live && !this.#starting, "a supervisor runs once at a time");
    this.status = this.status === "restarting" ? "restarting" : "starting";
    this.#live = this.#starting = true;
    this.#ending = null;
    this.#window = new RestartWindow(this.#spec.intensity, this.#spec.periodMs);
    const failure = await this.#startAll();
    const ending = failure !== null ? this.#beginEnding(failure) : this.#ending as Ending | null;
    await ending?.promise;
    this.#starting = false;
    if (ending !== null) return ending.failure === null ? "stopped" : { failed: ending.failure };
    this.status = "running";
    return "running";
  }

  async #startAll(): Promise<ActorError | null> {
    for (const spec of this.#spec.children) {
      try {
        this.#create(spec, false);
      } catch (thrown) {
        return startFailed(`${this.path}/${spec.id}`, thrown);
      }
    }
    if (this.#spec.strategy !== "one_for_one") {
      this.#groupFrom = 0;
      return await this.#restartGroup();
    }
    for (const child of [...this.#children.values()]) {
      if (child.removed) continue;
      const outcome = await child.node.start();
      if (this.#ending !== null) return null;
      if (outcome === "running") child.ran = true;
      else if (outcome !== "stopped" && !child.removed) return startFailed(child.node.path, outcome.failed);
    }
    return null;
  }

  stop(final: boolean): Promise<void> {
    if (!this.#live) {
      if (final) this.dispose();
      return Promise.resolve();
    }
    const ending = this.#beginEnding(null);
    ending.stopped = true;
    ending.final ||= final;
    return ending.promise;
  }

  #beginEnding(failure: ActorError | null): Ending {
    if (this.#ending !== null) return this.#ending;
    this.status = "stopping";
    const { promise, resolve } = Promise.withResolvers<void>();
    const ending: Ending = { promise, failure, stopped: false, final: false };
    this.#ending = ending;
    this.#stopChildren().then(() => this.#ended(ending, resolve));
    return ending;
  }

  async #stopChildren(): Promise<void> {
    const children = [...this.#children.values()].reverse();
    if (this.#spec.stopping === "together") await Promise.all(children.map((child) => child.node.stop(true)));
    else for (const child of children) await child.node.stop(true);
    await this.#group; // it sees that this is the end, and must have seen it before a next start
  }

  #ended(ending: Ending, resolve: () => void): void {
    for (const child of this.#children.values()) {
      child.removed = true;
      this.runtime.unregister(child.node);
    }
    this.#children.clear();
    this.#groupFrom = null;
    this.#live = false;
    this.status = "restarting"; // unless whoever decides disposes of it
    const reason: StopReason = ending.failure === null ? "shutdown" : { crashed: ending.failure };
    this.tellWatches(reason);
    if (ending.final) this.dispose();
    resolve();
    if (!ending.stopped && !this.#starting) this.parent.childEnded(this, reason);
  }

  /** Why it has given up, or could not start; null when it hasn't. */
  get failure(): ActorError | null {
    return this.#ending?.failure ?? null;
  }

  dispose(): void {
    this.status = "stopped";
    this.tellWatches("shutdown");
  }

  // ---- Children that end ----

  childEnded(node: TreeNode, reason: StopReason): void {
    const child = this.#children.get(node.id);
    assert(child !== undefined && child.node === node, "only a child that nobody stops ends by itself");
    if (this.#ending !== null) return node.dispose();
    const crashed = typeof reason === "object";
    const { restart } = child.spec;
    if (restart === "temporary" || (restart === "transient" && !crashed)) {
      node.dispose();
      if (child.added || restart === "temporary") this.#forget(child);
      return;
    }
    if (child.inGroup) return; // its group is being stopped, and starts again whatever becomes of it
    if (!this.#mayRestart(child, crashed ? reason.crashed : new InvariantError(`A permanent actor ended: ${reason}`))) {
      return;
    }
    if (this.#spec.strategy === "one_for_one") {
      void this.#restartOne(child);
      return;
    }
    this.#groupFrom = Math.min(this.#groupFrom ?? Infinity, this.#groupStart(child));
    if (this.#grouping) void this.#groupStarting?.node.stop(false);
    else void this.#restartGroup();
  }

  /** Counts a restart, and gives up when it is one too many. */
  #mayRestart(child: Child, reason: unknown): boolean {
    const quick = !this.#window.allows(this.runtime.clock.monotonicMs());
    if (!quick && this.runtime.mayRestart()) return true;
    const failure = gaveUp(this.path, reason);
    this.lastError = reasonText(failure);
    this.log.error("gave up: too many restarts", {
      child: child.node.path,
      reason: reasonText(reason),
      ...(quick
        ? { intensity: this.#spec.intensity, periodMs: this.#spec.periodMs }
        : { processRestarts: RESTARTS_MAX, forgottenMs: RESTART_FORGOTTEN_MS }),
    });
    this.#beginEnding(failure);
    return false;
  }

  async #restartOne(child: Child): Promise<void> {
    for (;;) {
      const outcome = await child.node.start();
      if (child.removed || this.#ending !== null || outcome === "stopped") return;
      if (outcome === "running") return this.#ran(child);
      if (!this.#mayRestart(child, outcome.failed)) return;
    }
  }

  #ran(child: Child): void {
    if (child.ran) {
      child.node.restarts++;
      child.node.log.info("restarted", { restarts: child.node.restarts });
    }
    child.ran = true;
  }

  // ---- Groups ----

  #groupStart(child: Child): number {
    return this.#spec.strategy === "one_for_all" ? 0 : child.order;
  }

  #restartGroup(): Promise<ActorError | null> {
    this.#grouping = true;
    const group = this.#runGroups();
    this.#group = group;
    return group;
  }

  /** Restarts groups until none has to. @returns why the supervisor's first start failed */
  async #runGroups(): Promise<ActorError | null> {
    let failure: ActorError | null = null;
    while (this.#groupFrom !== null && this.#ending === null && failure === null) {
      const from = this.#groupFrom;
      this.#groupFrom = null;
      const group = [...this.#children.values()].filter((child) => child.order >= from);
      for (const child of group) child.inGroup = true;
      for (const child of [...group].reverse()) {
        await this.#stopInGroup(child);
      }
      if (this.#ending === null) failure = await this.#startGroup(group);
    }
    // in one step with the last look at `#groupFrom`: a crash comes before it, or begins a new loop
    this.#grouping = false;
    return failure;
  }

  async #stopInGroup(child: Child): Promise<void> {
    // A child of the spec that has never run is still to start, whatever its restart. One that is being added has not
    // run either: whoever adds it is told, and may add it again.
    const stays = child.ran ? child.spec.restart !== "temporary" : !child.added;
    if (stays) await child.node.stop(false);
    else await this.#remove(child);
  }

  async #startGroup(group: readonly Child[]): Promise<ActorError | null> {
    for (const child of group) {
      if (this.#groupFrom !== null) return null; // another crash: the loop begins anew
      if (child.removed) continue;
      child.inGroup = false;
      this.#groupStarting = child;
      const outcome = await child.node.start();
      this.#groupStarting = null;
      if (this.#ending !== null) return null;
      if (child.removed || outcome === "stopped") continue;
      if (outcome === "running") this.#ran(child);
      else if (this.#starting) return startFailed(child.node.path, outcome.failed);
      else if (!this.#mayRestart(child, outcome.failed)) return null;
      else this.#groupFrom = Math.min(this.#groupFrom ?? Infinity, this.#groupStart(child));
    }
    return null;
  }

  // ---- Children that come and go ----

  /** @throws {ActorError} `start_failed` · `duplicate_path` · `down` */
  async addChild(spec: ChildSpec, caller: Incarnation | null): Promise<void> {
    const path = `${this.path}/${spec.id}`;
    while (this.#grouping && this.#ending === null) {
      if (caller?.initialising && this.runtime.isWithin(caller.cell, this)) {
        throw startFailed(path, new InvariantError("An init can't add to the supervisor that waits for it"));
      }
      await this.#group;
      if (caller?.ended) throw down(caller.self.path, "startChild");
    }
    if (!this.#live || this.#ending !== null) throw startFailed(path, `its supervisor is ${this.status}`);
    let child: Child;
    try {
      child = this.#create(spec, true);
    } catch (thrown) {
      throw thrown instanceof ActorError ? thrown : startFailed(path, thrown);
    }
    const outcome = await child.node.start();
    if (child.removed || outcome === "stopped") throw startFailed(path, "it was stopped while it started");
    if (outcome === "running") {
      child.ran = true;
      return;
    }
    child.node.dispose();
    this.#forget(child);
    throw startFailed(path, outcome.failed);
  }

  /** Stops a child for good. */
  async removeChild(node: TreeNode): Promise<void> {
    const child = this.#children.get(node.id);
    if (child !== undefined && child.node === node) await this.#remove(child);
  }

  async #remove(child: Child): Promise<void> {
    child.removed = true;
    await child.node.stop(true);
    this.#forget(child);
  }

  #forget(child: Child): void {
    child.removed = true;
    if (this.#children.get(child.node.id) === child) this.#children.delete(child.node.id);
    this.runtime.unregister(child.node);
  }

  /** @throws {ActorError} `duplicate_path` @throws {InvariantError} for a spec that can't be */
  #create(spec: ChildSpec, added: boolean): Child {
    assert(this.#children.size < CHILDREN_MAX, `a supervisor has at most ${CHILDREN_MAX} children`);
    const path = `${this.path}/${spec.id}`;
    if (this.#children.has(spec.id) || this.runtime.nodeAt(path) !== undefined) throw duplicatePath(path);
    const node = spec.kind === "actor"
      ? new ActorCell(this.runtime, this, spec)
      : new SupervisorNode(this.runtime, this, spec, this.depth + 1);
    const child: Child = { spec, node, added, order: this.#nextOrder++, ran: false, inGroup: false, removed: false };
    this.#children.set(spec.id, child);
    this.runtime.register(node);
    return child;
  }

  inspect(): Inspection {
    return {
      path: this.path,
      kind: "supervisor",
      status: this.status,
      waiting: 0,
      handled: 0,
      refused: this.refused,
      restarts: this.restarts,
      lastError: this.lastError,
      facts: { strategy: this.#spec.strategy },
      children: [...this.#children.values()].map((child) => child.node.inspect()),
    };
  }
}
