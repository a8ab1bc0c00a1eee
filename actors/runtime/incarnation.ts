/**
 * One life of an actor, from init to its end, and the context that its handlers get. All that belongs to this life
 * hangs here: timers, tasks, monitors, requests left for later, the signal. When it ends, they end, and a context that
 * old code still holds does nothing any more: it sends nothing and asks fail with `down`.
 *
 * What timers, tasks and monitors deliver is put into the mailbox with its incarnation, and is skipped when that one is
 * over: otherwise each crash of an actor that ticks would add one more tick.
 */
import { assert, InvariantError } from "../../core/assert.ts";
import { err, ok, type Result } from "../../core/result.ts";
import type { ActorContext, AskOptions, StopReason, TimerId } from "../actor.ts";
import type { ActorError } from "../error.ts";
import { OWN_SOURCES_MAX } from "../limits.ts";
import type { Logger } from "../logger.ts";
import type { Platform, Timer } from "../platform/platform.ts";
import type { ActorRef, ArgsOf, CastMessage, CastType, Protocol, ReplyOf, ReplyTo, RequestType } from "../protocol.ts";
import type { ChildSpec } from "../supervisor.ts";
import type { ActorCell } from "./actor_cell.ts";
import type { Ask } from "./asks.ts";
import { down, reasonText } from "./errors.ts";
import type { Own } from "./mailbox.ts";
import type { TreeNode, Watch } from "./node.ts";
import type { Receiver } from "./receiver.ts";
import type { Runtime } from "./runtime.ts";

/** Marks a waiting message as one that the actor's own timer, task or monitor delivered. */
class OwnMessage implements Own {
  readonly own = true;
  readonly incarnation: Incarnation;
  /** 0 for a task's or monitor's. */
  readonly timerId: TimerId;

  constructor(incarnation: Incarnation, timerId: TimerId) {
    this.incarnation = incarnation;
    this.timerId = timerId;
  }

  /**
   * False when its incarnation is over, or its timer was cancelled after it fired. Called once, when the message's turn
   * has come.
   */
  take(): boolean {
    return !this.incarnation.ended && (this.timerId === 0 || this.incarnation.timerDone(this.timerId));
  }
}

/** Stands for a message that could not be made: its turn is a crash like any other. */
const THROWS: Receiver = {
  always: false,
  type: "(own message)",
  handle: (_state, thrown) => {
    throw thrown;
  },
};

export class Incarnation implements ActorContext<Protocol> {
  readonly self: ActorRef<Protocol>;
  readonly cell: ActorCell;
  ended = false;
  /** Requests that handlers left to be answered later. */
  readonly left = new Set<Ask>();

  /** What waits in vain fails with, once it is to stop; null before. */
  stopped: ActorError | null = null;

  readonly #runtime: Runtime;
  readonly #untilStop = new Set<(error: ActorError) => void>();
  readonly #timers = new Map<TimerId, Timer>();
  readonly #monitors = new Map<Watch, TreeNode>();
  #tasks = 0;
  #controller: AbortController | null = null;
  #stopping: AbortController | null = null;

  constructor(runtime: Runtime, cell: ActorCell) {
    this.#runtime = runtime;
    this.cell = cell;
    this.self = { path: cell.path };
  }

  /** Its init has not finished. */
  get initialising(): boolean {
    return !this.ended && (this.cell.status === "starting" || this.cell.status === "restarting");
  }

  get platform(): Platform {
    return this.#runtime.platform;
  }

  get log(): Logger {
    return this.cell.log;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) { // made when asked for: most actors never do
      this.#controller = new AbortController();
      if (this.ended) this.#controller.abort(down(this.self.path, ""));
    }
    return this.#controller.signal;
  }

  tell<M extends Protocol, T extends CastType<M>>(to: ActorRef<M>, type: T, args: ArgsOf<M, T>): void {
    if (!this.ended) this.#runtime.tell(to, type, args);
    else this.log.debug("dropped what an ended incarnation sent", { to: to.path, type });
  }

  ask<M extends Protocol, T extends RequestType<M>>(
    to: ActorRef<M>,
    type: T,
    args: ArgsOf<M, T>,
    options?: AskOptions,
  ): Promise<ReplyOf<M, T>> {
    if (this.ended) return Promise.reject(down(this.self.path, type));
    if (!options?.untilStop) return this.#runtime.ask(to, type, args, options);
    if (this.stopped !== null) return Promise.reject(this.stopped);
    return this.#orStopped(this.#runtime.ask(to, type, args, options));
  }

  #orStopped<T>(asked: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#untilStop.add(reject);
      const settled = (settle: () => void): void => {
        this.#untilStop.delete(reject);
        settle();
      };
      asked.then((value) => settled(() => resolve(value)), (thrown) => settled(() => reject(thrown)));
    });
  }

  /** It is to stop: nothing that may take for ever is waited for any more. */
  stop(): void {
    this.stopped ??= down(this.self.path, "");
    for (const reject of [...this.#untilStop]) reject(this.stopped);
    this.#untilStop.clear();
    this.#stopping?.abort(this.stopped);
  }

  get stopping(): AbortSignal {
    if (this.#stopping === null) {
      this.#stopping = new AbortController();
      if (this.stopped !== null) this.#stopping.abort(this.stopped);
    }
    return this.#stopping.signal;
  }

  reply<R>(to: ReplyTo<R>, value: R): void {
    if (!this.ended) this.cell.answer(to.id, value);
  }

  after(delayMs: number, message: CastMessage<Protocol>): TimerId {
    if (this.ended) return 0;
    assert(Number.isFinite(delayMs) && delayMs >= 0, "a timer's delay is a number of milliseconds, 0 or more");
    this.#checkSources();
    const id = this.#runtime.nextTimerId++;
    const own = new OwnMessage(this, id);
    // It stays in the table until its message is handled, so that `cancel` also holds back a message that waits.
    this.#timers.set(id, this.#runtime.clock.setTimer(delayMs, () => this.#deliver(own, () => message)));
    return id;
  }

  cancel(timer: TimerId): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.delete(timer);
  }

  timerDone(timer: TimerId): boolean {
    return this.#timers.delete(timer);
  }

  monitor(ref: ActorRef<Protocol>, message: (reason: StopReason | "no_actor") => CastMessage<Protocol>): void {
    if (this.ended) return;
    this.#checkSources();
    const node = this.#runtime.nodeAt(ref.path);
    if (node === undefined || node.status === "stopped") {
      this.#deliver(new OwnMessage(this, 0), () => message("no_actor"));
      return;
    }
    const watch: Watch = {
      ended: (reason) => {
        this.#monitors.delete(watch);
        this.#deliver(new OwnMessage(this, 0), () => message(reason));
      },
    };
    this.#monitors.set(watch, node);
    node.watch(watch);
  }

  run<T>(
    task: (signal: AbortSignal) => Promise<T>,
    done: (outcome: Result<T, unknown>) => CastMessage<Protocol>,
  ): void {
    if (this.ended) return;
    this.#checkSources();
    this.#tasks++;
    const finished = (outcome: Result<T, unknown>): void => {
      this.#tasks--;
      if (!this.ended) this.#deliver(new OwnMessage(this, 0), () => done(outcome));
      else if (!outcome.ok) this.log.debug("dropped a late failure of a task", { reason: reasonText(outcome.error) });
    };
    // Through an async function, so that a task that throws before its first await fails like any other.
    (async () => await task(this.signal))().then((value) => finished(ok(value)), (thrown) => finished(err(thrown)));
  }

  startChild(supervisor: string, spec: ChildSpec): Promise<void> {
    if (this.ended) return Promise.reject(down(this.self.path, "startChild"));
    return this.#runtime.startChild(this, supervisor, spec);
  }

  stopChild(path: string): Promise<void> {
    if (this.ended) return Promise.reject(down(this.self.path, "stopChild"));
    return this.#runtime.stopChild(this, path);
  }

  /** Ends all that belongs to this incarnation. Listeners of the signal run last, when everything else is in order. */
  end(): void {
    this.ended = true;
    this.stop();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    for (const [watch, node] of this.#monitors) node.unwatch(watch);
    this.#monitors.clear();
    for (const ask of [...this.left]) ask.fail(down(ask.path, ask.type));
    this.#controller?.abort(down(this.self.path, ""));
  }

  #deliver(own: OwnMessage, make: () => CastMessage<Protocol>): void {
    if (this.ended) return;
    let message: CastMessage<Protocol>;
    try {
      message = make();
    } catch (thrown) {
      this.cell.putOwn(THROWS, thrown, own);
      return;
    }
    const receiver = this.cell.receivers.get(message.type);
    if (receiver !== undefined) this.cell.putOwn(receiver, message.args, own);
    else this.cell.putOwn(THROWS, new InvariantError(`An actor has a handler for its own "${message.type}"`), own);
  }

  #checkSources(): void {
    const sources = this.#timers.size + this.#tasks + this.#monitors.size;
    assert(
      sources < OWN_SOURCES_MAX,
      `an actor has fewer than ${OWN_SOURCES_MAX} timers, tasks and monitors at a time`,
    );
  }
}
