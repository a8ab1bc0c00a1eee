/**
 * The log from the guardians, slice by slice in order. A slice's hash comes from a threshold, its content from a single
 * guardian, each of which is asked for one slice at a time. Whoever is late or gives something else is named and
 * rested.
 * docs/protocol/04-mint.md §12.
 */
import type { Logger } from "../../../../actors/logger.ts";
import type { Clock } from "../../../../actors/platform/platform.ts";
import { errorText, FedimintError } from "../../../../core/result.ts";
import type { PeerId } from "../../../../core/types/ids.ts";
import type { FederationApi } from "../../../contract/federation_api.ts";
import { ApiError } from "../../../contract/federation_api.ts";
import { orLate } from "../../../contract/waiting.ts";
import { SLICE_ITEMS_MIN, SLICES_AHEAD } from "../../limits.ts";
import type { Slice, SliceRange } from "./slice.ts";
import { sliceCall, sliceHashCall } from "./slice.ts";
import { Turns } from "./turns.ts";

const SLICE_TIMEOUT_MS = 10_000, SLICE_TIMEOUT_MS_MAX = 30_000;
/** Timeouts after which a slice is fetched in halves: the way to the guardians may be too slow for the whole. */
const TIMEOUTS_MAX = 3;

/** Why a guardian is rested. */
class SliceError extends FedimintError<{ readonly code: "late" | "wrong" }> {}

export type DownloadEnv = {
  readonly api: Pick<FederationApi, "peerIds" | "one" | "consensus">;
  readonly clock: Clock;
  readonly log: Pick<Logger, "warn">;
  readonly signal: AbortSignal;
  readonly sliceItems: number;
};

/**
 * Slices of the items next ≤ index < total, in order. Waits as long as it takes.
 * @throws {WaitError} `aborted` · `closed`
 */
export async function* logSlices(env: DownloadEnv, next: number, total: number): AsyncGenerator<Slice> {
  const stop = new AbortController();
  const signal = AbortSignal.any([env.signal, stop.signal]);
  const download = new Download({ ...env, signal });
  const underWay: Promise<readonly Slice[]>[] = [];
  let start = next;
  try {
    while (start < total || underWay.length > 0) {
      while (start < total && underWay.length < SLICES_AHEAD) {
        const end = Math.min(start + env.sliceItems, total);
        const slices = download.fetch({ start, end });
        // told where it is awaited
        slices.catch(() => {});
        underWay.push(slices);
        start = end;
      }
      yield* await underWay.shift()!;
    }
  } finally {
    stop.abort();
  }
}

class Download {
  readonly #env: DownloadEnv;
  readonly #turns: Turns;

  constructor(env: DownloadEnv) {
    this.#env = env;
    this.#turns = new Turns(env.api.peerIds, env.clock, env.signal);
  }

  /** One slice, or the parts of it in order. @param patient begin with the longest timeout */
  async fetch(range: SliceRange, patient = false): Promise<readonly Slice[]> {
    const { api, signal } = this.#env;
    const hash = await api.consensus(sliceHashCall(range), { retry: true, signal });
    for (let timeouts = 0; timeouts < TIMEOUTS_MAX || range.end - range.start < 2 * SLICE_ITEMS_MIN;) {
      const peer = await this.#turns.take(range.start);
      const deadlineMs = patient
        ? SLICE_TIMEOUT_MS_MAX
        : Math.min(SLICE_TIMEOUT_MS * (timeouts + 1), SLICE_TIMEOUT_MS_MAX);
      try {
        const packed = await this.#ask(peer, range, deadlineMs);
        if (packed.hash !== hash) throw new SliceError({ code: "wrong" }, "It differs from what a threshold has");
        this.#turns.giveBack(peer);
        return [{ start: range.start, items: range.end - range.start, bytes: packed.bytes }];
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof ApiError || thrown instanceof SliceError)) throw thrown;
        if (thrown instanceof SliceError && thrown.facts.code === "late") timeouts++;
        this.#rest(peer, range, thrown);
      }
    }
    const middle = range.start + Math.ceil((range.end - range.start) / 2);
    const left = await this.fetch({ start: range.start, end: middle }, true);
    return [...left, ...await this.fetch({ start: middle, end: range.end }, true)];
  }

  #ask(peer: PeerId, range: SliceRange, deadlineMs: number) {
    const { api, clock, signal } = this.#env;
    const late = () => new SliceError({ code: "late" }, `It took longer than ${deadlineMs / 1_000} s`);
    return orLate({ clock, deadlineMs, signal, late }, (until) => api.one(peer, sliceCall(range), { signal: until }));
  }

  #rest(peer: PeerId, { start, end }: SliceRange, reason: Error): void {
    this.#turns.rest(peer);
    this.#env.log.warn("A guardian doesn't give a slice of the recovery log and is rested", {
      peer,
      start,
      end,
      reason: errorText(reason),
    });
  }
}
