/**
 * A world on virtual time from one seed: machines with a process each, links between them, one agenda of events. The
 * same seed and the same program give the same run, event for event; `world.log.hash()` says whether two runs were the
 * same.
 *
 * ```ts
 * import { type Platform, sleep } from "../platform.ts";
 * import { SimulatedWorld } from "./world.ts";
 *
 * let ready = false;
 * const start = ({ clock }: Platform) => void sleep(clock, 1_000).then(() => ready = true);
 *
 * const world = new SimulatedWorld(7);
 * const guardian = world.process("guardian0"); // is dialled as guardian0:8173
 * world.process("guardian1");
 * start(guardian.platform);
 * await world.run({ until: () => ready }); // throws when it can't come to that
 * guardian.kill(); // its timers, sockets and promises are gone, its files are not
 * start(guardian.restart());
 * world.partition("guardian0", "guardian1");
 * await world.run({ forMs: 60_000 });
 * world.heal("guardian0", "guardian1");
 * ```
 */
import { assert } from "../../../core/assert.ts";
import { readySecp } from "../../../core/crypto/secp/fastest.ts";
import { FedimintError } from "../../../core/result.ts";
import type { Report } from "../http_handling.ts";
import { Agenda } from "./agenda.ts";
import { type Seed, SimulatedDice } from "./dice.ts";
import { EventLog } from "./event_log.ts";
import { DEFAULT_LINK, Link, type LinkBehaviour, LOOPBACK } from "./link.ts";
import { Machine } from "./machine.ts";
import { SimulatedProcess } from "./process.ts";
import { turn } from "./turn.ts";
import type { Universe } from "./universe.ts";

// what is loaded from the disk comes at a time of its own: in no world is it waited for
await readySecp();

export type WorldOptions = {
  /** Wall clock at the beginning; default 2026-01-01. */
  readonly startMs?: number;
  /** Of every link that `link()` sets no other for. */
  readonly link?: Partial<LinkBehaviour>;
  /** After so long without a way to the other side a connection breaks; default 60 s. */
  readonly deadPeerMs?: number;
  /** Lines of the log to keep for reading; default 1,000. */
  readonly keepLines?: number;
  /** Told of a request handler that throws; by default `run` throws it. */
  readonly report?: Report;
};

export type RunOptions = {
  /** World time at which to stop, from the beginning of the world. */
  readonly untilMs?: number;
  /** The same, from now. */
  readonly forMs?: number;
  /** Stops when it is true; looked at between events. The run fails when it ends otherwise. */
  readonly until?: () => boolean;
  /** The run fails beyond it: a loop that never ends. Default 10 million. */
  readonly maxEvents?: number;
};

/** The simulation did not come to where it should. */
export class SimulationError
  extends FedimintError<{ readonly code: "idle" | "time" | "events"; readonly atMs: number }> {}

export class SimulatedWorld {
  readonly seed: Seed;
  readonly log: EventLog;
  readonly #universe: Universe;
  readonly #options: WorldOptions;
  readonly #machines = new Map<string, Machine>();
  readonly #processes = new Map<string, SimulatedProcess>();
  readonly #links = new Map<string, Link>();
  #connections = 0;
  #failure: { readonly error: unknown } | undefined;
  #running = false;

  constructor(seed: Seed, options: WorldOptions = {}) {
    this.seed = seed;
    this.#options = options;
    this.log = new EventLog(options.keepLines ?? 1_000);
    this.#universe = {
      agenda: new Agenda(),
      startMs: options.startMs ?? Date.UTC(2026, 0, 1),
      deadPeerMs: options.deadPeerMs ?? 60_000,
      report: options.report ?? ((_what, error) => this.#failure ??= { error }),
      note: (what) => this.note(what),
      dice: (label) => new SimulatedDice(seed, label),
      link: (from, to) => this.#link(from.name, to.name),
      machine: (hostname) => this.#machines.get(hostname),
      nextConnection: () => this.#connections++,
    };
  }

  get nowMs(): number {
    return this.#universe.agenda.nowMs;
  }

  /** Dice of the test itself, apart from all others. */
  dice(label: string): SimulatedDice {
    return new SimulatedDice(this.seed, `test/${label}`);
  }

  /**
   * The process of that name, started when there is none yet. Its name is its host name: lower case, as URLs have it.
   */
  process(name: string, options: { readonly clockSkewMs?: number } = {}): SimulatedProcess {
    assert(/^[a-z0-9][a-z0-9.-]*$/.test(name), "a process' name can be a host name");
    let process = this.#processes.get(name);
    if (process === undefined) {
      const machine = new Machine(this.#universe, name, options.clockSkewMs ?? 0);
      process = new SimulatedProcess(machine);
      this.#machines.set(name, machine);
      this.#processes.set(name, process);
    }
    return process;
  }

  /** How both ways between two processes behave from now on. */
  link(a: string, b: string, behaviour: Partial<LinkBehaviour>): void {
    for (const link of this.#bothWays(a, b)) link.behaviour = { ...link.behaviour, ...behaviour };
  }

  /** Nothing passes between two processes until `heal`; connections wait, and break after `deadPeerMs`. */
  partition(a: string, b: string): void {
    this.note(`partition ${a} ${b}`);
    const links = this.#bothWays(a, b);
    for (const link of links) link.cut();
    const broken = this.#connectionsBetween(a, b);
    const cuts = links.map((link) => link.cuts);
    const { agenda, deadPeerMs } = this.#universe;
    agenda.plan(agenda.nowMs + deadPeerMs, () => {
      if (links.some((link, i) => link.isCut && link.cuts === cuts[i])) {
        for (const connection of broken) connection.break();
      }
    });
  }

  heal(a: string, b: string): void {
    this.note(`heal ${a} ${b}`);
    for (const link of this.#bothWays(a, b)) link.heal();
  }

  /** A line of the test's own in the log, and so in its hash. */
  note(text: string): void {
    this.log.add(`${this.nowMs.toFixed(3)} ${text}`);
  }

  /**
   * Lets events happen, one at a time, each followed by all that it sets going.
   * @throws {SimulationError} when `until` is not reached or `maxEvents` is · whatever an event throws
   */
  async run(options: RunOptions): Promise<void> {
    assert(!this.#running, "a world runs once at a time");
    this.#running = true;
    try {
      await this.#run(options);
    } finally {
      this.#running = false;
    }
  }

  /**
   * Lets events happen until the promise has settled.
   * @throws {SimulationError} when it does not · what it or an event throws
   */
  async finish<T>(promise: Promise<T>, options: Omit<RunOptions, "until">): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => settled = true);
    watched.catch(() => undefined);
    await this.run({ ...options, until: () => settled });
    return await watched;
  }

  async #run(options: RunOptions): Promise<void> {
    const { agenda } = this.#universe;
    const endMs = Math.min(options.untilMs ?? Infinity, agenda.nowMs + (options.forMs ?? Infinity));
    const maxEvents = options.maxEvents ?? 10_000_000;
    for (let events = 0;; events++) {
      await turn();
      if (this.#failure !== undefined) throw this.#takeFailure();
      if (options.until?.()) return;
      const nextMs = agenda.nextMs();
      if (nextMs === undefined || nextMs > endMs) {
        if (endMs < Infinity) agenda.nowMs = endMs;
        if (options.until === undefined) return;
        throw this.#stuck(nextMs === undefined ? "idle" : "time");
      }
      if (events >= maxEvents) throw this.#stuck("events");
      agenda.step();
    }
  }

  #takeFailure(): unknown {
    const error = this.#failure!.error;
    this.#failure = undefined;
    return error;
  }

  #stuck(code: "idle" | "time" | "events"): SimulationError {
    const why = {
      idle: "nothing is left to happen (does something await what is no part of the simulation?)",
      time: "its time is over",
      events: "too many events happened",
    }[code];
    const last = this.log.lines.slice(-20).join("\n");
    const message = `Seed ${this.seed}, ${this.nowMs} ms: ${why}. Last events:\n${last}`;
    return new SimulationError({ code, atMs: this.nowMs }, message);
  }

  #bothWays(a: string, b: string): Link[] {
    assert(this.#machines.has(a) && this.#machines.has(b), "both processes exist");
    return [this.#link(a, b), this.#link(b, a)];
  }

  #link(from: string, to: string): Link {
    const name = `${from}>${to}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const behaviour = from === to ? LOOPBACK : { ...DEFAULT_LINK, ...this.#options.link };
      link = new Link(behaviour, new SimulatedDice(this.seed, `link/${name}`));
      this.#links.set(name, link);
    }
    return link;
  }

  #connectionsBetween(a: string, b: string) {
    const [machineA, machineB] = [this.#machines.get(a)!, this.#machines.get(b)!];
    const all = new Set([...machineA.life?.connections ?? [], ...machineB.life?.connections ?? []]);
    return [...all].filter((connection) => connection.isBetween(machineA, machineB));
  }
}
