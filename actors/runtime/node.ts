/**
 * What actors and supervisors have in common: a place in the tree, a status, counters, and others that watch for their
 * end.
 */
import { assert } from "../../core/assert.ts";
import type { StopReason } from "../actor.ts";
import { CHILD_ID_LENGTH_MAX } from "../limits.ts";
import type { Logger } from "../logger.ts";
import type { Inspection } from "../system.ts";
import { reasonText } from "./errors.ts";
import type { Runtime } from "./runtime.ts";

/** `stopped`: a stop came before it ran, and won. */
export type StartOutcome = "running" | "stopped" | { readonly failed: unknown };

/**
 * Told when a child has ended by itself; decides before it returns whether the child is disposed of or starts again.
 */
export interface Parent {
  /** Null at the root. */
  readonly path: string | null;
  childEnded(child: TreeNode, reason: StopReason): void;
}

/** Somebody that waits for a node's end. */
export interface Watch {
  ended(reason: StopReason): void;
}

export abstract class TreeNode {
  abstract readonly kind: "actor" | "supervisor";
  readonly id: string;
  readonly path: string;
  readonly parent: Parent;
  readonly log: Logger;
  status: Inspection["status"] = "stopped";
  restarts = 0;
  refused = 0;
  lastError: string | null = null;

  protected readonly runtime: Runtime;
  readonly #watches = new Set<Watch>();

  constructor(runtime: Runtime, parent: Parent, id: string) {
    assert(id !== "" && id.length <= CHILD_ID_LENGTH_MAX, `a child's id has 1 to ${CHILD_ID_LENGTH_MAX} characters`);
    this.runtime = runtime;
    this.parent = parent;
    this.id = id;
    this.path = parent.path === null ? id : `${parent.path}/${id}`;
    this.log = runtime.loggerFor(this.path);
  }

  /** Begins an incarnation; there is none. Resolves when it is initialised, or will never be. */
  abstract start(): Promise<StartOutcome>;

  /**
   * Ends the incarnation in order, within its deadline. `final`: it will not start again, so whoever waits for an
   * answer is told; otherwise what waits is held for the next incarnation.
   */
  abstract stop(final: boolean): Promise<void>;

  /** Gives up what is held for a next incarnation: there will be none. The node has none now. */
  abstract dispose(): void;

  abstract inspect(): Inspection;

  watch(watch: Watch): void {
    this.#watches.add(watch);
  }

  unwatch(watch: Watch): void {
    this.#watches.delete(watch);
  }

  protected tellWatches(reason: StopReason): void {
    const watches = [...this.#watches];
    this.#watches.clear();
    for (const watch of watches) watch.ended(reason);
  }

  /**
   * Counts a message that was not taken. Logs the first, and then whenever their number has doubled: under overload a
   * log must not add to it.
   */
  protected refuse(type: string, why: string): void {
    this.refused++;
    if ((this.refused & (this.refused - 1)) === 0) this.log.warn(why, { type, refused: this.refused });
  }

  /** Keeps and logs what went wrong. The stack is the way to the bug. @param who see `CrashLog` */
  protected failed(who: string, message: string, thrown: unknown, facts: { readonly type?: string } = {}): void {
    const reason = reasonText(thrown);
    this.lastError = reason;
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.runtime.crashes.tell(who, this.log, { message, reason, stack, ...facts });
  }
}
