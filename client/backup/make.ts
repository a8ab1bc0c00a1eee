/**
 * Makes a wallet's backup and brings it to the guardians: contents at one moment, stored here before they are sent.
 * `fedimint-client-0.13.0/src/backup.rs`; docs/protocol/07-client.md §E.
 */
import type { Logger } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { storeFailureIn } from "../../actors/store/error.ts";
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { u64Number, unit } from "../../core/encoding/mod.ts";
import { errorText } from "../../core/result.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { BACKUP_FUTURE_SECS_MAX, BACKUP_PAYLOAD_BYTES_MAX, signedBackupRequest } from "../../core/types/backup.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { FederationApi } from "../../modules/contract/federation_api.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import type { UniqueTime } from "../core/database.ts";
import { modulePrefix } from "../core/database.ts";
import type { ModuleTable } from "../core/module_actor.ts";
import { ClientError } from "../error.ts";
import { logEvent } from "../logs/events.ts";
import type { LeftOut } from "./contents.ts";
import { differenceOf, fits, metadataOfJson, partsOf, payloadBytes } from "./contents.ts";
import type { BackupKeys } from "./keys.ts";
import { LOOK_RECOVERING_MS, METADATA_EVERY_MS, PARTS_EVERY_MS } from "./limits.ts";
import type { BackupRecords, BackupState } from "./records.ts";
import { backupRecords, metadataSlot, setFailure, setKept, setMade, timeOf } from "./records.ts";

export type BackupEnv = {
  readonly store: StoreView;
  readonly platform: Platform;
  readonly time: UniqueTime;
  readonly api: FederationApi;
  readonly keys: BackupKeys;
  readonly table: ModuleTable;
  /** Whether anything that belongs to the words is still missing: a backup now would take an older one's place. */
  readonly isRecovering: (tx: ReadTx) => Promise<boolean>;
};

/** A backup that a threshold of guardians has. */
export type BackupMade = {
  /** Of the federation, when it was made. */
  readonly sessionCount: number;
  /** Parts of modules that were too large. */
  readonly leftOut: readonly LeftOut[];
};

const NANOS_PER_MS = 1_000_000n;
const FUTURE_NS = BigInt(BACKUP_FUTURE_SECS_MAX) * 1_000_000_000n;

/**
 * Later than the last one, as guardians want it, also when this clock is behind that of a device before: by no more
 * than they allow, beyond which no honest guardian can have one.
 */
function timestampAfter(lastNs: bigint, nowMs: number): bigint {
  const nowNs = BigInt(Math.floor(nowMs)) * NANOS_PER_MS;
  return lastNs >= nowNs && lastNs < nowNs + FUTURE_NS ? lastNs + 1n : nowNs;
}

/** What modules say now. One that fails keeps the others out of no backup. */
async function freshParts(
  tx: ReadTx,
  { table }: Pick<BackupEnv, "table">,
  log: Logger,
): Promise<Map<ModuleInstanceId, Bytes | null>> {
  const parts = new Map<ModuleInstanceId, Bytes | null>();
  for (const [instance, module] of table) {
    try {
      parts.set(instance, await module.backup?.(tx.view(modulePrefix(instance))) ?? null);
    } catch (thrown) {
      if (storeFailureIn(thrown)) throw thrown;
      log.error("A module can't make its part of a backup", { instance, reason: errorText(thrown) });
    }
  }
  return parts;
}

type Contents = { readonly backup: ClientBackup; readonly leftOut: readonly LeftOut[] };

async function contentsNow(
  tx: ReadTx,
  { metadata, last }: BackupRecords,
  sessionCount: number,
  env: Pick<BackupEnv, "table">,
  log: Logger,
): Promise<Contents> {
  const { parts, leftOut } = partsOf(await freshParts(tx, env, log), last?.modules ?? new Map());
  return { backup: { sessionCount, metadata, modules: parts }, leftOut };
}

function tooLarge(backup: ClientBackup): ClientError {
  return new ClientError(
    { code: "backup_too_large" },
    `The backup has ${payloadBytes(backup)} bytes, and guardians take ${BACKUP_PAYLOAD_BYTES_MAX} at the most. ` +
      "Give it smaller metadata",
  );
}

/**
 * Metadata for the backups from now on; durable when it resolves.
 * @throws {ClientError} `backup_too_large`: they would fit into no backup; nothing was changed
 */
export async function keepMetadata(store: StoreView, json: Json): Promise<void> {
  const metadata = metadataOfJson(json),
    alone = { sessionCount: Number.MAX_SAFE_INTEGER, metadata, modules: new Map() };
  if (!fits(alone)) throw tooLarge(alone);
  const { durable } = await store.transact((tx) => metadataSlot.set(tx, metadata));
  await durable;
}

/**
 * Makes a backup and resolves when a threshold of guardians has it. Its failure is in the wallet's state.
 * @throws {ClientError} `recovering` · `backup_too_large` · {ApiError} · {WaitError} `aborted` · `closed`
 */
export async function backUp(env: BackupEnv, log: Logger, signal: AbortSignal): Promise<BackupMade> {
  const { store, platform: { clock } } = env;
  try {
    return await tryToBackUp(env, log, signal);
  } catch (thrown) {
    if (thrown instanceof ApiError || thrown instanceof ClientError) {
      const failure = { atMs: Math.floor(clock.nowMs()), reason: errorText(thrown) };
      const { durable } = await store.transact((tx) => setFailure(tx, failure));
      await durable;
    }
    throw thrown;
  }
}

async function tryToBackUp(env: BackupEnv, log: Logger, signal: AbortSignal): Promise<BackupMade> {
  const { store, platform: { clock, dice }, time, api, keys } = env;
  // first of all, as the newest backup is the one with the highest
  const sessionCount = await api.consensus({ method: "session_count", params: null, result: u64Number }, { signal });
  const made = await store.transact(async (tx) => {
    if (await env.isRecovering(tx)) {
      throw new ClientError({ code: "recovering" }, "Cannot back up while a module recovery is still running");
    }
    const records = await backupRecords(tx);
    const contents = await contentsNow(tx, records, sessionCount, env, log);
    if (!fits(contents.backup)) throw tooLarge(contents.backup);
    const timestampNs = timestampAfter(records.timestampNs, clock.nowMs());
    await setMade(tx, contents.backup, timestampNs);
    return { ...contents, timestampNs };
  });
  await made.durable;
  const { backup, leftOut, timestampNs } = made.value;
  for (const { instance, bytes, hasOlder } of leftOut) {
    log.warn("A module's part is too large for a backup", { instance, bytes, hasOlder });
  }
  const request = keys.sign(keys.seal(backup, dice), timeOf(timestampNs), dice);
  const params = signedBackupRequest.toJson(request);
  await api.consensus({ method: "backup", params, result: unit }, { signal });
  const { durable } = await store.transact(async (tx) => {
    await setKept(tx, { atMs: Math.floor(clock.nowMs()), sessionCount }, timestampNs);
    logEvent(tx, { kind: "backup-done", module: null, tsUs: time.nowUs(), payload: null });
  });
  await durable;
  return { sessionCount, leftOut };
}

/**
 * How long until a backup is due by itself, ms; 0: now; null: there is nothing that guardians don't have. What changes
 * with every use of a wallet is no reason: guardians would learn on which days it is used.
 */
export async function dueInMs(
  tx: ReadTx,
  env: Pick<BackupEnv, "isRecovering" | "table">,
  nowMs: number,
  log: Logger,
): Promise<number | null> {
  if (await env.isRecovering(tx)) return LOOK_RECOVERING_MS;
  const records = await backupRecords(tx), { kept, last, isKept } = records;
  if (!kept || !last || !isKept) return 0;
  const { backup } = await contentsNow(tx, records, last.sessionCount, env, log);
  const { metadata, parts } = differenceOf(backup, last);
  if (!metadata && !parts) return null;
  const everyMs = metadata ? METADATA_EVERY_MS : PARTS_EVERY_MS;
  const sinceMs = nowMs - kept.atMs;
  // a clock that was put back says nothing of how long it is ago
  return sinceMs < 0 ? 0 : Math.max(0, everyMs - sinceMs);
}

export async function backupState(tx: ReadTx): Promise<BackupState> {
  const { kept, failure } = await backupRecords(tx);
  return { kept, failure };
}
