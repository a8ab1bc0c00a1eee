/** A simulated TCP connection: two ends, two wires, and all the ways in which it ends. */
import type { Address } from "../platform.ts";
import { Wire } from "./link.ts";
import type { Life, Machine } from "./machine.ts";
import type { Protocol } from "./ports.ts";

/** What travels. `log` tells it apart in the log without keeping it. */
export type Item = { readonly log: string; readonly value: unknown };

export interface EndHandler {
  item(value: unknown): void;
  /** The other side closed, after its last item. */
  ended(): void;
  /** The connection broke. */
  reset(): void;
}

export type Refusal = "no_host" | "no_listener" | "other_protocol";

export class End {
  readonly connection: Connection;
  /** Undefined at the listening side until it accepted. */
  life: Life | undefined;
  handler: EndHandler | undefined;
  readonly #wire: Wire;
  #open = true;

  constructor(connection: Connection, life: Life | undefined, wire: Wire) {
    this.connection = connection;
    this.life = life;
    this.#wire = wire;
  }

  get peer(): End {
    return this.connection.dialler === this ? this.connection.listener : this.connection.dialler;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  send(item: Item): void {
    if (!this.#mayAct()) return;
    if (this.#wire.breaks()) return this.connection.break();
    this.#wire.carry(item.log, () => this.peer.#arrive((handler) => handler.item(item.value)));
  }

  /** Closes: the other side reads all that was sent, then the end. */
  close(): void {
    if (!this.#mayAct()) return;
    this.#shut();
    this.#wire.carry("end", () =>
      this.peer.#arrive((handler) => {
        this.peer.#shut();
        handler.ended();
      }));
  }

  /** Tells the other side that there is nothing here (any more). */
  answerReset(): void {
    this.#open = false;
    this.#wire.carry("reset", () => this.peer.breakNow());
  }

  /** Something is told by the machine itself, whether or not its process lives. */
  answer(what: string, arrive: () => void): void {
    this.#wire.carry(what, arrive);
  }

  /** This side learns that the connection broke. */
  breakNow(): void {
    if (!this.#open) return;
    this.#shut();
    if (this.life?.alive) this.handler?.reset();
  }

  #mayAct(): boolean {
    return this.#open && this.life?.alive === true;
  }

  #arrive(take: (handler: EndHandler) => void): void {
    if (this.life?.alive) {
      if (this.#open && this.handler !== undefined) take(this.handler);
      return;
    }
    const machine = this.connection.machineOf(this);
    if (machine.powered) this.answerReset();
    else machine.unanswered.add(this);
  }

  #shut(): void {
    this.#open = false;
    this.life?.connections.delete(this.connection);
  }
}

export class Connection {
  readonly dialler: End;
  readonly listener: End;
  readonly #from: Machine;
  readonly #to: Machine;

  constructor(life: Life, to: Machine) {
    const { universe, machine } = life;
    const id = universe.nextConnection();
    this.#from = machine;
    this.#to = to;
    const wire = (a: Machine, b: Machine): Wire => new Wire(universe, universe.link(a, b), `${a.name}>${b.name}#${id}`);
    this.dialler = new End(this, life, wire(machine, to));
    this.listener = new End(this, undefined, wire(to, machine));
    life.connections.add(this);
  }

  machineOf(end: End): Machine {
    return end === this.dialler ? this.#from : this.#to;
  }

  isBetween(a: Machine, b: Machine): boolean {
    return (this.#from === a && this.#to === b) || (this.#from === b && this.#to === a);
  }

  /** Both sides learn it at once: TCP gave up. */
  break(): void {
    this.dialler.breakNow();
    this.listener.breakNow();
  }

  /** The process at one end is gone. Its system tells the other side, if there still is one. */
  lose(life: Life, power: boolean): void {
    const lost = this.dialler.life === life ? this.dialler : this.listener;
    if (power) return lost.answerReset();
    life.universe.agenda.plan(life.universe.agenda.nowMs + life.universe.deadPeerMs, () => lost.peer.breakNow());
    life.machine.unanswered.add(lost);
  }
}

/**
 * Asks the listener at `to` for a connection.
 * @param handlers told once which of them; never when nobody answers: the caller has the deadline, and closes the end
 *   by it
 */
export function dial(
  life: Life,
  to: Address,
  protocol: Protocol,
  hello: unknown,
  handlers: { readonly accepted: (welcome: unknown) => void; readonly refused: (why: Refusal) => void },
): End | undefined {
  const machine = isLoopback(to.hostname) ? life.machine : life.universe.machine(to.hostname);
  if (machine === undefined) {
    life.after(DNS_MS, () => handlers.refused("no_host"));
    return undefined;
  }
  const { dialler, listener } = new Connection(life, machine);
  const remote = { hostname: life.machine.name, port: life.machine.freePort() };
  const tell = (what: string, told: () => void): void =>
    listener.answer(what, () => {
      if (life.alive && dialler.isOpen) told();
    });
  dialler.answer(`connect ${to.port} ${protocol}`, () => {
    if (!machine.powered) return;
    const waiting = machine.life?.listeners.get(to.port);
    const refuse = (why: Refusal): void =>
      tell(why, () => {
        dialler.breakNow();
        handlers.refused(why);
      });
    if (machine.life === undefined || waiting === undefined) return refuse("no_listener");
    if (waiting.protocol !== protocol) return refuse("other_protocol");
    listener.life = machine.life;
    machine.life.connections.add(listener.connection);
    tell("accepted", () => handlers.accepted(welcome));
    const welcome = waiting.accept(listener, hello, remote);
  });
  return dialler;
}

/** What a name costs to be looked up, or not to exist. */
export const DNS_MS = 20;

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname === "::1" || hostname.startsWith("127.");
}
