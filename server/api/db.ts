/**
 * What the API keeps in the store beside what consensus keeps there (`../consensus/store/db.ts`), one typed accessor a
 * record. First bytes are those of the reference, though nothing depends on it:
 *
 * | record | key | value |
 * |---|---|---|
 * | newest announcement of a guardian's URL | 06 ‖ peer u16 BE | SignedApiAnnouncement |
 * | newest metadata of a guardian | 08 ‖ peer u16 BE | SignedGuardianMetadata |
 * | a client's backup | 51 ‖ its key, 33 bytes | ClientBackupSnapshot |
 * | number of clients' backups, by older versions | 70 | u64 |
 * | bytes of clients' backups | 71 | u64 |
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { concat } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, encode, u64 } from "../../core/encoding/mod.ts";
import { signedApiAnnouncement } from "../../core/types/api_announcement.ts";
import type { ClientBackupSnapshot } from "../../core/types/backup.ts";
import { clientBackupSnapshot } from "../../core/types/backup.ts";
import { signedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { BACKUP_OVERHEAD_BYTES } from "./limits.ts";

const BACKUP_PREFIX = Uint8Array.of(0x51);
const BACKUP_COUNT_KEY = Uint8Array.of(0x70);
const BACKUP_BYTES_KEY = Uint8Array.of(0x71);

/** One record a guardian: what it last said about itself. */
export type PeerRecords<T> = {
  readonly key: (peer: PeerId) => Bytes;
  readonly get: (tx: ReadTx, peer: PeerId) => Promise<T | undefined>;
  readonly set: (tx: StoreTx, peer: PeerId, value: T) => void;
  /** Of all guardians that have said anything, ascending. */
  readonly all: (tx: ReadTx) => Promise<Map<PeerId, T>>;
};

function peerRecords<T>(prefix: number, codec: Codec<T>): PeerRecords<T> {
  const key = (peer: PeerId): Bytes => Uint8Array.of(prefix, peer >> 8, peer & 0xff);
  return {
    key,
    get: async (tx, peer) => {
      const value = await tx.get(key(peer));
      return value && decode(codec, value);
    },
    set: (tx, peer, value) => tx.set(key(peer), encode(codec, value)),
    all: async (tx) => {
      const found = new Map<PeerId, T>();
      for await (const { key, value } of tx.range({ prefix: Uint8Array.of(prefix) })) {
        found.set(key[1]! << 8 | key[2]!, decode(codec, value));
      }
      return found;
    },
  };
}

export const announcements = peerRecords(0x06, signedApiAnnouncement);
export const guardianMetadata = peerRecords(0x08, signedGuardianMetadata);

/** @param id 33 bytes */
export async function getBackup(tx: ReadTx, id: Bytes): Promise<ClientBackupSnapshot | undefined> {
  const value = await tx.get(concat(BACKUP_PREFIX, id));
  return value && decode(clientBackupSnapshot, value);
}

export function setBackup(tx: StoreTx, id: Bytes, backup: ClientBackupSnapshot): void {
  tx.set(concat(BACKUP_PREFIX, id), encode(clientBackupSnapshot, backup));
}

/** What a backup takes on disk, and beside its bytes: its key, its time, the database's own. */
export function storedBackupBytes({ data }: Pick<ClientBackupSnapshot, "data">): bigint {
  return BigInt(data.length + BACKUP_OVERHEAD_BYTES);
}

/**
 * What all of them take. Counted when an older version was at work, which leaves their number in its place: once a
 * database, and once more after each time that such a version ran.
 */
export async function backupBytes(tx: ReadTx): Promise<bigint> {
  const value = await tx.get(BACKUP_COUNT_KEY) ? undefined : await tx.get(BACKUP_BYTES_KEY);
  if (value) return decode(u64, value);
  let bytes = 0n;
  for await (const backup of allBackups(tx)) bytes += storedBackupBytes(backup);
  return bytes;
}

export function setBackupBytes(tx: StoreTx, bytes: bigint): void {
  tx.set(BACKUP_BYTES_KEY, encode(u64, bytes));
  tx.delete(BACKUP_COUNT_KEY);
}

/** One at a time: all of them together may be large. */
export async function* allBackups(tx: ReadTx): AsyncIterable<ClientBackupSnapshot> {
  for await (const { value } of tx.range({ prefix: BACKUP_PREFIX })) yield decode(clientBackupSnapshot, value);
}
