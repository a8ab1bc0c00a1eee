/**
 * The way from one machine to another. It carries TCP: what is sent on one connection arrives in order, whole and once,
 * or the connection breaks. So a lost packet is a stall (it is sent again after 200 ms, then twice that, and all behind
 * it wait), a partition is a stall until it heals, and only different connections overtake each other.
 */
import type { Agenda } from "./agenda.ts";
import type { SimulatedDice } from "./dice.ts";

/** When things happen, and what is said of them. */
export interface Timeline {
  readonly agenda: Agenda;
  /** A line for the log. */
  note(what: string): void;
}

export type LinkBehaviour = {
  /** One way, uniform between the two. */
  readonly delayMs: readonly [from: number, to: number];
  /** Of a packet; each loss stalls its connection. */
  readonly dropProbability: number;
  /** That a connection breaks when something is sent on it. */
  readonly resetProbability: number;
};

export const DEFAULT_LINK: LinkBehaviour = { delayMs: [1, 20], dropProbability: 0, resetProbability: 0 };
/** A machine with itself. */
export const LOOPBACK: LinkBehaviour = { delayMs: [0.02, 0.05], dropProbability: 0, resetProbability: 0 };

/** First wait before a lost packet is sent again, as Linux. */
const RETRANSMIT_MS = 200;
/** Losses of one packet in a row at most: 200 ms · (2⁶ − 1) is a stall of 12.6 s. */
const LOSSES_MAX = 6;

export class Link {
  behaviour: LinkBehaviour;
  readonly dice: SimulatedDice;
  /** How often it was cut. */
  cuts = 0;
  #cut = false;
  #stalled: Wire[] = [];

  constructor(behaviour: LinkBehaviour, dice: SimulatedDice) {
    this.behaviour = behaviour;
    this.dice = dice;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  cut(): void {
    this.#cut = true;
    this.cuts++;
  }

  heal(): void {
    this.#cut = false;
    const stalled = this.#stalled;
    this.#stalled = [];
    for (const wire of stalled) wire.arriveLater();
  }

  stall(wire: Wire): void {
    this.#stalled.push(wire);
  }

  /** How long what is sent now is on its way. */
  travelMs(): number {
    const [from, to] = this.behaviour.delayMs;
    let travelMs = this.dice.between(from, to);
    for (let losses = 0; losses < LOSSES_MAX && this.dice.fraction() < this.behaviour.dropProbability; losses++) {
      travelMs += RETRANSMIT_MS * 2 ** losses;
    }
    return travelMs;
  }
}

type Carried = { readonly what: string; readonly arrive: () => void };

/** One direction of one connection. */
export class Wire {
  readonly #timeline: Timeline;
  readonly #link: Link;
  readonly #name: string;
  readonly #onTheWay: Carried[] = [];
  #lastArrivalMs = 0;

  /** @param name for the log: `guardian0>guardian1#17` */
  constructor(timeline: Timeline, link: Link, name: string) {
    this.#timeline = timeline;
    this.#link = link;
    this.#name = name;
  }

  /** @param what for the log */
  carry(what: string, arrive: () => void): void {
    this.#timeline.note(`sent ${this.#name} ${what}`);
    this.#onTheWay.push({ what, arrive });
    this.arriveLater();
  }

  /** Whether the connection breaks instead of carrying what is sent now. */
  breaks(): boolean {
    return this.#link.behaviour.resetProbability > 0 &&
      this.#link.dice.fraction() < this.#link.behaviour.resetProbability;
  }

  /** Plans an arrival: of whatever is first by then, so that order holds also where arrivals were stalled. */
  arriveLater(): void {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, this.#timeline.agenda.nowMs + this.#link.travelMs());
    this.#timeline.agenda.plan(this.#lastArrivalMs, () => {
      if (this.#link.isCut) {
        this.#timeline.note(`stalled ${this.#name}`);
        return this.#link.stall(this);
      }
      const { what, arrive } = this.#onTheWay.shift()!;
      this.#timeline.note(`delivered ${this.#name} ${what}`);
      arrive();
    });
  }
}
