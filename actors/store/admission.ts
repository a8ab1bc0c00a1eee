/**
 * Commits that strangers cause (`forStrangers`) stand back. The disk makes commits durable in their order, so an own
 * commit waits for all before it: of strangers' no more is let in at a time than the disk writes in one go. Whoever
 * wants to write while others wait, or while too much is under way, gives its run up, takes its turn, and runs again.
 */
import type { Clock } from "../platform/platform.ts";
import { TURN_MS } from "./limits.ts";
import { Turns } from "./turns.ts";
import { busy } from "./watchers.ts";

export type AdmissionOptions = {
  readonly clock: Clock;
  readonly unflushedBytesMax: number;
  readonly writersMax: number;
  /** Bytes of strangers' commits that are not on disk yet. */
  readonly unflushedBytes: () => number;
  /** Resolves when something more is on disk, or nothing will be. */
  readonly progress: () => Promise<void>;
};

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #turns: Turns;
  #writers = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#turns = new Turns(options.clock, TURN_MS);
  }

  /** Whether a run may commit at once. @param inTurn whether it has waited for its turn */
  admits(inTurn: boolean): boolean {
    if (!inTurn && this.#writers > 0) return false;
    return this.#options.unflushedBytes() <= this.#options.unflushedBytesMax;
  }

  /**
   * Waits for a turn to write.
   * @returns ends the turn
   * @throws {StoreError} `busy`
   */
  async take(): Promise<() => void> {
    const { writersMax } = this.#options;
    if (this.#writers >= writersMax) throw busy(this.#writers, writersMax);
    this.#writers++;
    const endTurn = await this.#turns.take();
    return () => {
      this.#writers--;
      endTurn();
    };
  }

  /** Resolves when there is room again, or nothing will be written any more. */
  async room(isFailed: () => boolean): Promise<void> {
    while (!isFailed() && !this.admits(true)) await this.#options.progress();
  }
}
