/**
 * How many backups are taken in: one at a time, so that a stranger's writing never makes more than one commit wait; and
 * by the bytes that they grow by, at a rate in all and from each source, as what is kept is kept for ever. So nobody
 * takes the room of others by himself. Who replaces a backup by one as large always may.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { TokenBucket } from "../../../core/token_bucket.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import type { DiskRoom } from "../../disk_watch.ts";
import { hasRoomForStrangers } from "../../disk_watch.ts";
import { BACKUP_SOURCES_MAX, BACKUPS_GROWTH, BACKUPS_GROWTH_OF_SOURCE, BACKUPS_WAITING_MAX } from "../limits.ts";

export class BackupIntake {
  readonly #clock: Clock;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  readonly #growth: TokenBucket;
  readonly #sources = new Map<string, TokenBucket>();
  readonly #room: Readonly<DiskRoom>;

  constructor(clock: Clock, room: Readonly<DiskRoom>) {
    this.#clock = clock;
    this.#room = room;
    this.#growth = new TokenBucket(BACKUPS_GROWTH, clock.monotonicMs());
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

  /** Sources whose growth is remembered. */
  get sources(): number {
    return this.#sources.size;
  }

  /** Whether they may grow by so many bytes now. @param source null when it can't be told from others */
  mayGrow(bytes: number, source: string | null): boolean {
    const nowMs = this.#clock.monotonicMs();
    return this.#buckets(source, nowMs).every((bucket) => bucket.left(nowMs) >= bytes);
  }

  /** They have. */
  grew(bytes: number, source: string | null): void {
    const nowMs = this.#clock.monotonicMs();
    for (const bucket of this.#buckets(source, nowMs)) bucket.take(bytes, nowMs);
  }

  #buckets(source: string | null, nowMs: number): TokenBucket[] {
    if (source === null) return [this.#growth];
    const known = this.#sources.get(source);
    if (known) return [this.#growth, known];
    if (this.#sources.size >= BACKUP_SOURCES_MAX) {
      for (const [other, bucket] of this.#sources) {
        if (bucket.left(nowMs) >= BACKUPS_GROWTH_OF_SOURCE.burst) this.#sources.delete(other);
      }
    }
    const bucket = new TokenBucket(BACKUPS_GROWTH_OF_SOURCE, nowMs);
    // above the bound there is that of all alone
    if (this.#sources.size < BACKUP_SOURCES_MAX) this.#sources.set(source, bucket);
    return [this.#growth, bucket];
  }
}
