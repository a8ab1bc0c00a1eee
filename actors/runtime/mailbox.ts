/**
 * A bounded queue of messages: a ring of three columns a message, so that a waiting message costs no object of its own.
 *
 * Only what others send counts against the bound. What an actor's own timers, tasks and monitors deliver is always
 * taken: were it refused, the actor would wait for ever for something that has happened; `OWN_SOURCES_MAX` bounds it.
 * So is what the policy names in `always`, which its senders bound.
 */
import type { Ask } from "./asks.ts";
import type { MailboxPolicy } from "../actor.ts";
import type { Receiver } from "./receiver.ts";

/** Marks a message as the actor's own. */
export interface Own {
  readonly own: true;
  /** False when the message is void. Called once, when its turn has come. */
  take(): boolean;
}

/** Who sent it: null for a cast of somebody else. */
export type Origin = Ask | Own | null;

/** `dropped_one`: taken, and the oldest waiting cast was given up for it. */
export type Taken = "taken" | "dropped_one" | "refused";

const COLUMNS = 3;
const CAPACITY_MIN = 8;
/**
 * Above it an emptied ring that was hardly used is halved: a burst must not hold its memory for ever, nor the next one
 * pay for it again.
 */
const CAPACITY_KEPT_MAX = 1_024;

export class Mailbox {
  /** What `next` took out, until `forget`. */
  receiver: Receiver | null = null;
  args: unknown = undefined;
  origin: Origin = null;

  readonly #max: number;
  readonly #dropOldest: boolean;
  #slots: unknown[] = emptySlots(CAPACITY_MIN);
  #capacity = CAPACITY_MIN;
  #head = 0;
  #length = 0;
  /** Most that waited since it was empty. */
  #peak = 0;
  /** Waiting messages that count against the bound. */
  #foreign = 0;
  /**
   * Those of them that are casts: what `drop_oldest` may give up. Counted so that a mailbox full of requests isn't
   * searched in vain.
   */
  #casts = 0;

  constructor(policy: MailboxPolicy) {
    this.#max = policy.max;
    this.#dropOldest = policy.full === "drop_oldest";
  }

  get length(): number {
    return this.#length;
  }

  put(receiver: Receiver, args: unknown, origin: Origin): Taken {
    let taken: Taken = "taken";
    if (isCounted(receiver, origin)) {
      if (this.#foreign >= this.#max) {
        if (!this.#dropOldest || this.#casts === 0) return "refused";
        this.#dropOldestCast();
        taken = "dropped_one";
      }
      this.#foreign++;
      if (origin === null) this.#casts++;
    }
    if (this.#length === this.#capacity) this.#resize(this.#capacity * 2);
    const at = ((this.#head + this.#length) & (this.#capacity - 1)) * COLUMNS;
    this.#slots[at] = receiver;
    this.#slots[at + 1] = args;
    this.#slots[at + 2] = origin;
    if (++this.#length > this.#peak) this.#peak = this.#length;
    return taken;
  }

  /** Takes the oldest message out into `receiver`, `args` and `origin`. The caller has looked at `length`. */
  next(): void {
    const at = this.#head * COLUMNS;
    const slots = this.#slots;
    const origin = slots[at + 2] as Origin;
    this.receiver = slots[at] as Receiver;
    this.args = slots[at + 1];
    this.origin = origin;
    slots[at] = slots[at + 1] = slots[at + 2] = undefined;
    this.#head = (this.#head + 1) & (this.#capacity - 1);
    this.#length--;
    if (isCounted(this.receiver, origin)) {
      this.#foreign--;
      if (origin === null) this.#casts--;
    }
    if (this.#length === 0) {
      if (this.#capacity > CAPACITY_KEPT_MAX && this.#peak * 4 < this.#capacity) this.#resize(this.#capacity / 2);
      this.#peak = 0;
    }
  }

  /** Lets go of what `next` took out, so that an idle actor holds no message. */
  forget(): void {
    this.receiver = null;
    this.args = undefined;
    this.origin = null;
  }

  /**
   * Moves what waits before the oldest cast one place back, over it, and frees the head. Costs as many steps as
   * messages wait before it.
   */
  #dropOldestCast(): void {
    const mask = this.#capacity - 1;
    let index = 0;
    while (!this.#isDroppable(((this.#head + index) & mask) * COLUMNS)) index++;
    const dropped = this.#slots[((this.#head + index) & mask) * COLUMNS];
    for (; index > 0; index--) {
      const to = ((this.#head + index) & mask) * COLUMNS;
      const from = ((this.#head + index - 1) & mask) * COLUMNS;
      for (let column = 0; column < COLUMNS; column++) this.#slots[to + column] = this.#slots[from + column];
    }
    const head = this.#head * COLUMNS; // the head's place is now the cast's, so that `next` counts a cast
    this.#slots[head] = dropped;
    this.#slots[head + 2] = null;
    this.next();
    this.forget();
  }

  #isDroppable(at: number): boolean {
    return this.#slots[at + 2] === null && isCounted(this.#slots[at] as Receiver, null);
  }

  #resize(capacity: number): void {
    const slots = emptySlots(capacity);
    for (let index = 0; index < this.#length; index++) {
      const from = ((this.#head + index) & (this.#capacity - 1)) * COLUMNS;
      for (let column = 0; column < COLUMNS; column++) slots[index * COLUMNS + column] = this.#slots[from + column];
    }
    this.#slots = slots;
    this.#capacity = capacity;
    this.#head = 0;
  }
}

function isCounted(receiver: Receiver, origin: Origin): boolean {
  return !receiver.always && (origin === null || !origin.own);
}

/** Filled, so that the engine keeps it as a dense array. */
function emptySlots(capacity: number): unknown[] {
  return new Array(capacity * COLUMNS).fill(undefined);
}
