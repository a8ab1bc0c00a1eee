/**
 * Tweaks kept in store: finding one takes 65,536 hashes, so they are looked for in quiet moments, a little at a time, and a payment finds
 * them ready.
 *
 * A tweak must never be used twice: two notes would have one key, and the second is lost. Whoever takes one reads its key and deletes it
 * in the transaction that uses it, so of two transactions that want the same one only one commits. Nothing else is read, so that looking
 * for tweaks never makes a payment start again.
 */
import type { Clock, Dice } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { addTweak, storedTweaks, takeTweak } from "./client_db.ts";
import { grindTweak } from "./issuance.ts";

/** Tweaks that a wallet keeps ready: enough for a large payment with its change. */
const TWEAKS_READY = 50;
/** Hashes at a time, about 5 ms; others work in between. */
const HASHES_AT_ONCE = 4_096;
const PAUSE_MS = 1_000;

export class Tweaks {
  readonly #filter: Bytes;
  readonly #dice: Dice;
  readonly #clock: Clock;
  /** What the store holds, as far as is known here. */
  #ready: readonly Bytes[] = [];

  constructor(filter: Bytes, dice: Dice, clock: Clock) {
    this.#filter = filter;
    this.#dice = dice;
    this.#clock = clock;
  }

  #grind(): Bytes | null {
    return grindTweak(this.#filter, (size) => this.#dice.bytes(size), HASHES_AT_ONCE);
  }

  /** One from the store, else one that is searched for now. */
  async take(tx: StoreTx): Promise<Bytes> {
    for (const tweak of this.#ready) {
      if (!await takeTweak(tx, tweak)) continue;
      tx.onCommit(() => this.#ready = this.#ready.filter((other) => other !== tweak));
      return tweak;
    }
    for (;;) {
      const found = this.#grind();
      if (found) return found;
      await sleep(this.#clock, 0);
    }
  }

  /** Fills the store up, now and whenever some were taken, until the signal is aborted. */
  async keepReady(store: StoreView, signal: AbortSignal): Promise<void> {
    this.#ready = await store.read((tx) => storedTweaks(tx));
    while (!signal.aborted) {
      const isFull = this.#ready.length >= TWEAKS_READY;
      const found = isFull ? null : this.#grind();
      if (found) {
        await store.transact((tx) => addTweak(tx, found));
        this.#ready = [...this.#ready, found];
      }
      await sleep(this.#clock, isFull ? PAUSE_MS : 0, signal).catch((reason) => {
        if (!signal.aborted) throw reason;
      });
    }
  }
}
