/**
 * What a wallet knows of its backups, in its store. All of it is local; the contents of the last backup are as they
 * went to the guardians, but in the clear: no secret is among them unless an application puts one there.
 */
import type { StoreTx } from "../../actors/store/store.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { bool, bytes, option, struct, text, u64, u64Number } from "../../core/encoding/mod.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { clientBackup } from "../../core/types/backup.ts";
import type { SystemTime } from "../../core/types/duration.ts";
import { Slot } from "../federation/join_state.ts";

/** What an application keeps in backups; it stays until other metadata are given. */
export const metadataSlot: Slot<Bytes> = new Slot("backup_metadata", bytes);
/** The last backup that was made, or that the wallet was restored with, whether guardians have it or not. */
export const lastBackupSlot: Slot<ClientBackup> = new Slot("last_backup", clientBackup);

const upload = struct("BackupUpload", {
  timestampNs: u64,
  isKept: bool,
  kept: option(struct("KeptBackup", { atMs: u64Number, sessionCount: u64Number })),
  failure: option(struct("BackupFailure", { atMs: u64Number, reason: text })),
});
type Upload = {
  /** Of the last request, nanoseconds since the Unix epoch: guardians take none that isn't later. */
  readonly timestampNs: bigint;
  /** Whether a threshold of guardians has the last backup. */
  readonly isKept: boolean;
  readonly kept: BackupState["kept"];
  readonly failure: BackupState["failure"];
};
const uploadSlot: Slot<Upload> = new Slot("backup_upload", upload);

const NONE: Upload = { timestampNs: 0n, isKept: false, kept: null, failure: null };

/** How it stands with a wallet's backup. */
export type BackupState = {
  /** The newest that a threshold of guardians took: when, and in which session of the federation. */
  readonly kept: { readonly atMs: number; readonly sessionCount: number } | null;
  /** Why the last try came to nothing; null when it didn't. It is tried again by itself. */
  readonly failure: { readonly atMs: number; readonly reason: string } | null;
};

/** What is stored of backups. */
export type BackupRecords = Upload & {
  readonly metadata: Bytes;
  readonly last: ClientBackup | null;
};

export async function backupRecords(tx: ReadTx): Promise<BackupRecords> {
  return {
    ...await uploadSlot.get(tx) ?? NONE,
    metadata: await metadataSlot.get(tx) ?? new Uint8Array() as Bytes,
    last: await lastBackupSlot.get(tx) ?? null,
  };
}

/** What is about to be sent; guardians may have it from here on. */
export async function setMade(tx: StoreTx, last: ClientBackup, timestampNs: bigint): Promise<void> {
  lastBackupSlot.set(tx, last);
  uploadSlot.set(tx, { ...await uploadSlot.get(tx) ?? NONE, timestampNs, isKept: false });
}

/** A threshold of guardians has the backup of that request. */
export async function setKept(
  tx: StoreTx,
  kept: NonNullable<BackupState["kept"]>,
  timestampNs: bigint,
): Promise<void> {
  const before = await uploadSlot.get(tx) ?? NONE;
  uploadSlot.set(tx, { ...before, isKept: before.timestampNs === timestampNs, kept, failure: null });
}

export async function setFailure(tx: StoreTx, failure: NonNullable<BackupState["failure"]>): Promise<void> {
  uploadSlot.set(tx, { ...await uploadSlot.get(tx) ?? NONE, failure });
}

/** A wallet begins with this backup. */
export function setRestored(tx: StoreTx, last: ClientBackup, timestamp: SystemTime): void {
  lastBackupSlot.set(tx, last);
  uploadSlot.set(tx, { ...NONE, timestampNs: nanosOf(timestamp) });
}

const NANOS_PER_SECOND = 1_000_000_000n;
const NANOS_END = 1n << 64n;

/** Beyond u64 it is the end of it: as a guardian says it, so no more is meant by it than that. */
function nanosOf({ secsSinceEpoch, nanosSinceEpoch }: SystemTime): bigint {
  const nanos = secsSinceEpoch * NANOS_PER_SECOND + BigInt(nanosSinceEpoch);
  return nanos < NANOS_END ? nanos : NANOS_END - 1n;
}

export function timeOf(nanos: bigint): SystemTime {
  return { secsSinceEpoch: nanos / NANOS_PER_SECOND, nanosSinceEpoch: Number(nanos % NANOS_PER_SECOND) };
}
