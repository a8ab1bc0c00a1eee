/** A supervisor's restart intensity: so many restarts within a period, and no more. */

export class RestartWindow {
  readonly #intensity: number;
  readonly #periodMs: number;
  /** When the restarts of the last period were, oldest first; one more than `intensity` at most. */
  #restartsMs: number[] = [];

  constructor(intensity: number, periodMs: number) {
    this.#intensity = intensity;
    this.#periodMs = periodMs;
  }

  /** Counts a restart. @returns false when it is one too many; one exactly a period ago still counts, as in OTP */
  allows(nowMs: number): boolean {
    this.#restartsMs = this.#restartsMs.filter((atMs) => nowMs - atMs <= this.#periodMs);
    this.#restartsMs.push(nowMs);
    return this.#restartsMs.length <= this.#intensity;
  }
}
