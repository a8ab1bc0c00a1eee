/**
 * Requests that wait for their answer.
 *
 * The usual request is answered within the microtask that handles it, so nothing is spent on its deadline before that: a new request is
 * only noted, and the pump, when it ends, gives those still open a place in a queue of their deadline's length (`deadlines.ts`). No time
 * passes between, as the pump runs in the microtask after the request. Likewise an id is entered in a table only when its handler has left
 * the request for later.
 */
import type { ActorError } from "../error.ts";
import type { Clock } from "../platform/platform.ts";
import type { ReplyTo } from "../protocol.ts";
import { Deadlines } from "./deadlines.ts";
import { deadlinePassed } from "./errors.ts";

/** One request: a promise for the asker, an id for the actor that is asked. */
export class Ask {
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

  /** Place in the queue of its deadline; null while in none. */
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
    if (this.earlier !== null || this.leftIn !== null) this.#asks.settled(this);
  }
}

export class Asks {
  readonly #deadlines: Deadlines;
  readonly #leftForLater = new Map<number, Ask>();
  readonly #fresh: Ask[] = [];
  #nextId = 1;

  constructor(clock: Clock) {
    this.#deadlines = new Deadlines(clock, (ask) => ask.fail(deadlinePassed(ask.path, ask.type, ask.deadlineMs)));
  }

  /** The caller sees to it that the pump runs soon: it starts the deadline. */
  open(path: string, type: string, deadlineMs: number): Ask {
    const ask = new Ask(this, this.#nextId++, path, type, deadlineMs);
    if (deadlineMs !== Infinity) this.#fresh.push(ask);
    return ask;
  }

  /** Starts the deadlines of requests that came since the last call and are still open. */
  startDeadlines(): void {
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    for (let i = 0; i < fresh.length; i++) {
      const ask = fresh[i]!;
      if (!ask.settled) this.#deadlines.add(ask);
    }
    fresh.length = 0;
    this.#deadlines.forgetNow();
  }

  /** The handler left the request: whoever holds its id may answer it, until `set`'s owner ends. */
  leave(ask: Ask, set: Set<Ask>): void {
    if (ask.settled || ask.leftIn !== null) return;
    ask.leftIn = set;
    set.add(ask);
    this.#leftForLater.set(ask.to.id, ask);
  }

  /** Answers a request that was left for later; nothing happens when it has been answered, or its actor or asker is gone. */
  answerLater(id: number, value: unknown): void {
    this.#leftForLater.get(id)?.answer(value);
  }

  settled(ask: Ask): void {
    if (ask.earlier !== null) this.#deadlines.remove(ask);
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
