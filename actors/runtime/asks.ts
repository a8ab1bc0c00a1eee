/**
 * Requests that wait for their answer.
 *
 * The usual request is answered within the microtask that handles it, so nothing is spent on its deadline before that:
 * a new request is only noted, and the pump, when it ends, gives those still open a place in a queue of their
 * deadline's length (`deadlines.ts`). No time passes between, as the pump runs in the microtask after the request.
 * Likewise an id is entered in a table only when its handler has left the request for later.
 */
import type { ActorError } from "../error.ts";
import type { Clock } from "../platform/platform.ts";
import type { ReplyTo } from "../protocol.ts";
import { type DeadlineQueue, Deadlines, type Due } from "./deadlines.ts";
import { deadlinePassed } from "./errors.ts";

/** One request: a promise for the asker, an id for the actor that is asked. */
export class Ask implements Due<Ask> {
  readonly own = false;
  readonly path: string;
  readonly type: string;
  readonly deadlineMs: number;
  readonly promise: Promise<unknown>;
  settled = false;

  /** What the handler is given: plain data, apart from this object, so that it may travel. */
  readonly to: ReplyTo<unknown>;
  /** The asked incarnation's requests left for later, while this is one of them. */
  leftIn: Set<Ask> | null = null;

  /**
   * Place in the queue of its deadline; null while in none. `later` also links those whose deadline has not started.
   */
  queue: DeadlineQueue<Ask> | null = null;
  dueMs = 0;
  earlier: Ask | null = null;
  later: Ask | null = null;

  readonly #asks: Asks;
  #resolve!: (value: unknown) => void;
  #reject!: (error: ActorError) => void;

  constructor(asks: Asks, id: number, path: string, type: string, deadlineMs: number) {
    this.#asks = asks;
    this.to = { id };
    this.path = path;
    this.type = type;
    this.deadlineMs = deadlineMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** A second answer, or one after the deadline, is ignored. */
  answer(value: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#resolve(value);
  }

  fail(error: ActorError): void {
    if (this.settled) return;
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    this.settled = true;
    if (this.queue !== null || this.leftIn !== null) this.#asks.settled(this);
  }
}

export class Asks {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines<Ask>;
  readonly #leftForLater = new Map<number, Ask>();
  /** Requests whose deadline has not started, linked by `later`: an array emptied so often costs more than they do. */
  #freshFirst: Ask | null = null;
  #freshLast: Ask | null = null;
  #nextId = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock, (ask) => ask.fail(deadlinePassed(ask.path, ask.type, ask.deadlineMs)));
  }

  /** Requests that handlers have left for later and nobody has answered yet. */
  get leftCount(): number {
    return this.#leftForLater.size;
  }

  /** The caller sees to it that the pump runs soon: it starts the deadline. */
  open(path: string, type: string, deadlineMs: number): Ask {
    const ask = new Ask(this, this.#nextId++, path, type, deadlineMs);
    if (deadlineMs === Infinity) return ask;
    if (this.#freshLast === null) this.#freshFirst = ask;
    else this.#freshLast.later = ask;
    this.#freshLast = ask;
    return ask;
  }

  /** Starts the deadlines of requests that came since the last call and are still open. */
  startDeadlines(): void {
    let nowMs: number | null = null; // read when needed, and once: it costs as much as a message
    let ask = this.#freshFirst;
    this.#freshFirst = this.#freshLast = null;
    while (ask !== null) {
      const later: Ask | null = ask.later;
      ask.later = null;
      if (!ask.settled) this.#deadlines.add(ask, nowMs ??= this.#clock.monotonicMs());
      ask = later;
    }
  }

  /** The handler left the request: whoever holds its id may answer it, until `set`'s owner ends. */
  leave(ask: Ask, set: Set<Ask>): void {
    if (ask.settled || ask.leftIn !== null) return;
    ask.leftIn = set;
    set.add(ask);
    this.#leftForLater.set(ask.to.id, ask);
  }

  /**
   * Answers a request that was left for later; nothing happens when it has been answered, or its actor or asker is
   * gone.
   */
  answerLater(id: number, value: unknown): void {
    this.#leftForLater.get(id)?.answer(value);
  }

  settled(ask: Ask): void {
    if (ask.queue !== null) this.#deadlines.remove(ask);
    if (ask.leftIn !== null) {
      ask.leftIn.delete(ask);
      ask.leftIn = null;
      this.#leftForLater.delete(ask.to.id);
    }
  }

  /** Cancels every timer; the system has ended and no request is open. */
  close(): void {
    this.#deadlines.close();
  }
}
