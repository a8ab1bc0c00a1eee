/**
 * What honest people notice while somebody attacks: rounds of consensus, latency of calls and payments, memory,
 * crashes.
 */
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Inspection } from "../../actors/system.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { inspect, watchRounds } from "../bench/rounds.ts";
import type { Usage } from "../bench/usage.ts";
import { cpuSecondsBetween, usageOf } from "../bench/usage.ts";
import type { Payer } from "./payer.ts";

const platform = realPlatform();
const CALL_EVERY_MS = 100;
const MEGABYTE = 2 ** 20;

export type Figures = {
  /** Of each guardian's broadcast a second. */
  readonly roundsPerSecond: number;
  /** Honest calls, ms; one that failed counts as `CALL_LOST_MS`. */
  readonly calls: readonly number[];
  /** Honest payments from submission to acceptance, ms. */
  readonly payments: readonly number[];
  /** CPU of one honest guardian, on average, percent of a core. */
  readonly cpuPercent: number;
};

/** A call that was refused or never answered. */
const CALL_LOST_MS = 60_000;

function restartsIn(tree: Inspection): number {
  return tree.children.reduce((sum, child) => sum + restartsIn(child), tree.restarts);
}

export class Meter {
  readonly #federation: DevFederation;
  readonly #payer: Payer;
  /** Guardians that are asked and counted: the honest ones. */
  readonly #peers: readonly number[];

  constructor(federation: DevFederation, payer: Payer, peers: readonly number[]) {
    this.#federation = federation;
    this.#payer = payer;
    this.#peers = peers;
  }

  /** Actors that were started anew since the processes began, of all honest guardians; NaN for one that doesn't run. */
  async restarts(): Promise<number> {
    let sum = 0;
    for (const peer of this.#peers) {
      if (!this.#federation.guardians[peer]!.process.isRunning) return NaN;
      sum += restartsIn(await inspect(this.#federation, peer));
    }
    return sum;
  }

  /** The largest of the honest guardians', MB. */
  async memoryMb(): Promise<number> {
    return Math.max(...(await this.#usages()).map(({ residentBytes }) => residentBytes)) / MEGABYTE;
  }

  #usages(): Promise<Usage[]> {
    return Promise.all(this.#peers.map((peer) => usageOf(this.#federation.guardians[peer]!.process.pid)));
  }

  /** Measures for so long, and until what was begun then is answered. */
  async measure(ms: number): Promise<Figures> {
    const usages = await this.#usages(), begunMs = platform.clock.monotonicMs(), endMs = begunMs + ms;
    const over = (): boolean => platform.clock.monotonicMs() >= endMs;
    const done = Promise.all([
      Promise.all(this.#peers.map((peer) => this.#callAgain(peer, over))),
      this.#payAgain(over),
    ]);
    const watched = watchRounds(this.#federation, this.#peers[0]!, done);
    const [[calls, payments], roundsPerSecond] = await Promise.all([done, watched]);
    const seconds = (platform.clock.monotonicMs() - begunMs) / 1_000;
    const cpuSeconds = cpuSecondsBetween(usages, await this.#usages()) / this.#peers.length;
    return { roundsPerSecond, calls: calls.flat(), payments, cpuPercent: cpuSeconds / seconds * 100 };
  }

  async #callAgain(peer: number, over: () => boolean): Promise<number[]> {
    const took: number[] = [];
    do {
      const begunMs = platform.clock.monotonicMs();
      const answered = await this.#federation.call(peer, "session_count").then(() => true, () => false);
      took.push(answered ? platform.clock.monotonicMs() - begunMs : CALL_LOST_MS);
      await sleep(platform.clock, CALL_EVERY_MS);
    } while (!over());
    return took;
  }

  async #payAgain(over: () => boolean): Promise<number[]> {
    const took: number[] = [];
    do took.push(await this.#payer.pay()); while (!over());
    return took;
  }
}
