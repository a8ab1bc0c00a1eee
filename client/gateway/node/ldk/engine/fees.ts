/** Fee rates for LDK, from the Bitcoin node's one estimate. In satoshi per 1,000 weight units. */
import { ldk } from "./bindings.ts";

/** The least that is relayed, as LDK counts it. */
const FEERATE_LEAST_PER_KW = 253;
/** While the node has no estimate: 5 sat/vbyte. */
const FEERATE_UNKNOWN_PER_KW = 1_250;

/** In the order of LDK's `ConfirmationTarget`: from the rate for the next block to the rate for each purpose. */
const PURPOSES: readonly ((next: number) => number)[] = [
  // the most that is believed of a peer's or of our own estimate: bounds the money in dust
  (next) => Math.max(10 * next, 10_000),
  // urgent sweeps: a deadline is near
  (next) => Math.ceil(1.25 * next),
  // the least that a peer may use for its commitments
  () => FEERATE_LEAST_PER_KW,
  () => FEERATE_LEAST_PER_KW,
  // of commitments with anchors, and without
  () => FEERATE_LEAST_PER_KW,
  (next) => next,
  // closing together: the least that we sign
  () => FEERATE_LEAST_PER_KW,
  // spending what is ours alone
  (next) => next,
];

export class Fees {
  readonly estimator: ldk.FeeEstimator;
  #nextPerKw = FEERATE_UNKNOWN_PER_KW;

  constructor() {
    this.estimator = ldk.FeeEstimator.new_impl({
      get_est_sat_per_1000_weight: (target) => Math.max(FEERATE_LEAST_PER_KW, PURPOSES[target]!(this.#nextPerKw)),
    });
  }

  /** Of transactions of our wallet. */
  get perKw(): number {
    return Math.max(FEERATE_LEAST_PER_KW, this.#nextPerKw);
  }

  /** @param satPerKvb null: no estimate */
  set(satPerKvb: bigint | null): void {
    this.#nextPerKw = satPerKvb === null ? FEERATE_UNKNOWN_PER_KW : Math.ceil(Number(satPerKvb) / 4);
  }
}
