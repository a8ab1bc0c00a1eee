/**
 * Clients' encrypted backups: stored under the key that signs them, handed to whoever names that key. fedimint-server
 * `consensus/api.rs`; docs/protocol/02-api.md §3, docs/protocol/01-encoding.md §15.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import type { StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { option, struct, u64Number, unit } from "../../../core/encoding/mod.ts";
import type { SignedBackupRequest } from "../../../core/types/backup.ts";
import {
  BACKUP_FUTURE_SECS_MAX,
  BACKUP_PAYLOAD_BYTES_MAX,
  clientBackupSnapshot,
  signedBackupRequest,
  verifyBackupRequest,
} from "../../../core/types/backup.ts";
import type { SystemTime } from "../../../core/types/duration.ts";
import { publicKey } from "../../../core/types/keys.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import type { DiskRoom } from "../../disk_watch.ts";
import { BackupIntake } from "./backup_intake.ts";
import { allBackups, backupBytes, getBackup, setBackup, setBackupBytes, storedBackupBytes } from "../db.ts";
import type { Method } from "../dispatch.ts";
import { BACKUPS_BYTES_MAX, SIGNATURE_UNITS } from "../limits.ts";
import { method } from "../method.ts";

const NANOS_PER_SECOND = 1_000_000_000n;
const DAY_NANOS = 86_400n * NANOS_PER_SECOND;

const statistics = struct("BackupStatistics", {
  numBackups: u64Number,
  totalSize: u64Number,
  "refreshed_1d": u64Number,
  "refreshed_1w": u64Number,
  "refreshed_1m": u64Number,
  "refreshed_3m": u64Number,
});

function nanosOf({ secsSinceEpoch, nanosSinceEpoch }: SystemTime): bigint {
  return secsSinceEpoch * NANOS_PER_SECOND + BigInt(nanosSinceEpoch);
}

function nowNanos(clock: Clock): bigint {
  return BigInt(Math.floor(clock.nowMs())) * 1_000_000n;
}

type Stored = { readonly stored: true; readonly growth: number } | { readonly refused: "older" | "full" | "too_many" };

/**
 * @param source whom it comes from; null when it can't be told from others
 * @throws {EndpointError} bad request when it is refused, failed when it is too much now
 */
async function storeBackup(
  store: StoreView,
  clock: Clock,
  intake: BackupIntake,
  signed: SignedBackupRequest,
  source: string | null,
): Promise<void> {
  const { id, payload, timestamp } = signed.request;
  // the cheapest check first
  if (payload.length > BACKUP_PAYLOAD_BYTES_MAX) throw EndpointError.badRequest("snapshot too large");
  if (!verifyBackupRequest(signed)) throw EndpointError.badRequest("invalid request");
  const newestNanos = nowNanos(clock) + BigInt(BACKUP_FUTURE_SECS_MAX) * NANOS_PER_SECOND;
  if (nanosOf(timestamp) > newestNanos) throw EndpointError.badRequest("timestamp too far in the future");
  const outcome = await intake.inTurn(async () => {
    const { value, durable } = await store.transact<Stored>(async (tx) => {
      const before = await getBackup(tx, id), backup = { timestamp, data: payload };
      if (before && nanosOf(timestamp) <= nanosOf(before.timestamp)) return rollback({ refused: "older" });
      const growth = storedBackupBytes(backup) - (before ? storedBackupBytes(before) : 0n);
      if (growth !== 0n) {
        const bytes = await backupBytes(tx) + growth;
        if (growth > 0n && bytes > BACKUPS_BYTES_MAX) return rollback({ refused: "full" });
        if (growth > 0n && !intake.mayGrow(Number(growth), source)) return rollback({ refused: "too_many" });
        setBackupBytes(tx, bytes);
      }
      setBackup(tx, id, backup);
      return { stored: true, growth: Number(growth) };
    });
    if ("stored" in value && value.growth > 0) intake.grew(value.growth, source);
    await durable;
    return value;
  });
  if ("stored" in outcome) return;
  switch (outcome.refused) {
    case "older":
      throw EndpointError.badRequest("timestamp too small");
    case "full":
      throw EndpointError.failed("This guardian has no room for more backups, and takes no new and no larger ones");
    case "too_many":
      throw EndpointError.failed("Too many new backups have come: try again later");
  }
}

async function statisticsOf(store: StoreView, clock: Clock): Promise<CodecType<typeof statistics>> {
  const now = nowNanos(clock);
  return await readDurable(store, async (tx) => {
    const ages: bigint[] = [];
    let totalSize = 0;
    for await (const { timestamp, data } of allBackups(tx)) {
      totalSize += data.length;
      // one that is dated ahead counts as new
      ages.push(now - nanosOf(timestamp));
    }
    const youngerThan = (days: bigint): number => ages.filter((age) => age < days * DAY_NANOS).length;
    return {
      numBackups: ages.length,
      totalSize,
      "refreshed_1d": youngerThan(1n),
      "refreshed_1w": youngerThan(7n),
      "refreshed_1m": youngerThan(30n),
      "refreshed_3m": youngerThan(90n),
    };
  });
}

/** @param apiPassword of admin calls. Secret. */
export function backupMethods(
  { store, clock, room, apiPassword }: {
    readonly store: StoreView;
    readonly clock: Clock;
    readonly room: Readonly<DiskRoom>;
    readonly apiPassword: string | null;
  },
): Record<string, Method> {
  const intake = new BackupIntake(clock, room);
  return {
    backup: method({
      units: SIGNATURE_UNITS,
      params: signedBackupRequest,
      result: unit,
      handle: async (signed, _signal, source) => {
        await storeBackup(store, clock, intake, signed, source);
        return null;
      },
    }),
    recover: method({
      params: publicKey,
      result: option(clientBackupSnapshot),
      handle: async (id) => await readDurable(store, (tx) => getBackup(tx, id)) ?? null,
    }),
    backup_statistics: method({
      admin: { password: apiPassword },
      params: unit,
      result: statistics,
      handle: () => statisticsOf(store, clock),
    }),
  };
}
