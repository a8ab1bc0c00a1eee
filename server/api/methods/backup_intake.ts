/**
 * How many backups are taken in: one at a time, so that a stranger's writing never makes more than one commit wait; new
 * keys at a rate and up to a number, as every key may hold 128 KiB for ever. Who has a backup here can always replace
 * it.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { TokenBucket } from "../../../core/token_bucket.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import type { DiskRoom } from "../../disk_watch.ts";
import { hasRoomForStrangers } from "../../disk_watch.ts";
import { BACKUPS_WAITING_MAX, NEW_BACKUP_MS, NEW_BACKUPS_BURST } from "../limits.ts";

export class BackupIntake {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #newKeys: TokenBucket;
  readonly #room: Readonly<DiskRoom>;

  constructor(clock: Clock, room: Readonly<DiskRoom>) {
    this.#clock = clock;
    this.#room = room;
    this.#newKeys = new TokenBucket({ burst: NEW_BACKUPS_BURST, tokens: 1, ms: NEW_BACKUP_MS }, clock.monotonicMs());
  }

  /** @throws {EndpointError} failed when too many wait already, or the disk is nearly full */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (!hasRoomForStrangers(this.#room)) {
      throw EndpointError.failed("This guardian's disk is nearly full, and it takes no backups: try again later");
    }
    if (this.#waiting >= BACKUPS_WAITING_MAX) {
      throw EndpointError.failed("Too many backups are being stored: try again later");
    }
    this.#waiting++;
    const done = this.#last.then(work).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined); // whoever asked is told; the next one has its turn all the same
    return done;
  }

  /** Whether a new key may come now. */
  get mayTakeNew(): boolean {
    return this.#newKeys.left(this.#clock.monotonicMs()) >= 1;
  }

  /** One has come. */
  tookNew(): void {
    this.#newKeys.take(1, this.#clock.monotonicMs());
  }
}
