/**
 * The owner's record: who uses a database, changed by every commit. A commit is made only on top of the owner's own
 * last one, so
 *
 * - a process that lost the database to another, whatever happened to locks, can't write to it any more;
 * - a commit that a network delivers twice, or late, happens once and in its place.
 *
 * Its format stays the same in every layout: it is read before the layout is known.
 */
import { type Bytes, equalBytes } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";

export type Owner = {
  /** 16 random bytes, fresh for each opening. */
  readonly id: Bytes;
  readonly pid: number;
  /** Counts the owner's commits. */
  readonly sequence: number;
  /** It closed the database properly. */
  readonly released: boolean;
};

export const OWNER_ID_BYTES = 16;
const RECORD_BYTES = OWNER_ID_BYTES + 4 + 8 + 1;

export function encodeOwner({ id, pid, sequence, released }: Owner): Bytes {
  const record = new Uint8Array(RECORD_BYTES);
  const view = new DataView(record.buffer);
  record.set(id);
  view.setUint32(16, pid);
  view.setBigUint64(20, BigInt(sequence));
  view.setUint8(28, released ? 1 : 0);
  return record;
}

/** @throws {StoreError} `corrupt` */
export function decodeOwner(record: unknown): Owner {
  if (!(record instanceof Uint8Array) || record.length !== RECORD_BYTES) {
    throw new StoreError({ code: "corrupt" }, "The database's owner record is damaged. Restore a backup.");
  }
  const view = new DataView(record.buffer, record.byteOffset);
  return {
    id: record.slice(0, OWNER_ID_BYTES) as Bytes,
    pid: view.getUint32(16),
    sequence: Number(view.getBigUint64(20)),
    released: view.getUint8(28) === 1,
  };
}

export function isSameCommit(a: Owner, b: Owner): boolean {
  return equalBytes(a.id, b.id) && a.sequence === b.sequence;
}
