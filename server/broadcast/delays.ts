/**
 * When things are done: pure schedules. `fedimint-aleph-bft` config.rs and fedimint-server `consensus/engine.rs`;
 * docs/protocol/03-consensus.md §A4.
 */

export type Delays = {
  /** From our unit of the round before to our unit of `round`. `fraction` is a die in [0, 1). */
  readonly creationMs: (round: number, fraction: number) => number;
  /** After try `k` = 0, 1, 2, … for a unit's coordinate. */
  readonly coordRequestMs: (k: number) => number;
  /** How many guardians are asked in try `k`. */
  readonly coordRequestRecipients: (k: number) => number;
  readonly parentsRequestMs: number;
  /** Before the `k`-th time that we ask for the units that our next one lacks as parents. */
  readonly stallMs: (k: number) => number;
  readonly newestRequestMs: number;
  /** After so long a threshold of answers about our newest unit is enough. */
  readonly newestPatienceMs: number;
  /** The same when an answer has shown what our database doesn't know. */
  readonly newestLostPatienceMs: number;
  /** Then it is watched for so long whether our newest unit gets newer. */
  readonly newestWatchMs: number;
  /** When it has got newer, guardians that were behind get so long to learn what there is before we watch once more. */
  readonly newestSettleMs: number;
  /** Between questions while we watch; between looks at the time otherwise. */
  readonly newestTickMs: number;
  /**
   * How long a guardian whose key has signed two units of one place watches before it creates any in the next sessions.
   */
  readonly newestDoubtMs: (fraction: number) => number;
  /** Until the newest unit of a guardian is sent again. */
  readonly rebroadcastMs: (fraction: number) => number;
  /** After the `k`-th sending of a multicast message. */
  readonly multicastMs: (k: number) => number;
};

/**
 * After the session's last round each round takes longer by this factor, so that 1,000 more rounds take over ten years.
 */
const SLOWDOWN_BASE = 1.02;
const REBROADCAST_MIN_MS = 15_000;
const REBROADCAST_SPREAD_MS = 5_000;
const MULTICAST_FIRST_MS = 500;
/** Twenty rounds without a threshold of units: something was lost. */
const STALL_FIRST_MS = 1_000;
const STALL_MAX_MS = 8_000;
/** A twentieth of a session, and long beside what two copies need to hear of each other's first units. */
const DOUBT_SPREAD_MS = 20_000;
/** Doubling ends here, far beyond any session, where timers still work. */
const MULTICAST_MAX_MS = 2 ** 30;

/**
 * Fedimint's numbers. In test federations all guardians start in lockstep, so their rounds get jitter (0.5 to 1.5
 * times).
 */
export function fedimintDelays(
  options: { readonly roundDelayMs: number; readonly roundsPerSession: number; readonly testEnvironment: boolean },
): Delays {
  const { roundDelayMs, roundsPerSession, testEnvironment } = options;
  return {
    creationMs: (round, fraction) => {
      if (round === 0) return 0;
      const jitter = testEnvironment ? 0.5 + fraction : 1;
      return Math.round(roundDelayMs * SLOWDOWN_BASE ** Math.max(0, round - roundsPerSession) * jitter);
    },
    coordRequestMs: (k) => k === 0 ? 0 : k === 1 ? 50 : k === 2 ? 1_000 : 3_000 * (k - 2),
    coordRequestRecipients: (k) => k <= 2 ? 3 : 1,
    parentsRequestMs: 3_000,
    stallMs: (k) => Math.min(STALL_FIRST_MS * 2 ** k, STALL_MAX_MS),
    newestRequestMs: 3_000,
    newestPatienceMs: 5_000,
    newestLostPatienceMs: 60_000,
    newestWatchMs: 10_000,
    newestSettleMs: 3_000,
    newestTickMs: 500,
    newestDoubtMs: (fraction) => Math.floor(fraction * DOUBT_SPREAD_MS),
    rebroadcastMs: (fraction) => REBROADCAST_MIN_MS + Math.floor(fraction * REBROADCAST_SPREAD_MS),
    multicastMs: (k) => Math.min(MULTICAST_FIRST_MS * 2 ** k, MULTICAST_MAX_MS),
  };
}
