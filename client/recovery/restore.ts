/**
 * A client from words: what its federation keeps of it comes back. Everything that needs guardians comes first (config,
 * API versions, the newest backup, how far each module's log reaches); then one transaction makes the client, its
 * recoveries among it. From then on it opens and runs as one that has joined.
 * `fedimint-client/src/client/builder.rs`; docs/protocol/07-client.md §B, §E.
 */
import { loggerFor } from "../../actors/mod.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytesConstantTime, toHex } from "../../core/bytes.ts";
import { entropyOfWords, preRootCheck } from "../../core/crypto/bip39.ts";
import type { FederationId, ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { endedBy, orLate } from "../../modules/contract/waiting.ts";
import type { FoundBackups, RestoredBackup } from "../backup/found.ts";
import type { UniqueTime } from "../core/database.ts";
import { modulePrefix } from "../core/database.ts";
import type { Definitions } from "../core/definitions.ts";
import { definitionsFor } from "../core/definitions.ts";
import { discover } from "../core/joining.ts";
import type { ClientOptions } from "../core/options.ts";
import { readableModules } from "../core/readable_modules.ts";
import { checkWallet } from "../core/schema.ts";
import type { ClientSecrets } from "../core/secrets.ts";
import { otherSecretsOfModule, secretsOfEntropy, secretsOfPreRoot } from "../core/secrets.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "../federation/api.ts";
import type { Discovered } from "../federation/discover.ts";
import { storeVersions } from "../federation/discover.ts";
import type { JoinTools } from "../federation/join.ts";
import { downloadConfig, urlsOf } from "../federation/join.ts";
import type { Joined } from "../federation/join_state.ts";
import { entropySlot, joinedSlot, restoredSlot, wordsGivenSlot } from "../federation/join_state.ts";
import { logEvent } from "../logs/events.ts";
import type { ModuleBackup, RecoveryRecord } from "./records.ts";
import { setRecovery } from "./records.ts";
import { beginning } from "./recovery.ts";

/** What `restore` did: made the client, or found that it had been restored already: it goes on by itself. */
export type RestoreOutcome =
  | ({ readonly restored: "new" } & FoundBackups)
  | { readonly restored: "before" };

/** What is asked of guardians before anything is stored, versions and config apart: it is there within seconds. */
const PREPARE_MS = 120_000;

export type RestoreEnv = {
  readonly options: ClientOptions;
  readonly tools: JoinTools;
  readonly time: UniqueTime;
  /** The newest backup that guardians keep; null when they have none. */
  readonly newestBackup: (
    api: ConnectedFederationApi,
    secrets: ClientSecrets,
    signal: AbortSignal,
  ) => Promise<RestoredBackup | null>;
};

/** Whose money is looked for. Secret. */
type Source = {
  readonly secretsIn: (id: FederationId) => ClientSecrets;
  /** Of given words that aren't in the store yet. */
  readonly newEntropy: Bytes | null;
};

/**
 * @param words as they were given; undefined: those that the database has
 * @throws {ClientError} `invalid` · `no_words` · `wrong_secret` · {CryptoError} `bad_words`
 */
async function sourceOf({ store, secret, entropy }: ClientOptions, words: string | undefined): Promise<Source> {
  const given = words === undefined ? null : entropyOfWords(words);
  if (secret) {
    if (given) throw new ClientError({ code: "invalid" }, "This client has a secret of its own, so it takes no words");
    return { secretsIn: (id) => secretsOfPreRoot(secret, id), newEntropy: null };
  }
  const kept = entropy ?? await store.read((tx) => entropySlot.get(tx)) ?? null;
  const used = given ?? kept;
  if (!used) throw new ClientError({ code: "no_words" }, "Give the words of the wallet that is to be restored");
  if (given && kept && !equalBytesConstantTime(given, kept)) throw otherWords();
  return { secretsIn: (id) => secretsOfEntropy(used, id), newEntropy: kept ? null : given };
}

function otherWords(): ClientError {
  return new ClientError(
    { code: "wrong_secret" },
    "There is a wallet of other words here already. Nothing was changed: restore these words in a folder of their own",
  );
}

/**
 * Of a client that has joined: whether it came from these words by restoring, so that there is nothing to do.
 * @throws {ClientError} `already_joined` · `wrong_secret` and as `sourceOf`
 */
export async function checkRestored(
  options: ClientOptions,
  joined: Joined,
  federationId: FederationId,
  { invite, words }: { readonly invite: InviteCode; readonly words: string | undefined },
): Promise<void> {
  const { secretsIn } = await sourceOf(options, words);
  if (!equalBytesConstantTime(preRootCheck(secretsIn(federationId).preRoot), joined.secretCheck)) throw otherWords();
  if (invite.federationId === federationId && await options.store.read((tx) => restoredSlot.get(tx))) return;
  throw new ClientError(
    { code: "already_joined" },
    "The client database is already initialized: it has joined a federation. Restore in a folder of its own",
  );
}

/**
 * Restores a client that has not joined yet; whatever is thrown, nothing of it is stored.
 * @throws as `Client.restore`
 */
export async function restoreClient(
  invite: InviteCode,
  words: string | undefined,
  env: RestoreEnv,
  signal: AbortSignal,
): Promise<Joined> {
  const { options, tools, time } = env;
  const { secretsIn, newEntropy } = await sourceOf(options, words);
  const { apiSecret, federationId } = invite;
  const config = await downloadConfig(invite, tools, signal);
  const discovered = await discover(config, apiSecret, env, signal);
  const secrets = secretsIn(federationId), joined = { config, apiSecret, secretCheck: preRootCheck(secrets.preRoot) };
  const definitions = definitionsFor(config, options.modules);
  const { records, backup } = await tools.withGuardians(
    urlsOf(config),
    apiSecret,
    (api) => prepare({ ...env, api, secrets, joined, discovered, definitions }, signal),
  );
  if (signal.aborted) throw endedBy(signal);
  const { durable } = await options.store.transact(async (tx) => {
    assert(await joinedSlot.get(tx) === undefined, "a client is made once");
    if (newEntropy) {
      entropySlot.set(tx, newEntropy);
      wordsGivenSlot.set(tx, null);
    }
    joinedSlot.set(tx, joined);
    storeVersions(tx, discovered);
    backup?.store(tx);
    restoredSlot.set(tx, { atUs: time.nowUs() });
    for (const [instance, record] of records) {
      setRecovery(tx, instance, record);
      if (record.stage.tag === "None") continue;
      definitions.get(instance)?.recovery?.restored?.(tx.view(modulePrefix(instance)));
      const payload = { module_id: instance };
      logEvent(tx, { kind: "module-recovery-started", module: null, tsUs: time.nowUs(), payload });
    }
  });
  await durable;
  await checkWallet(options.store, options.modules);
  return joined;
}

type Preparing = RestoreEnv & {
  readonly api: ConnectedFederationApi;
  readonly secrets: ClientSecrets;
  readonly joined: Joined;
  readonly discovered: Discovered;
  readonly definitions: Definitions;
};

type Prepared = {
  readonly records: ReadonlyMap<ModuleInstanceId, RecoveryRecord>;
  readonly backup: RestoredBackup | null;
};

/** The newest backup, and how far each module's log reaches. */
function prepare(env: Preparing, signal: AbortSignal): Promise<Prepared> {
  const late = (): Error =>
    new ClientError(
      { code: "no_answer" },
      "Too few of the federation's guardians answer what restoring needs. Nothing was changed: try again later",
    );
  const { clock } = env.options.platform;
  return orLate({ clock, deadlineMs: PREPARE_MS, signal, late }, async (until) => {
    const backup = await env.newestBackup(env.api, env.secrets, until);
    const records = await Promise.all(modulesIn(env).map((module) => prepareModule(module, env, backup, until)));
    return { records: new Map(records), backup };
  });
}

function modulesIn({ options, api, secrets, joined: { config }, discovered: { versions }, definitions }: Preparing) {
  const log = loggerFor("restore", options.log);
  return readableModules({ config, versions, definitions, api, secrets, taken: new Map(), log, onlyLooks: false });
}

async function prepareModule(
  { definition: { kind, recovery }, facts }: ReturnType<typeof modulesIn>[number],
  { options: { platform, log, testEnvironment = false }, secrets }: Preparing,
  from: RestoredBackup | null,
  signal: AbortSignal,
): Promise<[ModuleInstanceId, RecoveryRecord]> {
  const { instance } = facts;
  const body = from?.modules.get(instance);
  const backup: ModuleBackup | null = from && body ? { body, sessionCount: from.sessionCount } : null;
  const record = { kind, operationId: toHex(platform.dice.bytes(32)) as OperationId, backup };
  if (!recovery) return [instance, { ...record, complete: 0, total: 0, stage: { tag: "None", value: null } }];
  const progress: unknown = await recovery.prepare({
    ...facts,
    federationId: secrets.federationId,
    otherSecrets: otherSecretsOfModule(secrets, instance),
    testEnvironment,
    platform,
    log: loggerFor(`restore/${instance}:${kind}`, log),
    signal,
    backup,
  });
  return [instance, beginning(record, recovery, progress)];
}
