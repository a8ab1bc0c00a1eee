/**
 * Channel monitors on disk: what of a channel must never be lost or be older than what a peer was told. A change is
 * stored as LDK's own difference, and after some of them as a whole: a monitor grows by 127 bytes a payment for ever.
 * LDK is told that a change is stored when it is queued: `Disk` holds back what would tell of it until it is durable.
 */
import { assert } from "../../../../../core/assert.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { MONITOR_UPDATES_MAX } from "../limits.ts";
import { isNull, ldk, outPointText, unwrap } from "./bindings.ts";
import type { Disk } from "./disk.ts";

const WHOLE = "monitor/", UPDATE = "update/", ARCHIVED = "archived/";
/** Of updates that older versions of LDK make when a channel is closed: there is no order among them. */
const CLOSED_UPDATE_ID = 0xffff_ffff_ffff_ffffn;

export class Monitors {
  readonly persist: ldk.Persist;
  readonly #disk: Disk;
  /** By channel: keys of the updates that are stored after the whole. */
  readonly #updates = new Map<string, string[]>();

  constructor(disk: Disk) {
    this.#disk = disk;
    const done = ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed;
    this.persist = ldk.Persist.new_impl({
      persist_new_channel: (outPoint, monitor) => {
        this.#putWhole(outPointText(outPoint), monitor);
        return done;
      },
      update_persisted_channel: (outPoint, update, monitor) => {
        this.#change(outPointText(outPoint), update === null || isNull(update) ? null : update, monitor);
        return done;
      },
      // the channel is over for four weeks; its monitor stays on disk and isn't loaded any more
      archive_persisted_channel: (outPoint) =>
        this.#disk.putBytes(ARCHIVED + outPointText(outPoint), new Uint8Array(0)),
    });
  }

  #change(name: string, update: ldk.ChannelMonitorUpdate | null, monitor: ldk.ChannelMonitor): void {
    const keys = this.#updates.get(name) ?? [];
    const id = update?.get_update_id();
    if (update === null || id === undefined || id === CLOSED_UPDATE_ID || keys.length >= MONITOR_UPDATES_MAX) {
      this.#putWhole(name, monitor);
      return;
    }
    const key = `${UPDATE}${name}/${id.toString(16).padStart(16, "0")}`;
    this.#disk.putBytes(key, update.write());
    this.#updates.set(name, [...keys, key]);
  }

  #putWhole(name: string, monitor: ldk.ChannelMonitor): void {
    this.#disk.putBytes(WHOLE + name, monitor.write());
    for (const key of this.#updates.get(name) ?? []) this.#disk.remove(key);
    this.#updates.set(name, []);
  }

  /** All channels that aren't archived, each as it was when it was last told to be stored. */
  async load(world: {
    readonly entropy: ldk.EntropySource;
    readonly signers: ldk.SignerProvider;
    readonly broadcaster: ldk.BroadcasterInterface;
    readonly fees: ldk.FeeEstimator;
    readonly logger: ldk.Logger;
  }): Promise<ldk.ChannelMonitor[]> {
    const archived = new Set((await this.#disk.list(ARCHIVED)).map(([name]) => name));
    const wholes = (await this.#disk.list(WHOLE)).filter(([name]) => !archived.has(name));
    const updates = new Map<string, [string, Bytes][]>();
    for (const [key, bytes] of await this.#disk.list(UPDATE)) {
      const name = key.slice(0, key.lastIndexOf("/"));
      updates.set(name, [...updates.get(name) ?? [], [UPDATE + key, bytes]]);
    }
    return wholes.map(([name, bytes]) => {
      const read = ldk.UtilMethods.constructor_C2Tuple_ThirtyTwoBytesChannelMonitorZ_read(
        bytes,
        world.entropy,
        world.signers,
      );
      const monitor: ldk.ChannelMonitor = unwrap(read, `the stored monitor ${name}`).get_b();
      const list = updates.get(name) ?? [];
      for (const [key, stored] of list) {
        const update: ldk.ChannelMonitorUpdate = unwrap(ldk.ChannelMonitorUpdate.constructor_read(stored), key);
        if (update.get_update_id() <= monitor.get_latest_update_id()) continue;
        assert(
          update.get_update_id() === monitor.get_latest_update_id() + 1n,
          "updates of a monitor have no gaps: all of a commit are there or none",
        );
        unwrap(monitor.update_monitor(update, world.broadcaster, world.fees, world.logger), key);
      }
      this.#updates.set(name, list.map(([key]) => key));
      return monitor;
    });
  }
}
