/**
 * A client of one federation: its database, its actors, its modules. `fedimint-client/src/client.rs`,
 * `client/builder.rs`; docs/protocol/07-client.md §B. Applications use `../mod.ts`, which is this with names for what
 * people do.
 *
 * A client that has joined opens without the network: what it needs of the federation is in the store.
 */
import { createSystem, loggerFor } from "../../actors/mod.ts";
import type { ActorSystem, Inspection } from "../../actors/system.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes } from "../../core/bytes.ts";
import { wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { readySecp } from "../../core/crypto/secp/fastest.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { ApiVersionSet } from "../../core/types/api_versions.ts";
import type { FederationId, ModuleInstanceId, OperationId, PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import type { ClientCommand, PendingMoney, UsableModule } from "../../modules/contract/client.ts";
import { codedEnd, orEnded, WaitError } from "../../modules/contract/waiting.ts";
import type { BackupMetadata } from "../backup/contents.ts";
import { readMetadata } from "../backup/contents.ts";
import { foundBackups, restoredBackup, searchBackups } from "../backup/found.ts";
import type { BackupMade } from "../backup/make.ts";
import { backupState, keepMetadata } from "../backup/make.ts";
import type { BackupsFound } from "../backup/newest.ts";
import type { BackupState } from "../backup/records.ts";
import { backupRecords } from "../backup/records.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import type { ConnectionsEnv, GuardianStatus } from "../federation/connections.ts";
import { followGuardians, guardianStatuses, reconnectAll } from "../federation/connections.ts";
import { refreshVersions } from "../federation/discover.ts";
import type { Joined } from "../federation/join_state.ts";
import { joinedSlot } from "../federation/join_state.ts";
import type { FederationMeta } from "../federation/known_meta.ts";
import { knownMeta, refreshedMeta } from "../federation/known_meta.ts";
import type { JoinTools } from "../federation/join.ts";
import type { FederationPreview } from "../federation/preview.ts";
import { previewOf } from "../federation/preview.ts";
import { prefetch } from "../federation/refresh.ts";
import type { Renewal, Renewed } from "../federation/renew.ts";
import { renew } from "../federation/renew.ts";
import type { RestoreEnv, RestoreOutcome } from "../recovery/restore.ts";
import { checkRestored, restoreClient } from "../recovery/restore.ts";
import type { RecoveryStatus } from "../recovery/status.ts";
import { backupRef, clientTree, eventOrderRef, executorRef, FEDERATION, ROOT } from "../tree.ts";
import type { Primary } from "./core.ts";
import { modulePrefix, UniqueTime } from "./database.ts";
import { Guardians } from "./guardians.ts";
import { activeStates } from "../executor/states.ts";
import { awaitIdle, awaitOperation } from "./idle.ts";
import type { JoinOutcome } from "./joining.ts";
import { joinFederation } from "./joining.ts";
import type { ModuleStatus } from "./modules_of.ts";
import { instanceOfKind, moduleCommands, moduleStatuses, primaryModule, usedModule } from "./modules_of.ts";
import type { ClientOptions } from "./options.ts";
import { pendingMoney } from "./pending.ts";
import type { Running } from "./running.ts";
import { runClient } from "./running.ts";
import type { CheckedStore } from "./schema.ts";
import { checkedStore } from "./schema.ts";
import type { ClientSecrets } from "./secrets.ts";
import { secretsOfEntropy, secretsOfPreRoot } from "./secrets.ts";
import { loadEntropy, loadOrMakeEntropy, noWords } from "./words.ts";

export class Client {
  #options: ClientOptions;
  /** Rejects when the client can't go on: its store failed, or it gave up restarting something. */
  readonly failed: Promise<never>;
  readonly #system: ActorSystem;
  readonly #guardians: Guardians;
  readonly #time: UniqueTime;
  readonly #closing = new AbortController();
  #running: Running | null = null;
  /** Secret. */
  #derived: { readonly entropy: Bytes; readonly secrets: ClientSecrets } | null = null;
  #joining = false;

  private constructor(options: ClientOptions) {
    this.#options = options;
    this.#system = createSystem({ platform: options.platform, log: options.log });
    this.#guardians = new Guardians({
      system: this.#system,
      platform: options.platform,
      closing: this.#closing.signal,
    });
    this.#time = new UniqueTime(options.platform.clock);
    const gaveUp = this.#system.ended.then((exitCode) => {
      if (exitCode === 0) return new Promise<never>(() => {});
      const error = new ClientError(
        { code: "closed" },
        "The client stopped after too many failures: see its log, then start it again",
        { cause: this.#system.failure },
      );
      // nothing that is waited for will come
      this.#closing.abort(WaitError.closed({ cause: error }));
      throw error;
    });
    this.failed = Promise.race([options.store.failed, gaveUp]);
    // who doesn't wait for it learns of a failure by the call that needed what failed
    this.failed.catch(() => undefined);
  }

  /**
   * Opens the database; if it has joined a federation, its modules run when this resolves.
   * @throws {ModuleError} `duplicate_kind` · {ClientError} `no_words` · `wrong_secret` · `no_common_version` ·
   * {WaitError} `aborted` · {StoreError} `newer_schema` and others when the database can't be brought to this program's
   * version; then the store is still open
   */
  static async open(options: ClientOptions, signal?: AbortSignal): Promise<Client> {
    return await Client.openChecked({ ...options, store: await checkedStore(options.store, options.modules) }, signal);
  }

  /**
   * The same for a database that was looked into before: it was checked with these modules.
   * @throws as `open`, but for {StoreError}
   */
  static async openChecked(
    options: ClientOptions & { readonly store: CheckedStore },
    signal?: AbortSignal,
  ): Promise<Client> {
    const client = new Client(options);
    try {
      await client.#system.start(clientTree());
      const joined = await options.store.read((tx) => joinedSlot.get(tx));
      if (!options.onlyLooks) await readySecp();
      if (joined) await orEnded(client.#until(signal), () => client.#run(joined));
      return client;
    } catch (thrown) {
      client.#closing.abort(WaitError.closed());
      await client.#system.stop();
      throw thrown;
    }
  }

  /** What it was opened with. */
  get options(): ClientOptions {
    return this.#options;
  }

  /**
   * A client that only looks becomes one that was opened for all: it connects to guardians, and what is under way goes
   * on. Nothing happens in another one.
   * @throws {WaitError} `aborted` · `closed`
   */
  async goOn(signal?: AbortSignal): Promise<void> {
    if (!this.#options.onlyLooks) return;
    await orEnded(this.#until(signal), async () => {
      await this.#system.stopChild(FEDERATION);
      this.#options = { ...this.#options, onlyLooks: false };
      await readySecp();
      if (this.#running) await this.#run(this.#running.joined);
    });
  }

  /** Aborted by the caller's signal or the client's end, whichever comes first. */
  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
  }

  /**
   * Waits for `work`, and no longer than the client is open and the caller wants.
   * @throws {WaitError} `aborted` · `closed`
   */
  wait<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const until = this.#until(signal);
    return orEnded(until, () => work(until));
  }

  /** The same for work that is never left before it is settled: what moves money. */
  finish<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const until = this.#until(signal);
    return codedEnd(until, () => work(until));
  }

  get isJoined(): boolean {
    return this.#running !== null;
  }

  /**
   * The 12 words, made when there are none yet. Secret.
   * @throws {ClientError} `no_words`: this client was opened with a secret
   */
  async words(): Promise<string> {
    if (this.options.secret) throw noWords();
    return wordsOfEntropy(await this.#entropy());
  }

  async #entropy(): Promise<Bytes> {
    const { entropy, store, platform } = this.options;
    return entropy ?? await loadOrMakeEntropy(store, platform.dice);
  }

  /** Words' are derived once: they take some milliseconds, and who joins needs them twice. */
  async #secrets(id: FederationId, entropyOf: () => Promise<Bytes>): Promise<ClientSecrets> {
    const { secret } = this.options;
    if (secret) return secretsOfPreRoot(secret, id);
    const entropy = await entropyOf(), known = this.#derived;
    if (known?.secrets.federationId === id && equalBytes(known.entropy, entropy)) return known.secrets;
    const secrets = secretsOfEntropy(entropy, id);
    this.#derived = { entropy, secrets };
    return secrets;
  }

  /**
   * Joins a federation: all that needs guardians comes first, then everything is stored in one transaction. A client
   * that has joined takes from an invite code of its federation what is news: where guardians are now, and the secret
   * of their API; it is used from then on.
   * @throws {ClientError} `already_joined` (another federation) · `no_answer` · `wrong_federation` ·
   * `no_common_version` · {ApiError} when guardians answer something else, `unauthorized` when they want another secret
   * · {WaitError} `aborted` · `closed`
   */
  async join(invite: InviteCode, signal?: AbortSignal): Promise<JoinOutcome> {
    if (this.#joining || this.#running && this.#running.federationId !== invite.federationId) {
      throw alreadyJoined();
    }
    this.#joining = true;
    try {
      return await this.finish(signal, async (until) => {
        if (this.#running) return { joined: "before", renewal: await this.#renew(this.#running, invite, until) };
        await this.#join(invite, until);
        return { joined: "new" };
      });
    } finally {
      this.#joining = false;
    }
  }

  async #join(invite: InviteCode, signal: AbortSignal): Promise<void> {
    const { options } = this, secretsIn = (id: FederationId) => this.#secrets(id, () => this.#entropy());
    await readySecp();
    await this.#guardians.joining(async (tools) => {
      await this.#run(await joinFederation(invite, { options, tools, secretsIn }, signal));
    });
    await this.#prefetch(signal);
  }

  /**
   * Makes this client from words, with all that its federation keeps of it: everything that needs guardians comes
   * first, then everything is stored in one transaction, and the modules' recoveries run. One that was restored so
   * before goes on by itself.
   * @param options.words any valid number of them; left out: those that the database has, or the secret that it was
   *   opened with. Secret.
   * @throws {ClientError} `already_joined` · `no_words` · `wrong_secret` (other words are here) · `invalid` (a secret
   *   and words) · `no_answer` · `wrong_federation` · `no_common_version` · {CryptoError} `bad_words` · {ApiError} ·
   *   {WaitError} `aborted` · `closed`
   */
  async restore(
    invite: InviteCode,
    { words }: { readonly words?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<RestoreOutcome> {
    if (this.#joining) throw alreadyJoined();
    this.#joining = true;
    try {
      return await this.finish(signal, async (until) => {
        const { options } = this;
        if (this.#running) {
          const { joined, federationId } = this.#running;
          await checkRestored(options, joined, federationId, { invite, words });
          return { restored: "before" };
        }
        let found = null as BackupsFound | null;
        const search = { platform: options.platform, log: loggerFor(ROOT, options.log) };
        const envOf = (tools: JoinTools): RestoreEnv => ({
          options,
          tools,
          time: this.#time,
          newestBackup: async (api, secrets, signal) =>
            restoredBackup(found = await searchBackups(api, secrets, search, signal)),
        });
        await this.#guardians.joining(async (tools) => {
          await this.#run(await restoreClient(invite, words, envOf(tools), until));
        });
        await this.#prefetch(until);
        assert(found, "guardians were asked");
        return { restored: "new", ...foundBackups(found, this.running.definitions) };
      });
    } finally {
      this.#joining = false;
    }
  }

  /**
   * Backs up, and resolves when a threshold of guardians has it.
   * @param metadata for this backup and those after it; left out: as they were
   * @throws {ClientError} `not_joined` · `recovering` · `backup_too_large` · {ApiError} · {WaitError} `aborted` ·
   *   `closed`
   */
  backup(metadata: Json | undefined, signal?: AbortSignal): Promise<BackupMade> {
    const { options: { store }, running: _ } = this;
    return this.wait(signal, async () => {
      if (metadata !== undefined) await keepMetadata(store, metadata);
      const outcome = await this.#system.ask(backupRef, "now", null, { deadlineMs: Infinity });
      if (outcome.ok) return outcome.value;
      throw outcome.error;
    });
  }

  /** What is in backups for the application, whether guardians have it yet or not. */
  backupMetadata(): Promise<BackupMetadata | null> {
    return this.options.store.read(async (tx) => readMetadata((await backupRecords(tx)).metadata));
  }

  /** How it stands with the backup. */
  backupState(): Promise<BackupState> {
    return this.options.store.read(backupState);
  }

  /** How the recovery of each module stands. @throws {ClientError} `not_joined` */
  recoveries(): Promise<RecoveryStatus[]> {
    return this.running.recoveries.all();
  }

  /**
   * The same, now and after each change, until none runs any more; ends as well when the signal is aborted. Whoever
   * reads slowly gets the newest, not all.
   * @throws {ClientError} `not_joined`
   */
  recoveryProgress(signal?: AbortSignal): AsyncGenerator<RecoveryStatus[]> {
    return this.running.recoveries.follow(this.#until(signal));
  }

  /** One that failed counts. @throws {ClientError} `not_joined` */
  hasPendingRecoveries(): Promise<boolean> {
    return this.running.recoveries.hasPending();
  }

  /**
   * Resolves when all are done.
   * @throws {ClientError} `not_joined` · `recovery_failed`, as soon as one has · {WaitError} `aborted` · `closed`
   */
  awaitRecoveries(signal?: AbortSignal): Promise<void> {
    const { recoveries } = this.running;
    return this.wait(signal, (until) => recoveries.awaitAll(until));
  }

  /**
   * What an invite code's federation is, before it is joined; nothing is stored.
   * @throws {ClientError} `no_answer` · `wrong_federation` · {ApiError} when guardians answer something else ·
   *   {WaitError} `aborted` · `closed`
   */
  preview(invite: InviteCode, signal?: AbortSignal): Promise<FederationPreview> {
    return this.wait(signal, (until) => previewOf(invite, this.#guardians.joinTools, this.options.modules, until));
  }

  async #renew({ joined, urls, federationId }: Running, invite: InviteCode, signal: AbortSignal): Promise<Renewal> {
    const env = { ...this.#guardians.joinTools, store: this.options.store, federationId };
    const renewed = await renew(invite, urls, joined, env, signal);
    await this.#reconnect(renewed);
    await this.#prefetch(signal);
    return renewed.renewal;
  }

  /** What is stored by now is used: guardians' connections are made anew, in the place of those that were. */
  async #reconnect({ joined, urls, renewal }: Renewed): Promise<void> {
    this.#running = { ...this.running, joined, urls };
    const changed = renewal.apiSecret === "replaced" ? urls : renewal.moved;
    await this.#guardians.reconnect(changed, joined.apiSecret);
  }

  async #prefetch(signal: AbortSignal): Promise<void> {
    try {
      await prefetch(this.running.discovery, loggerFor(ROOT, this.options.log), signal);
    } catch (thrown) {
      // it has joined: what is missing is asked for when it is open the next time
      if (!(thrown instanceof WaitError)) throw thrown;
    }
  }

  async #run(joined: Joined): Promise<void> {
    const { store, entropy } = this.options;
    const stored = async (): Promise<Bytes> => entropy ?? await loadEntropy(store);
    this.#running = await runClient(joined, (id) => this.#secrets(id, stored), {
      options: this.options,
      system: this.#system,
      time: this.#time,
      connect: async (urls, apiSecret) => {
        if (!this.options.onlyLooks) await this.#guardians.connect(urls, apiSecret);
        return this.#guardians.connections(urls);
      },
      closing: this.#closing.signal,
    });
  }

  /** For the time of `use`: connections of its own to guardians at other URLs than the client's. */
  withGuardians<T>(
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
    use: (api: ConnectedFederationApi) => Promise<T>,
  ): Promise<T> {
    return this.#guardians.with(urls, apiSecret, use);
  }

  /** What runs. @throws {ClientError} `not_joined` */
  get running(): Running {
    if (this.#running) return this.#running;
    throw new ClientError(
      { code: "not_joined" },
      "This client has not joined a federation: join one with an invite code first",
    );
  }

  /** With the guardian's current URL. @throws {ClientError} `not_joined` · `invalid` (no such guardian) */
  inviteCode(peer: PeerId): string {
    const { joined, federationId, urls } = this.running;
    const url = urls.get(peer);
    if (url === undefined) throw new ClientError({ code: "invalid" }, "peer not found");
    return formatInviteCode(newInviteCode({ url, peer, federationId, apiSecret: joined.apiSecret }));
  }

  /** All modules of the federation. @throws {ClientError} `not_joined` */
  modules(): ModuleStatus[] {
    return moduleStatuses(this.running);
  }

  /**
   * The instance of the running module of a kind, the lowest of several. @throws {ClientError} `not_joined` ·
   * `no_module`
   */
  instanceOf(kind: string): ModuleInstanceId {
    return instanceOfKind(this.running, kind);
  }

  /** A module's commands by name; undefined when it doesn't run. @throws {ClientError} `not_joined` */
  commands(instance: ModuleInstanceId): { readonly [name: string]: ClientCommand } | undefined {
    return moduleCommands(this.running, instance);
  }

  /**
   * What applications call of a module, by message: the one with the lowest instance id that runs by this definition,
   * or by one made from it. It stays good as long as the client is open, and is the same each time.
   * @throws {ClientError} `not_joined` · `no_module`
   */
  use<Api>(definition: UsableModule<Api>): Api {
    return usedModule(this.running, definition);
  }

  /** The e-cash module. @throws {ClientError} `not_joined` · `no_primary_module` */
  primary(): Primary {
    return primaryModule(this.running);
  }

  async balanceMsat(): Promise<bigint> {
    const { instance, module } = this.primary();
    return await this.options.store.read((tx) => module.balanceMsat(tx.view(modulePrefix(instance))));
  }

  /** Money that is under way or in doubt: in no balance. @throws {ClientError} `not_joined` */
  async pending(): Promise<PendingMoney> {
    const { running } = this;
    return await this.options.store.read((tx) => pendingMoney(tx, running));
  }

  /**
   * What the federation says of itself now; what was known when guardians can't be asked.
   * @throws {ClientError} `not_joined` · {WaitError} `aborted` · `closed`
   */
  meta(signal?: AbortSignal): Promise<FederationMeta> {
    const { api, joined: { config }, federationId } = this.running;
    const { platform, store } = this.options;
    return this.wait(signal, (until) => refreshedMeta(store, { platform, api, config, federationId }, until));
  }

  /** What the federation said of itself when it was asked last. @throws {ClientError} `not_joined` */
  knownMeta(): Promise<FederationMeta> {
    const { joined: { config } } = this.running;
    return this.options.store.read((tx) => knownMeta(tx, config));
  }

  #connections(): ConnectionsEnv {
    return this.#guardians.watch(() => this.running);
  }

  /** @throws {ClientError} `not_joined` · {WaitError} `aborted` · `closed` */
  guardianStatuses(signal?: AbortSignal): Promise<GuardianStatus[]> {
    return this.wait(signal, (until) => guardianStatuses(this.#connections(), until));
  }

  /** @throws {ClientError} `not_joined` */
  followGuardians(signal?: AbortSignal): AsyncGenerator<GuardianStatus[]> {
    return followGuardians(this.#connections(), this.#until(signal));
  }

  /** @throws {ClientError} `not_joined` · {WaitError} `aborted` · `closed` */
  reconnect(signal?: AbortSignal): Promise<void> {
    return this.wait(signal, (until) => reconnectAll(this.#connections(), until));
  }

  /**
   * Asks guardians for their API versions now; what is chosen is used from the next opening on. @throws {ClientError}
   */
  refreshVersions(signal?: AbortSignal): Promise<ApiVersionSet> {
    const { discovery } = this.running;
    return this.wait(signal, (until) => refreshVersions(discovery, until));
  }

  /** Position after the newest event, everything that was committed before counted. */
  nextEventId(): Promise<number> {
    return this.wait(undefined, () => this.#system.ask(eventOrderRef, "flush", null));
  }

  /** How many states of state machines wait for something. */
  activeMachines(): Promise<number> {
    const { onlyLooks, store } = this.options;
    return this.wait(
      undefined,
      () =>
        onlyLooks
          ? store.read(async (tx) => (await activeStates(tx)).length)
          : this.#system.ask(executorRef, "active", null),
    );
  }

  /** Resolves when no state machine waits for anything any more. @throws {WaitError} `aborted` · `closed` */
  awaitIdle(signal?: AbortSignal): Promise<void> {
    return this.wait(signal, (until) => awaitIdle(this.options.store, () => this.activeMachines(), until));
  }

  /**
   * Resolves when nothing of an operation is under way any more.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
   */
  awaitOperation(operationId: OperationId, signal?: AbortSignal): Promise<void> {
    return this.wait(signal, (until) => awaitOperation(this.options.store, operationId, until));
  }

  inspect(): Inspection {
    return this.#system.inspect();
  }

  /** Stops everything in order and closes the database. Whoever waits for something is told (`WaitError` `closed`). */
  async close(): Promise<void> {
    this.#closing.abort(WaitError.closed());
    await this.#system.stop();
    await this.options.store.close();
  }
}

function alreadyJoined(): ClientError {
  return new ClientError({ code: "already_joined" }, "The client database is already initialized");
}
