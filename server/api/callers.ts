/**
 * Everybody who is connected to the API: places, budgets and calls under way are bounded for each source and in all, so
 * that one of them neither shuts the others out nor takes their time, nor all of them the guardian's.
 */
import type { Place } from "../../actors/platform/places.ts";
import { Places } from "../../actors/platform/places.ts";
import type { Address, Clock } from "../../actors/platform/platform.ts";
import { sourceOf, UNNAMED_SOURCE } from "../../actors/platform/source.ts";
import type { Source } from "../../actors/turns.ts";
import { Turns } from "../../actors/turns.ts";
import type { BucketTerms } from "../../core/token_bucket.ts";
import { Budget } from "./budget.ts";
import type { Price } from "./dispatch.ts";
import {
  ALL_CALLS,
  ANSWER_UNITS_OF_ALL,
  BUDGETS_MAX,
  CALLS_MAX,
  HTTP_REQUEST_UNITS,
  HTTP_UNNAMED_WAITING_MAX,
  OWN_CALLS,
  UNTAKEN_TOTAL_BYTES_MAX,
} from "./limits.ts";

export type CallersBounds = {
  readonly connectionsMax: number;
  /** Of one public address. */
  readonly connectionsPerAddress: number;
  /** Units that all callers together may ask for. */
  readonly all?: BucketTerms;
};

/** Calls that have begun. */
export type Begun = {
  /** What is done for them, maybe beyond their caller's end: only then they take up nothing any more. */
  works(work: Promise<unknown>): void;
  /** They are over: once. @param answered units of their answer */
  end(answered: number): void;
};

type UnderWay = { readonly price: Price; readonly work: Promise<unknown>[] };

type Connected = { readonly untakenBytes: () => number; readonly close: () => void };

export class Callers {
  readonly #places: Places;
  readonly #budgets = new Map<string, Budget>();
  readonly #connected = new Set<Connected>();
  readonly #clock: Clock;
  /** Calls under way beyond each connection's own. */
  #sharedCalls = 0;
  /** Requests of nobody's budget that wait for their turn. */
  #unnamedWaiting = 0;
  readonly turns: Turns;

  constructor({ connectionsMax, connectionsPerAddress, all = ALL_CALLS }: CallersBounds, clock: Clock) {
    this.#places = new Places({ max: connectionsMax, sourceMax: connectionsPerAddress });
    this.#clock = clock;
    this.turns = new Turns(clock, all);
  }

  get connections(): number {
    return this.#places.count;
  }

  /**
   * @param evict ends the connection: somebody else has got its place
   * @returns null when there is no place for it
   */
  connect(remote: Pick<Address, "hostname">, evict: () => void): Caller | null {
    const source = sourceOf(remote);
    const place = this.#places.take(source, evict);
    return place && new Caller(this, source, place, this.#budgetOf(source), () => this.#clock.monotonicMs());
  }

  /**
   * Whether a request may be looked at, of whatever kind: it costs its source something even when nothing comes of it.
   * Resolves when it is its source's turn; who has gone by then takes none.
   * @param gone aborted when nobody waits for its answer any more
   */
  async mayAsk(remote: Pick<Address, "hostname">, gone?: AbortSignal): Promise<boolean> {
    const source = sourceOf(remote);
    const budget = this.#budgetOf(source), nowMs = this.#clock.monotonicMs();
    if (budget.waitMs(nowMs) > 0) return false;
    if (source === null && this.#unnamedWaiting >= HTTP_UNNAMED_WAITING_MAX) return false;
    budget.take(HTTP_REQUEST_UNITS, nowMs);
    if (source === null) this.#unnamedWaiting++;
    const isThere = await this.turnOf(source ?? UNNAMED_SOURCE, gone);
    if (source === null) this.#unnamedWaiting--;
    if (!isThere) return false;
    this.turns.take(HTTP_REQUEST_UNITS);
    return true;
  }

  /** Resolves when it is the source's turn, or when nobody is there any more. @returns whether somebody was there */
  turnOf(source: Source, gone?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (gone?.aborted) return resolve(false);
      const leave = (): void => {
        giveUp();
        resolve(false);
      };
      gone?.addEventListener("abort", leave, { once: true });
      const giveUp = this.turns.wait(source, () => {
        gone?.removeEventListener("abort", leave);
        resolve(true);
      });
    });
  }

  /** Calls beyond a connection's own; false when too many are under way in all. */
  takeShared(calls: number): boolean {
    if (this.#sharedCalls + calls > CALLS_MAX) return false;
    this.#sharedCalls += calls;
    return true;
  }

  giveShared(calls: number): void {
    this.#sharedCalls -= calls;
  }

  join(connected: Connected): void {
    this.#connected.add(connected);
  }

  leave(connected: Connected): void {
    this.#connected.delete(connected);
  }

  /**
   * Closes the connections that take least of what they asked for until what waits for all of them is within its bound.
   */
  relieve(): void {
    const waiting = [...this.#connected].map((connected) => ({ connected, bytes: connected.untakenBytes() }));
    let total = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= UNTAKEN_TOTAL_BYTES_MAX) return;
    for (const { connected, bytes } of waiting.sort((a, b) => b.bytes - a.bytes)) {
      if (total <= UNTAKEN_TOTAL_BYTES_MAX) return;
      total -= bytes;
      this.#connected.delete(connected);
      connected.close();
    }
  }

  /** A source's budget outlives its connections until it is full: who connects again has what is left. */
  #budgetOf(source: string | null): Budget {
    const nowMs = this.#clock.monotonicMs();
    if (source === null) return new Budget(nowMs);
    const known = this.#budgets.get(source);
    if (known) return known;
    if (this.#budgets.size >= BUDGETS_MAX) {
      for (const [other, budget] of this.#budgets) if (budget.isFull(nowMs)) this.#budgets.delete(other);
    }
    const budget = new Budget(nowMs);
    // above the bound a source's connections have a budget each
    if (this.#budgets.size < BUDGETS_MAX) this.#budgets.set(source, budget);
    return budget;
  }
}

/** One connection's part of it. */
export class Caller {
  /** Null when it can't be told from others. */
  readonly source: string | null;
  readonly #callers: Callers;
  readonly #place: Place;
  readonly #budget: Budget;
  readonly #nowMs: () => number;
  #running = 0;
  #shared = 0;
  #connected: Connected | null = null;
  readonly #underWay = new Set<UnderWay>();
  readonly #gone = new AbortController();

  constructor(callers: Callers, source: string | null, place: Place, budget: Budget, nowMs: () => number) {
    this.#callers = callers;
    this.source = source;
    this.#place = place;
    this.#budget = budget;
    this.#nowMs = nowMs;
  }

  /** Calls under way. */
  get running(): number {
    return this.#running;
  }

  /** Until its next call may begin; 0 = now. */
  waitMs(): number {
    return this.#budget.waitMs(this.#nowMs());
  }

  /** Resolves when it is its turn to be read, among all callers; and when it leaves. One at a time. */
  async turn(): Promise<void> {
    await this.#callers.turnOf(this.source ?? this, this.#gone.signal);
  }

  /**
   * @param price of these calls
   * @returns null when too many calls of all connections are under way: none has begun
   */
  begin(calls: number, price: Price): Begun | null {
    const shared = Math.max(0, this.#running + calls - OWN_CALLS) - this.#shared;
    if (shared > 0) {
      if (!this.#callers.takeShared(shared)) {
        this.#budget.take(calls, this.#nowMs());
        return null;
      }
      this.#shared += shared;
    }
    this.#running += calls;
    this.#budget.take(price.deposit, this.#nowMs());
    this.#callers.turns.take(price.cost);
    if (this.#running > 0) this.#place.idle(false);
    const underWay: UnderWay = { price, work: [] };
    this.#underWay.add(underWay);
    return {
      works: (work) => underWay.work.push(work),
      end: (answered) => this.#end(calls, underWay, answered),
    };
  }

  #end(calls: number, underWay: UnderWay, answered: number): void {
    this.#callers.turns.take(Math.floor(answered / ANSWER_UNITS_OF_ALL));
    // one that has gone is settled when the work is done
    if (!this.#underWay.delete(underWay)) return;
    this.#running -= calls;
    this.#giveShared(this.#shared - Math.max(0, this.#running - OWN_CALLS));
    this.#settle(underWay.price, answered);
    if (this.#running === 0) this.#place.idle(true);
  }

  #settle({ deposit, cost }: Price, answered: number): void {
    this.#budget.give(deposit);
    this.#budget.take(cost + answered, this.#nowMs());
  }

  /** From now on its answers count among those that wait to be taken. */
  connected(connected: Connected): void {
    this.#connected = connected;
    this.#callers.join(connected);
  }

  /** A large answer was given to it to send. */
  sentMuch(): void {
    this.#callers.relieve();
  }

  /** The connection is over. Again does nothing. */
  leave(): void {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    for (const { price, work } of this.#underWay) {
      void Promise.allSettled(work).then(() => this.#settle(price, 0));
    }
    this.#underWay.clear();
    this.#giveShared(this.#shared);
    this.#place.release();
    if (this.#connected) this.#callers.leave(this.#connected);
  }

  #giveShared(calls: number): void {
    this.#shared -= calls;
    this.#callers.giveShared(calls);
  }
}
