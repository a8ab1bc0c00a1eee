/** A wallet's place in its federation, as applications use it: what it comes from, and what its guardians say. */
import type { BitcoinNetwork } from "../core/bitcoin/mod.ts";
import type { Json } from "../core/encoding/mod.ts";
import type { ClientConfig } from "../core/types/client_config.ts";
import { federationName } from "../core/types/client_config.ts";
import type { FederationId, PeerId } from "../core/types/ids.ts";
import type { UsableModule } from "../modules/contract/client.ts";
import type { BackupMetadata } from "./backup/contents.ts";
import type { BackupMade } from "./backup/make.ts";
import type { BackupState } from "./backup/records.ts";
import type { Client } from "./core/client.ts";
import type { JoinOutcome } from "./core/joining.ts";
import type { GuardianStatus } from "./federation/connections.ts";
import type { FederationMeta } from "./federation/known_meta.ts";
import { networkOf } from "./federation/network.ts";
import type { FederationPreview } from "./federation/preview.ts";
import { readInviteCode } from "./pasted.ts";
import type { RestoreOutcome } from "./recovery/restore.ts";
import type { RecoveryStatus } from "./recovery/status.ts";

/**
 * A wallet's place in its federation: how it came there, how it comes back, what guardians say and how they are
 * reached. What it holds is `FederationClient`'s.
 */
export class FederationMembership {
  /**
   * Everything below, for this program's own parts.
   * @internal
   */
  readonly client: Client;

  /**
   * Takes a client that is open, and closes it.
   * @internal
   */
  constructor(client: Client) {
    this.client = client;
  }

  /** Whether it has a federation: without one there is only `join`, and the words. */
  get isJoined(): boolean {
    return this.client.isJoined;
  }

  /**
   * Rejects when the wallet can't go on: its store failed, or it gave up restarting something. Close it, and open it
   * again.
   */
  get failed(): Promise<never> {
    return this.client.failed;
  }

  /**
   * What a module offers to applications beyond the calls below, by the module's definition:
   * `wallet.use(metaClient).get(0)`. It stays good as long as the wallet is open. Every call of it may be told
   * `restarted` or `overloaded` ({CallError}).
   * @throws {ClientError} `not_joined` · `no_module`: the federation has none, or this client was opened without it
   */
  use<Api>(definition: UsableModule<Api>): Api {
    return this.client.use(definition);
  }

  /**
   * Joins the federation. With another invite code of the federation that it has joined a wallet learns where guardians
   * are now, and their API's secret: for one that is shut out (`unauthorized`), or whose guardians have all moved. The
   * money stays where it is.
   * @throws {ClientError} `already_joined` (another federation) · `no_answer` · `wrong_federation` ·
   * `no_common_version` · {PastedError} · {ApiError} `unauthorized` (another secret is wanted) and others; whatever is
   * thrown, the wallet is as it was
   */
  async join(inviteCode: string, signal?: AbortSignal): Promise<JoinOutcome> {
    return await this.client.join(readInviteCode(inviteCode), signal);
  }

  /**
   * What an invite code's federation is: for the user to look at before `join`. Nothing is stored.
   * @throws {ClientError} `no_answer` · `wrong_federation` · {PastedError} · {ApiError}
   */
  async preview(inviteCode: string, signal?: AbortSignal): Promise<FederationPreview> {
    return await this.client.preview(readInviteCode(inviteCode), signal);
  }

  /**
   * Makes this wallet from words, with all that its federation keeps of it; it must have joined nothing. When this
   * resolves everything is stored that is needed to go on, also after a crash: `recoveryProgress` shows how far it is.
   * A wallet that was restored from the same words before goes on by itself.
   * @param options.words 12 to 24 of them; left out: those that the wallet has. Secret.
   * @throws {ClientError} `already_joined` · `no_words` · `wrong_secret` (there are other words here) · `no_answer` ·
   * `wrong_federation` · `no_common_version` · {CryptoError} `bad_words` · {PastedError} · {ApiError}; whatever is
   * thrown, the wallet is as it was
   */
  async restore(
    inviteCode: string,
    { words, signal }: { readonly words?: string; readonly signal?: AbortSignal } = {},
  ): Promise<RestoreOutcome> {
    return await this.client.restore(readInviteCode(inviteCode), { words }, signal);
  }

  /**
   * How the recovery of each module stands: none in a wallet that wasn't restored. @throws {ClientError} `not_joined`
   */
  recoveries(): Promise<RecoveryStatus[]> {
    return this.client.recoveries();
  }

  /**
   * The same as it changes, from now on until none runs any more; ends also when the signal is aborted. Whoever reads
   * slowly gets the newest, not all.
   * @throws {ClientError} `not_joined`
   */
  recoveryProgress(signal?: AbortSignal): AsyncGenerator<RecoveryStatus[]> {
    return this.client.recoveryProgress(signal);
  }

  /** Whether a recovery isn't done; one that failed counts. @throws {ClientError} `not_joined` */
  hasPendingRecoveries(): Promise<boolean> {
    return this.client.hasPendingRecoveries();
  }

  /**
   * Resolves when all recoveries are done.
   * @throws {ClientError} `not_joined` · `recovery_failed`, as soon as one has: the others go on, and the next opening
   * tries it again
   */
  awaitRecoveries(signal?: AbortSignal): Promise<void> {
    return this.client.awaitRecoveries(signal);
  }

  /**
   * Has guardians keep what only this wallet knows: the application's metadata, and what a module puts in. They keep it
   * encrypted, under a name that only the words lead to; `restore` brings it back. A wallet does it by itself, too.
   * Resolves when a threshold of guardians has it.
   * @param options.metadata for this backup and all after it, also when this one fails; left out: as they were
   * @throws {ClientError} `not_joined` · `recovering` (first everything must be back) · `backup_too_large` · {ApiError}
   */
  backup(options: { readonly metadata?: Json; readonly signal?: AbortSignal } = {}): Promise<BackupMade> {
    return this.client.backup(options.metadata, options.signal);
  }

  /**
   * What is in backups for the application; null: nothing. A restored wallet has what its newest backup had.
   */
  backupMetadata(): Promise<BackupMetadata | null> {
    return this.client.backupMetadata();
  }

  /** When guardians took a backup last, and why the last try failed. */
  lastBackup(): Promise<BackupState> {
    return this.client.backupState();
  }

  /** The 12 words that all money here comes from. Secret. */
  words(): Promise<string> {
    return this.client.words();
  }

  /** The federation's id. @throws {ClientError} `not_joined` */
  get federationId(): FederationId {
    return this.client.running.federationId;
  }

  /** The federation's config. @throws {ClientError} `not_joined` */
  get config(): ClientConfig {
    return this.client.running.joined.config;
  }

  /** The name in the federation's config; `meta` may know a newer one. @throws {ClientError} `not_joined` */
  get federationName(): string | null {
    return federationName(this.config);
  }

  /** Null when the federation has no Bitcoin wallet that this client knows. */
  get network(): BitcoinNetwork | null {
    return networkOf(this.config);
  }

  /**
   * What the federation says of itself: name, welcome, when it will end. Asked now; what was known when guardians can't
   * be asked.
   * @throws {ClientError} `not_joined`
   */
  meta(signal?: AbortSignal): Promise<FederationMeta> {
    return this.client.meta(signal);
  }

  /** The same as it was told last, or as the federation was joined; asks nobody. @throws {ClientError} `not_joined` */
  knownMeta(): Promise<FederationMeta> {
    return this.client.knownMeta();
  }

  /**
   * How the connection to each guardian is; they are opened when something is asked. @throws {ClientError} `not_joined`
   */
  connections(signal?: AbortSignal): Promise<GuardianStatus[]> {
    return this.client.guardianStatuses(signal);
  }

  /** All connections, then all of them again each time that one is another. Ends when the signal is aborted. */
  subscribeConnections(signal?: AbortSignal): AsyncGenerator<GuardianStatus[]> {
    return this.client.followGuardians(signal);
  }

  /**
   * Opens all connections now: after a sleep, or in another network. Those that are alive stay, and nothing under way
   * is lost. Resolves when it has begun; `connections` tells how it goes.
   */
  reconnect(signal?: AbortSignal): Promise<void> {
    return this.client.reconnect(signal);
  }

  /** For others to join with, through this guardian. @throws {ClientError} `invalid` */
  inviteCode(peer: PeerId = 0): string {
    return this.client.inviteCode(peer);
  }

  /** Stops everything in order and closes the database. */
  close(): Promise<void> {
    return this.client.close();
  }
}
