/** What the parts of a simulated world share. */
import type { Report } from "../http_handling.ts";
import type { SimulatedDice } from "./dice.ts";
import type { Link, Timeline } from "./link.ts";
import type { Machine } from "./machine.ts";

export interface Universe extends Timeline {
  /** Wall clock at the beginning of the world. */
  readonly startMs: number;
  /** After so long without a way to the other side, TCP gives a connection up. */
  readonly deadPeerMs: number;
  readonly report: Report;
  dice(label: string): SimulatedDice;
  link(from: Machine, to: Machine): Link;
  machine(hostname: string): Machine | undefined;
  nextConnection(): number;
}
