/**
 * What a wallet that is restored takes from the backups that guardians keep: its own one's parts go to their modules,
 * and all of it is the last backup that the wallet knows, so that a part that no module here reads is in the next one
 * again. Of that of another way from the words only the metadata are taken, when there are no others.
 */
import type { StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { clientRoot } from "../../core/crypto/bip39.ts";
import type { SystemTime } from "../../core/types/duration.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import type { Derivation } from "../../modules/contract/recovery.ts";
import type { Definitions } from "../core/definitions.ts";
import type { ClientSecrets } from "../core/secrets.ts";
import { ClientError } from "../error.ts";
import type { BackupMetadata } from "./contents.ts";
import { readMetadata } from "./contents.ts";
import { BackupKeys } from "./keys.ts";
import type { Asking, BackupsFound } from "./newest.ts";
import { newestBackups } from "./newest.ts";
import { metadataSlot, setRestored } from "./records.ts";

/** Parts of a backup that a client is restored with. */
export type RestoredBackup = {
  readonly sessionCount: number;
  /** Bodies by module instance. */
  readonly modules: ReadonlyMap<ModuleInstanceId, Bytes>;
  /** Stores what of the backup is the client's own. */
  readonly store: (tx: StoreTx) => void;
};

/** A backup that guardians keep, as people are told. */
export type FoundBackup = {
  /** How its secrets come from the words: `standard` is this client's own. */
  readonly derivation: Derivation;
  /** As the guardian says that handed it out; milliseconds since the Unix epoch. */
  readonly madeAtMs: number;
  /** Of the federation, when it was made. */
  readonly sessionCount: number;
  readonly metadata: BackupMetadata | null;
  /** Modules with parts in it that nothing here reads. */
  readonly unread: readonly ModuleInstanceId[];
};

/** What guardians keep of a wallet. */
export type FoundBackups = {
  readonly backups: readonly FoundBackup[];
  /** Guardians whose answers were no backups of this wallet. */
  readonly rejected: readonly { readonly peer: PeerId; readonly reason: string }[];
};

export type Searching = Omit<Asking, "keys" | "api">;

/** Of the client's own wallet, and of those that other programs would have made of the same words. */
export function backupKeys({ federationId, preRoot, others }: ClientSecrets): ReadonlyMap<Derivation, BackupKeys> {
  const keys = new Map<Derivation, BackupKeys>([["standard", new BackupKeys(clientRoot(preRoot, federationId))]]);
  for (const other of others) keys.set(other.derivation, new BackupKeys(clientRoot(other.preRoot, federationId)));
  return keys;
}

/** As `newestBackups`, for all wallets of these secrets. */
export function searchBackups(
  api: Asking["api"],
  secrets: ClientSecrets,
  env: Searching,
  signal: AbortSignal,
): Promise<BackupsFound> {
  return newestBackups({ ...env, api, keys: backupKeys(secrets) }, signal);
}

/** What is stored of them with a new client, and what its modules get; null: there is nothing. */
export function restoredBackup({ newest }: BackupsFound): RestoredBackup | null {
  if (newest.size === 0) return null;
  const own = newest.get("standard");
  const metadata = [...newest.values()].map(({ backup }) => backup.metadata).find(({ length }) => length > 0);
  return {
    sessionCount: own?.backup.sessionCount ?? 0,
    modules: new Map<ModuleInstanceId, Bytes>([...own?.backup.modules ?? []].map(([id, { body }]) => [id, body])),
    store: (tx: StoreTx) => {
      if (own) setRestored(tx, own.backup, own.timestamp);
      if (metadata) metadataSlot.set(tx, metadata);
    },
  };
}

/** The last moment that a date can be, milliseconds: a guardian may say any. */
const DATE_MS_MAX = 8_640_000_000_000_000;

function msOf({ secsSinceEpoch, nanosSinceEpoch }: SystemTime): number {
  return Math.min(Number(secsSinceEpoch) * 1_000 + Math.floor(nanosSinceEpoch / 1_000_000), DATE_MS_MAX);
}

export function foundBackups({ newest, rejected }: BackupsFound, definitions: Definitions): FoundBackups {
  const backups = [...newest].map(([derivation, { backup, timestamp }]): FoundBackup => ({
    derivation,
    madeAtMs: msOf(timestamp),
    sessionCount: backup.sessionCount,
    metadata: readMetadata(backup.metadata),
    unread: [...backup.modules.keys()].filter((id) => derivation !== "standard" || !definitions.get(id)?.recovery),
  }));
  return { backups, rejected: [...rejected].map(([peer, reason]) => ({ peer, reason })) };
}

/**
 * Asks before words that may have been used elsewhere join afresh.
 * @throws {ClientError} `has_history` · `no_answer`
 */
export async function refuseHistory(
  api: Asking["api"],
  secrets: ClientSecrets,
  env: Searching,
  signal: AbortSignal,
): Promise<void> {
  const { newest } = await searchBackups(api, secrets, env, signal);
  if (newest.size === 0) return;
  throw new ClientError(
    { code: "has_history" },
    "The federation's guardians keep a backup of a wallet of these words: restore it instead of joining, as a wallet " +
      "that joins afresh would not show its money. Nothing was changed",
  );
}
