/** One simulated machine with one process on it: what survives the process, and its present life. */
import { assert } from "../../../core/assert.ts";
import type { Clock, Dice } from "../platform.ts";
import type { Connection, End } from "./connection.ts";
import { SimulatedDisk } from "./disk.ts";
import type { PortListener } from "./ports.ts";
import type { Universe } from "./universe.ts";

/** First port that the machine itself chooses. */
const EPHEMERAL_PORT = 32_768;

export class Machine {
  readonly name: string;
  readonly universe: Universe;
  readonly disk = new SimulatedDisk();
  /** How far the wall clock is from the world's. */
  clockSkewMs: number;
  /** The process that runs; undefined after a kill. */
  life: Life | undefined;
  powered = true;
  /** Ends at other machines whose sender waits for an answer of this one while it has no power. */
  readonly unanswered = new Set<End>();
  #lives = 0;
  #nextPort = EPHEMERAL_PORT;

  constructor(universe: Universe, name: string, clockSkewMs: number) {
    this.universe = universe;
    this.name = name;
    this.clockSkewMs = clockSkewMs;
    this.life = new Life(this, this.#lives++);
  }

  freePort(): number {
    return this.#nextPort++;
  }

  kill(power: boolean): void {
    const life = this.life;
    assert(life !== undefined, "only a running process can be killed");
    this.life = undefined;
    this.powered = power;
    life.end(power);
  }

  start(): Life {
    assert(this.life === undefined, "a process runs once");
    this.powered = true;
    this.life = new Life(this, this.#lives++);
    for (const end of this.unanswered) end.answerReset();
    this.unanswered.clear();
    return this.life;
  }
}

/**
 * A process from its start to its end. After the end nothing of it happens any more: its timers do not fire, its
 * promises stay pending for ever, and what its code still calls (it may be in the middle of a turn) does nothing.
 */
export class Life {
  readonly machine: Machine;
  readonly dice: Dice;
  readonly clock: Clock;
  readonly listeners = new Map<number, PortListener>();
  readonly connections = new Set<Connection>();
  /** Of each write that is under way: done, or not, when the process ends. */
  readonly unfinishedWrites = new Set<() => void>();
  alive = true;

  constructor(machine: Machine, number: number) {
    const { universe } = machine;
    this.machine = machine;
    this.dice = universe.dice(`process/${machine.name}/${number}`);
    this.clock = {
      nowMs: () => Math.floor(universe.startMs + universe.agenda.nowMs + machine.clockSkewMs),
      monotonicMs: () => universe.agenda.nowMs,
      setTimer: (delayMs, fire) => {
        assert(delayMs >= 0, "a timer's delay is a number that is not negative");
        return this.after(delayMs, () => {
          universe.note(`timer ${machine.name}`);
          fire();
        });
      },
    };
  }

  get universe(): Universe {
    return this.machine.universe;
  }

  /** Plans something of this process: it does not happen after its end. */
  after(delayMs: number, happen: () => void): { cancel(): void } {
    return this.universe.agenda.plan(this.universe.agenda.nowMs + delayMs, () => {
      if (this.alive) happen();
    });
  }

  end(power: boolean): void {
    this.alive = false;
    this.listeners.clear();
    for (const connection of this.connections) connection.lose(this, power);
    this.connections.clear();
    for (const finish of this.unfinishedWrites) if (this.dice.fraction() < 0.5) finish();
    this.unfinishedWrites.clear();
  }
}
