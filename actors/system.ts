/** One process' actors: starts a tree, sends from outside, shows what lives, stops in order. */
import type { Sender } from "./actor.ts";
import type { ActorError } from "./error.ts";
import type { LogSink } from "./logger.ts";
import type { Platform } from "./platform/platform.ts";
import type { ChildSpec, SupervisorSpec } from "./supervisor.ts";

export type SystemOptions = { readonly platform: Platform; readonly log: LogSink };

/** A live actor or supervisor, as JSON. */
export type Inspection = {
  readonly path: string;
  readonly kind: "actor" | "supervisor";
  readonly status: "starting" | "running" | "restarting" | "stopping" | "stopped";
  readonly waiting: number;
  readonly handled: number;
  readonly refused: number;
  readonly restarts: number;
  readonly lastError: string | null;
  readonly facts: Record<string, string | number | boolean | null>;
  readonly children: readonly Inspection[];
};

export interface ActorSystem extends Sender {
  /** Resolves when every child of the tree has been initialised. @throws {ActorError} `start_failed` */
  start(tree: SupervisorSpec): Promise<void>;
  /**
   * Starts a child under the supervisor at `supervisor` (a path). Resolves when its init has finished.
   * @throws {ActorError} `start_failed` · `duplicate_path` · `no_actor`
   */
  startChild(supervisor: string, spec: ChildSpec): Promise<void>;
  /** Stops a child and removes it. Nothing happens when there is none. */
  stopChild(path: string): Promise<void>;
  inspect(): Inspection;
  /** Stops everything, last started first, each within its deadline. */
  stop(): Promise<void>;
  /** Resolves with the exit code: 0 after `stop`, 1 when the root gave up. */
  readonly ended: Promise<number>;
  /** Why the root gave up, with who crashed and how: `gave_up`. Null unless it did. */
  readonly failure: ActorError | null;
}
