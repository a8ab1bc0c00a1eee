/** What the parts of one system share: who lives where, the scheduler, the open requests, the clock and the log. */
import { assert, InvariantError } from "../../core/assert.ts";
import type { Sender } from "../actor.ts";
import { TokenBucket } from "../../core/token_bucket.ts";
import { ASK_DEADLINE_MS_DEFAULT, RESTART_FORGOTTEN_MS, RESTARTS_MAX } from "../limits.ts";
import { type Logger, loggerFor, type LogSink } from "../logger.ts";
import type { Clock, Platform } from "../platform/platform.ts";
import type { ActorRef, ArgsOf, CastType, Protocol, ReplyOf, RequestType } from "../protocol.ts";
import type { ChildSpec } from "../supervisor.ts";
import { ActorCell } from "./actor_cell.ts";
import { Asks } from "./asks.ts";
import { CrashLog } from "./crash_log.ts";
import { noActor, reasonText } from "./errors.ts";
import type { Incarnation } from "./incarnation.ts";
import { TreeNode } from "./node.ts";
import { Scheduler } from "./scheduler.ts";
import { SupervisorNode } from "./supervisor_node.ts";

export class Runtime implements Sender {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly asks: Asks;
  readonly scheduler: Scheduler;
  readonly crashes: CrashLog;
  nextTimerId = 1;
  /** Casts to paths where nobody was. */
  lost = 0;
  /** What the log sink threw last. A log that fails must not stop a guardian, nor be silent: `inspect()` shows it. */
  logError: string | null = null;

  /** Apart, as every message looks up an actor. */
  readonly #actors = new Map<string, ActorCell>();
  readonly #supervisors = new Map<string, SupervisorNode>();
  readonly #log: LogSink;
  /** Of the whole tree, and of all lives of its supervisors. */
  readonly #restarts: TokenBucket;

  constructor(platform: Platform, log: LogSink) {
    this.platform = platform;
    this.clock = platform.clock;
    this.asks = new Asks(platform.clock);
    this.scheduler = new Scheduler(platform.clock, this.asks);
    this.crashes = new CrashLog(platform.clock);
    this.#restarts = new TokenBucket(
      { burst: RESTARTS_MAX, tokens: 1, ms: RESTART_FORGOTTEN_MS },
      platform.clock.monotonicMs(),
    );
    this.#log = (record) => {
      try {
        log(record);
      } catch (thrown) {
        this.logError = reasonText(thrown);
      }
    };
  }

  tell<M extends Protocol, T extends CastType<M>>(to: ActorRef<M>, type: T, args: ArgsOf<M, T>): void {
    const cell = this.#actors.get(to.path);
    if (cell !== undefined && cell.status !== "stopped") return cell.tell(type, args);
    this.lost++;
    this.#log({ level: "debug", path: to.path, message: "lost a message: there is no actor", facts: { type } });
  }

  ask<M extends Protocol, T extends RequestType<M>>(
    to: ActorRef<M>,
    type: T,
    args: ArgsOf<M, T>,
    options?: { readonly deadlineMs?: number },
  ): Promise<ReplyOf<M, T>> {
    const deadlineMs = options?.deadlineMs ?? ASK_DEADLINE_MS_DEFAULT;
    if (!(deadlineMs >= 0)) {
      return Promise.reject(new InvariantError("A deadline is a number of milliseconds, 0 or more"));
    }
    const cell = this.#actors.get(to.path);
    if (cell === undefined || cell.status === "stopped") return Promise.reject(noActor(to.path, type));
    const ask = this.asks.open(to.path, type, deadlineMs);
    cell.ask(ask, args);
    this.scheduler.pumpSoon(); // also when the actor is busy: the pump starts the deadline
    return ask.promise as Promise<ReplyOf<M, T>>;
  }

  /**
   * Counts a restart, wherever it is.
   * @returns false when it is one too many: whoever asks gives up, and so do all above it
   */
  mayRestart(): boolean {
    return this.#restarts.tryTake(1, this.clock.monotonicMs());
  }

  nodeAt(path: string): TreeNode | undefined {
    return this.#actors.get(path) ?? this.#supervisors.get(path);
  }

  register(node: TreeNode): void {
    assert(this.nodeAt(node.path) === undefined, "a path has one owner");
    if (node instanceof ActorCell) this.#actors.set(node.path, node);
    else this.#supervisors.set(node.path, node as SupervisorNode);
  }

  unregister(node: TreeNode): void {
    if (this.nodeAt(node.path) !== node) return;
    this.#actors.delete(node.path);
    this.#supervisors.delete(node.path);
  }

  async startChild(caller: Incarnation | null, path: string, spec: ChildSpec): Promise<void> {
    const node = this.#supervisors.get(path);
    if (node === undefined || node.status === "stopped") throw noActor(path, "startChild");
    await node.addChild(spec, caller);
  }

  /** A caller that stops itself, or a supervisor above it, isn't made to wait for its own end. */
  async stopChild(caller: Incarnation | null, path: string): Promise<void> {
    const node = this.nodeAt(path);
    if (node === undefined || !(node.parent instanceof SupervisorNode)) return;
    const stopped = node.parent.removeChild(node);
    if (caller === null || !this.isWithin(caller.cell, node)) await stopped;
  }

  isWithin(node: TreeNode, above: TreeNode): boolean {
    for (let at: unknown = node; at instanceof TreeNode; at = at.parent) if (at === above) return true;
    return false;
  }

  loggerFor(path: string): Logger {
    return loggerFor(path, this.#log);
  }

  close(): void {
    this.scheduler.close();
    this.asks.close();
  }
}
