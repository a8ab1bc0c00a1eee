/**
 * What goes into a backup: the application's metadata, and what each module says.
 * `fedimint-client-0.13.0/src/backup.rs`; docs/protocol/07-client.md §E.
 */
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, fromUtf8, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { DecodeError, encode, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import type { ClientBackup } from "../../core/types/backup.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, encodePaddedBackup } from "../../core/types/backup.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import { dyn } from "../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { SEAL_BYTES } from "./keys.ts";
import { MODULE_PART_BYTES_END } from "./limits.ts";

/** What an application keeps in the backup of a wallet. */
export type BackupMetadata = {
  /** As they are in the backup; other programs may keep anything there. */
  readonly bytes: Bytes;
  /** The same as JSON; undefined when it is none. */
  readonly json: Json | undefined;
};

/** JSON as its text, as the official command line and SDK keep it. */
export function metadataOfJson(json: Json): Bytes {
  return utf8(stringifyJson(json));
}

/** Null: there is none. */
export function readMetadata(bytes: Bytes): BackupMetadata | null {
  if (bytes.length === 0) return null;
  try {
    return { bytes, json: parseJson(fromUtf8(bytes)) };
  } catch (thrown) {
    // no JSON, or no UTF-8
    if (!(thrown instanceof DecodeError) && !(thrown instanceof TypeError)) throw thrown;
    return { bytes, json: undefined };
  }
}

/** What a module's part came to that isn't in the backup as the module gave it. */
export type LeftOut = {
  readonly instance: ModuleInstanceId;
  /** Encoded. */
  readonly bytes: number;
  /** Whether the last backup's part stands in its place. */
  readonly hasOlder: boolean;
};

/**
 * Parts of modules as they go into a backup. One that is missing or too large is replaced by that of the last backup,
 * so that what another program, or a module that this one doesn't know, once put there stays.
 * @param fresh what modules say now; null and what isn't there: nothing
 */
export function partsOf(
  fresh: ReadonlyMap<ModuleInstanceId, Bytes | null>,
  last: ClientBackup["modules"],
): { readonly parts: Map<ModuleInstanceId, Dyn>; readonly leftOut: readonly LeftOut[] } {
  const parts = new Map<ModuleInstanceId, Dyn>(), leftOut: LeftOut[] = [];
  const instances = [...new Set([...fresh.keys(), ...last.keys()])].sort((a, b) => a - b);
  for (const instance of instances) {
    const body = fresh.get(instance), older = last.get(instance);
    const newest = body ? { instance, body } : older;
    if (!newest) continue;
    const bytes = encode(dyn, newest).length;
    if (bytes < MODULE_PART_BYTES_END) {
      parts.set(instance, newest);
      continue;
    }
    leftOut.push({ instance, bytes, hasOlder: older !== undefined });
    if (older) parts.set(instance, older);
  }
  return { parts, leftOut };
}

/** Of what guardians would store, bytes. */
export function payloadBytes(backup: ClientBackup): number {
  return encodePaddedBackup(backup).length + SEAL_BYTES;
}

/** Whether guardians take it. */
export function fits(backup: ClientBackup): boolean {
  return payloadBytes(backup) <= BACKUP_PAYLOAD_BYTES_MAX;
}

function equalParts(a: ClientBackup["modules"], b: ClientBackup["modules"]): boolean {
  return a.size === b.size && [...a].every(([instance, part]) => {
    const other = b.get(instance);
    return other !== undefined && equalBytes(encode(dyn, part), encode(dyn, other));
  });
}

/** What of two backups differs, when they were made aside. */
export function differenceOf(
  a: ClientBackup,
  b: ClientBackup,
): { readonly metadata: boolean; readonly parts: boolean } {
  return { metadata: !equalBytes(a.metadata, b.metadata), parts: !equalParts(a.modules, b.modules) };
}
