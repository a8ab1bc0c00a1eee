/** What the parts of a simulated world share. */
import type { Report } from "../http_handling.ts";
import type { Agenda } from "./agenda.ts";
import type { SimulatedDice } from "./dice.ts";
import type { Link } from "./link.ts";
import type { Machine } from "./machine.ts";

export interface Universe {
  readonly agenda: Agenda;
  /** Wall clock at the beginning of the world. */
  readonly startMs: number;
  /** After so long without a way to the other side, TCP gives a connection up. */
  readonly deadPeerMs: number;
  readonly report: Report;
  /** A line for the log. */
  note(what: string): void;
  dice(label: string): SimulatedDice;
  link(from: Machine, to: Machine): Link;
  machine(hostname: string): Machine | undefined;
  nextConnection(): number;
}
