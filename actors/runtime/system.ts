/** One process' actors: the root of the tree, and the door from outside. */
import type { AskOptions } from "../actor.ts";
import { assert } from "../../core/assert.ts";
import type { ActorError } from "../error.ts";
import type { ActorRef, ArgsOf, CastType, Protocol, ReplyOf, RequestType } from "../protocol.ts";
import type { ChildSpec, SupervisorSpec } from "../supervisor.ts";
import type { ActorSystem, Inspection, SystemOptions } from "../system.ts";
import { startFailed } from "./errors.ts";
import type { Parent, TreeNode } from "./node.ts";
import { Runtime } from "./runtime.ts";
import { SupervisorNode } from "./supervisor_node.ts";

/** Nothing runs before `start`. A system runs one tree, once. */
export function createSystem(options: SystemOptions): ActorSystem {
  return new System(options);
}

class System implements ActorSystem, Parent {
  readonly path = null;
  readonly ended: Promise<number>;
  readonly #end: (exitCode: number) => void;
  readonly #runtime: Runtime;
  #root: SupervisorNode | null = null;
  #stopped = false;

  constructor(options: SystemOptions) {
    this.#runtime = new Runtime(options.platform, options.log);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    this.#end = (exitCode) => {
      this.#runtime.close();
      resolve(exitCode);
    };
  }

  async start(tree: SupervisorSpec): Promise<void> {
    assert(this.#root === null && !this.#stopped, "a system runs one tree, once");
    const root = new SupervisorNode(this.#runtime, this, tree, 1);
    this.#root = root;
    this.#runtime.register(root);
    const outcome = await root.start();
    if (outcome === "running") return;
    root.dispose();
    const cause = outcome === "stopped" ? "it was stopped before it was initialised" : outcome.failed;
    if (outcome !== "stopped") this.#end(1);
    throw startFailed(root.path, cause);
  }

  /** The root gave up. */
  childEnded(root: TreeNode): void {
    root.dispose();
    this.#end(1);
  }

  get failure(): ActorError | null {
    return this.#root?.failure ?? null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#root?.stop(true);
    this.#end(this.failure ? 1 : 0);
  }

  tell<M extends Protocol, T extends CastType<M>>(to: ActorRef<M>, type: T, args: ArgsOf<M, T>): void {
    this.#runtime.tell(to, type, args);
  }

  ask<M extends Protocol, T extends RequestType<M>>(
    to: ActorRef<M>,
    type: T,
    args: ArgsOf<M, T>,
    options?: AskOptions,
  ): Promise<ReplyOf<M, T>> {
    return this.#runtime.ask(to, type, args, options);
  }

  startChild(supervisor: string, spec: ChildSpec): Promise<void> {
    return this.#runtime.startChild(null, supervisor, spec);
  }

  stopChild(path: string): Promise<void> {
    return this.#runtime.stopChild(null, path);
  }

  inspect(): Inspection {
    if (this.#root === null) return NOTHING;
    const { lost, logError, asks } = this.#runtime;
    const inspection = this.#root.inspect();
    return { ...inspection, facts: { ...inspection.facts, lost, unanswered: asks.leftCount, logError } };
  }
}

/** What a system shows before its start. */
const NOTHING: Inspection = {
  path: "",
  kind: "supervisor",
  status: "stopped",
  waiting: 0,
  handled: 0,
  refused: 0,
  restarts: 0,
  lastError: null,
  facts: {},
  children: [],
};
