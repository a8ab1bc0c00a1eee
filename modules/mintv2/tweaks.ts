/**
 * Tweaks kept in store: finding one takes 65,536 hashes, so they are looked for in quiet moments, a little at a time, and a payment finds
 * them ready.
 */
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { Dice } from "../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { addTweak, takeTweak, tweakCount } from "./client_db.ts";
import { grindTweak } from "./issuance.ts";

/** Tweaks that a wallet keeps ready: enough for a large payment with its change. */
const TWEAKS_READY = 50;
/** Hashes at a time, about 5 ms; others work in between. */
const HASHES_AT_ONCE = 4_096;
const PAUSE_MS = 1_000;

export class Tweaks {
  readonly #filter: Bytes;
  readonly #dice: Dice;

  constructor(filter: Bytes, dice: Dice) {
    this.#filter = filter;
    this.#dice = dice;
  }

  /** One from the store, else one that is searched for now. */
  async take(tx: StoreTx): Promise<Bytes> {
    const stored = await takeTweak(tx);
    if (stored) return stored;
    for (;;) {
      const found = grindTweak(this.#filter, (size) => this.#dice.bytes(size), HASHES_AT_ONCE);
      if (found) return found;
    }
  }

  /** Fills the store up, now and whenever some were taken, until the signal is aborted. */
  async keepReady(store: StoreView, clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ready = await store.read((tx) => tweakCount(tx));
      const found = ready < TWEAKS_READY
        ? grindTweak(this.#filter, (size) => this.#dice.bytes(size), HASHES_AT_ONCE)
        : null;
      if (found) await store.transact((tx) => addTweak(tx, found));
      await sleep(clock, ready < TWEAKS_READY ? 0 : PAUSE_MS, signal).catch((reason) => {
        if (!signal.aborted) throw reason;
      });
    }
  }
}
