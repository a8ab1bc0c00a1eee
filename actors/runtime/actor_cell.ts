/**
 * An actor's place in the tree: the mailbox, which outlives crashes, and at most one incarnation that handles what is
 * in it.
 *
 * - A message whose handler throws is gone, its asker gets `down`; so do those whose requests were left for later. All
 *   other waiting messages, and those that come while the actor restarts, are held for the next incarnation, up to the
 *   mailbox's bound.
 * - When there will be no next incarnation, whoever waits gets `down`, and later `no_actor`. Waiting casts are counted
 *   as refused.
 * - A request whose asker has given up (its deadline passed) is not begun.
 * - A stop lets the message in hand finish, unless it waits for what may take for ever (`untilStop`), then runs
 *   `terminate`; what waits is not handled any more. After
 *   `shutdownMs` the actor is abandoned: its code may run on, but what it does through its context, through a store
 *   fenced by its signal, or returns, has no effect.
 */
import { assert, InvariantError } from "../../core/assert.ts";
import type { Step, StopReason } from "../actor.ts";
import { DEFAULT_MAILBOX } from "../actor.ts";
import { MAILBOX_MESSAGES_MAX } from "../limits.ts";
import type { Timer } from "../platform/platform.ts";
import type { ReplyTo } from "../protocol.ts";
import type { ActorChild } from "../supervisor.ts";
import type { Inspection } from "../system.ts";
import type { Ask } from "./asks.ts";
import { down, noActor, overloaded, reasonText } from "./errors.ts";
import { Incarnation } from "./incarnation.ts";
import { Mailbox, type Origin, type Own } from "./mailbox.ts";
import { type Parent, type StartOutcome, TreeNode } from "./node.ts";
import { type AnyDefinition, type Receiver, receiversOf } from "./receiver.ts";
import type { Runtime } from "./runtime.ts";
import type { Ready } from "./scheduler.ts";

/** `from` of a cast: answering it does nothing. */
const NOBODY: ReplyTo<never> = { id: 0 };

/** Before init has finished, and after the end. */
const NO_STATE = Symbol("no state");

/** An end under way: by itself, or because its supervisor stops it. */
type Ending = {
  reason: StopReason;
  /** Resolved at the end; none while the actor ends by itself. */
  readonly stoppers: (() => void)[];
  final: boolean;
  timer: Timer | null;
};

export class ActorCell extends TreeNode implements Ready {
  readonly kind = "actor";
  readonly receivers: ReadonlyMap<string, Receiver>;
  nextReady: Ready | null = null;

  readonly #definition: AnyDefinition;
  readonly #args: unknown;
  readonly #shutdownMs: number;
  readonly #mailbox: Mailbox;
  #handled = 0;
  /** In the scheduler's queue, once at most. */
  #scheduled = false;

  #incarnation: Incarnation | null = null;
  #state: unknown = NO_STATE;
  /** Init, a handler or terminate is at work. */
  #busy = false;
  /** The request in hand. */
  #current: Ask | null = null;
  #started: ((outcome: StartOutcome) => void) | null = null;
  #ending: Ending | null = null;

  constructor(runtime: Runtime, parent: Parent, spec: ActorChild) {
    super(runtime, parent, spec.id);
    this.#definition = spec.definition as AnyDefinition;
    this.#args = spec.args;
    this.#shutdownMs = spec.shutdownMs;
    this.receivers = receiversOf(this.#definition);
    const policy = this.#definition.mailbox ?? DEFAULT_MAILBOX;
    assert(
      Number.isInteger(policy.max) && policy.max >= 1 && policy.max <= MAILBOX_MESSAGES_MAX,
      `a mailbox holds 1 to ${MAILBOX_MESSAGES_MAX} messages`,
    );
    this.#mailbox = new Mailbox(policy);
  }

  // ---- Messages ----

  tell(type: string, args: unknown): void {
    const receiver = this.receivers.get(type);
    if (receiver === undefined) this.refuse(type, "refused a message that it has no handler for");
    else this.#put(receiver, args, null);
  }

  ask(ask: Ask, args: unknown): void {
    const receiver = this.receivers.get(ask.type);
    if (receiver === undefined) {
      this.refuse(ask.type, "refused a message that it has no handler for");
      ask.fail(noActor(this.path, ask.type));
    } else if (!this.#put(receiver, args, ask)) ask.fail(overloaded(this.path, ask.type));
  }

  putOwn(receiver: Receiver, args: unknown, own: Own): void {
    this.#put(receiver, args, own);
  }

  /** The request in hand is not in the table of those left for later. */
  answer(id: number, value: unknown): void {
    if (this.#current !== null && this.#current.to.id === id) this.#current.answer(value);
    else this.runtime.asks.answerLater(id, value);
  }

  #put(receiver: Receiver, args: unknown, origin: Origin): boolean {
    const taken = this.#mailbox.put(receiver, args, origin);
    if (taken !== "taken") {
      this.refuse(
        receiver.type,
        taken === "refused" ? "refused a message: the mailbox is full" : "dropped the oldest cast: the mailbox is full",
      );
    }
    this.#scheduleWhenReady();
    return taken !== "refused";
  }

  #scheduleWhenReady(): void {
    if (this.#scheduled || this.#busy || this.status !== "running" || this.#mailbox.length === 0) return;
    this.#scheduled = true;
    this.runtime.scheduler.add(this);
  }

  turn(messagesMax: number): number {
    this.#scheduled = false;
    let count = 0;
    while (count < messagesMax && !this.#busy && this.status === "running" && this.#mailbox.length > 0) {
      this.#handleNext();
      count++;
    }
    this.#scheduleWhenReady();
    return count;
  }

  #handleNext(): void {
    const mailbox = this.#mailbox;
    mailbox.next();
    const receiver = mailbox.receiver!;
    const args = mailbox.args;
    const origin = mailbox.origin;
    mailbox.forget();

    let ask: Ask | null = null;
    if (origin !== null) {
      if (origin.own) {
        if (!origin.take()) return;
      } else if (origin.settled) {
        this.refused++;
        return;
      } else ask = origin;
    }

    const incarnation = this.#incarnation!;
    this.#handled++;
    this.#current = ask;
    this.#busy = true;
    let step: Step<unknown, unknown> | Promise<Step<unknown, unknown>>;
    try {
      step = receiver.handle(this.#state, args, incarnation, ask === null ? NOBODY : ask.to);
    } catch (thrown) {
      this.#crash(thrown, receiver.type);
      return;
    }
    if (step instanceof Promise) this.#await(step, incarnation, receiver.type);
    else this.#take(step, incarnation, receiver.type);
  }

  /** A handler that goes on later; others may answer its request meanwhile. */
  #await(step: Promise<Step<unknown, unknown>>, incarnation: Incarnation, type: string): void {
    if (this.#current !== null) this.runtime.asks.leave(this.#current, incarnation.left);
    step.then(
      (step) => {
        if (this.#incarnation !== incarnation) return; // abandoned: what it made of its state is gone with it
        this.#take(step, incarnation, type);
        this.#scheduleWhenReady();
      },
      (thrown) => {
        if (this.#incarnation === incarnation) {
          if (this.#ending === null || thrown !== incarnation.stopped) this.#crash(thrown, type);
          else this.#terminate();
        } else this.log.debug("an abandoned handler failed", { type, reason: reasonText(thrown) });
      },
    );
  }

  /** Does what a handler returned. */
  #take(step: Step<unknown, unknown>, incarnation: Incarnation, type: string): void {
    const ask = this.#current;
    switch (step?.do) {
      case "next":
        this.#state = step.state;
        if (ask !== null) this.runtime.asks.leave(ask, incarnation.left);
        break;
      case "reply":
        this.#state = step.state;
        if (ask !== null) ask.answer(step.value);
        break;
      case "stop":
        this.#state = step.state;
        if (typeof step.reason === "object") return this.#crash(step.reason.crashed, type);
        if (ask !== null) this.runtime.asks.leave(ask, incarnation.left);
        if (this.#ending === null) this.#beginEnding(step.reason);
        break;
      default:
        return this.#crash(new InvariantError("A handler returns next, reply or stop"), type);
    }
    this.#current = null;
    this.#busy = false;
    if (this.#ending !== null) this.#terminate();
  }

  // ---- Life ----

  start(): Promise<StartOutcome> {
    assert(this.#incarnation === null, "an actor has one incarnation at a time");
    this.status = this.status === "restarting" ? "restarting" : "starting";
    const incarnation = new Incarnation(this.runtime, this);
    this.#incarnation = incarnation;
    this.#busy = true;
    return new Promise((resolve) => {
      this.#started = resolve;
      let state: unknown;
      try {
        state = this.#definition.init(incarnation, this.#args);
      } catch (thrown) {
        return this.#initFailed(thrown);
      }
      if (!(state instanceof Promise)) return this.#initialised(state);
      state.then(
        (state) => this.#incarnation === incarnation && this.#initialised(state),
        (thrown) => {
          if (this.#incarnation === incarnation) {
            if (this.#ending === null || thrown !== incarnation.stopped) this.#initFailed(thrown);
            else this.#end(this.#ending.reason);
          } else this.log.debug("an abandoned init failed", { reason: reasonText(thrown) });
        },
      );
    });
  }

  #initialised(state: unknown): void {
    this.#state = state;
    this.#busy = false;
    if (this.#ending !== null) return this.#terminate();
    this.status = "running";
    this.#started!("running");
    this.#started = null;
    this.#scheduleWhenReady();
  }

  #initFailed(thrown: unknown): void {
    this.#failed("could not start", thrown);
    this.#end({ crashed: thrown });
  }

  #crash(thrown: unknown, type: string): void {
    this.#failed("crashed", thrown, { type });
    this.#end({ crashed: thrown });
  }

  #failed(message: string, thrown: unknown, facts?: { readonly type: string }): void {
    this.failed(this.#definition.name, message, thrown, facts);
  }

  stop(final: boolean): Promise<void> {
    if (this.#incarnation === null) {
      if (final) this.dispose();
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const ending = this.#ending ?? this.#beginEnding("shutdown");
    ending.stoppers.push(resolve);
    ending.final ||= final;
    if (!this.#busy) this.#terminate();
    return promise;
  }

  #beginEnding(reason: StopReason): Ending {
    this.status = "stopping";
    const ending: Ending = { reason, stoppers: [], final: false, timer: null };
    this.#ending = ending;
    this.#incarnation?.stop();
    if (this.#shutdownMs !== Infinity) {
      ending.timer = this.runtime.clock.setTimer(this.#shutdownMs, () => {
        this.lastError = `did not stop within ${this.#shutdownMs} ms`;
        this.log.warn("abandoned: it did not stop in time", { shutdownMs: this.#shutdownMs });
        this.#end(ending.reason);
      });
    }
    return ending;
  }

  #terminate(): void {
    const ending = this.#ending!;
    const incarnation = this.#incarnation!;
    const terminateFailed = (thrown: unknown): void => {
      this.#failed("crashed while it stopped", thrown);
      this.#end({ crashed: thrown });
    };
    this.#busy = true;
    let done: void | Promise<void>;
    try {
      done = this.#definition.terminate?.(this.#state, incarnation, ending.reason);
    } catch (thrown) {
      return terminateFailed(thrown);
    }
    if (!(done instanceof Promise)) return this.#end(ending.reason);
    done.then(
      () => this.#incarnation === incarnation && this.#end(ending.reason),
      (thrown) => {
        if (this.#incarnation === incarnation) terminateFailed(thrown);
        else this.log.debug("an abandoned terminate failed", { reason: reasonText(thrown) });
      },
    );
  }

  /** The one way out of an incarnation. */
  #end(reason: StopReason): void {
    const incarnation = this.#incarnation!;
    const ending = this.#ending;
    const started = this.#started;
    const current = this.#current;
    ending?.timer?.cancel();
    this.#incarnation =
      this.#ending =
      this.#started =
      this.#current =
        null;
    this.#state = NO_STATE;
    this.#busy = false;
    this.status = "restarting"; // unless whoever decides disposes of it
    current?.fail(down(this.path, current.type));
    incarnation.end();
    this.tellWatches(reason);

    if (ending !== null && ending.stoppers.length > 0) {
      if (ending.final) this.dispose();
      started?.("stopped");
      for (const stopped of ending.stoppers) stopped();
    } else if (started !== null) started({ failed: (reason as { crashed: unknown }).crashed });
    else this.parent.childEnded(this, reason);
  }

  dispose(): void {
    assert(this.#incarnation === null, "an actor that is disposed of has ended");
    this.status = "stopped";
    let casts = 0;
    while (this.#mailbox.length > 0) {
      this.#mailbox.next();
      const origin = this.#mailbox.origin;
      if (origin === null) casts++;
      else if (!origin.own) origin.fail(down(this.path, origin.type));
    }
    this.#mailbox.forget();
    this.refused += casts;
    if (casts > 0) this.log.debug("ended with messages waiting", { casts });
    this.tellWatches("shutdown");
  }

  inspect(): Inspection {
    return {
      path: this.path,
      kind: "actor",
      status: this.status,
      waiting: this.#mailbox.length,
      handled: this.#handled,
      refused: this.refused,
      restarts: this.restarts,
      lastError: this.lastError,
      facts: this.#facts(),
      children: [],
    };
  }

  #facts(): Inspection["facts"] {
    if (this.#definition.inspect === undefined || this.#state === NO_STATE) return {};
    try {
      return this.#definition.inspect(this.#state);
    } catch (thrown) { // whoever looks must not harm the actor, and is told what is wrong with the view
      return { inspectError: reasonText(thrown) };
    }
  }
}
