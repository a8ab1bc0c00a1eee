/**
 * What a joined client consists of while it runs: connections, modules, operations, in one supervision tree. Built from
 * what the store holds; the network is needed only as long as no API versions are known. Start order:
 * docs/protocol/07-client.md §B.
 */
import { loggerFor } from "../../actors/mod.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { RpcRef } from "../../actors/rpc/mod.ts";
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import { preRootCheck } from "../../core/crypto/bip39.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import type { ApiVersionSet } from "../../core/types/api_versions.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { FederationId, ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { BackupArgs } from "../backup/backups.ts";
import { backupKeys } from "../backup/found.ts";
import type { ClientOptions } from "./options.ts";
import type { AnyStateOwner, Primary } from "./core.ts";
import { Operations } from "./core.ts";
import { ModuleCore } from "./module_core.ts";
import type { UniqueTime } from "./database.ts";
import { modulePrefix } from "./database.ts";
import type { Definitions } from "./definitions.ts";
import { definitionsFor } from "./definitions.ts";
import { Machines } from "../executor/machines.ts";
import type { ErrorDescriber } from "../executor/submission.ts";
import { submissionState, submissionTransitions } from "../executor/submission.ts";
import { currentUrls, storedWhereabouts } from "../federation/announcements.ts";
import { ConnectedFederationApi } from "../federation/api.ts";
import type { DiscoveryEnv } from "../federation/discover.ts";
import { loadVersions } from "../federation/discover.ts";
import type { Joined } from "../federation/join_state.ts";
import { checkSecret, joinedSlot, pendingConfigSlot } from "../federation/join_state.ts";
import { Recoveries } from "../recovery/recoveries.ts";
import type { RecoveryArgs } from "../recovery/recovery.ts";
import { recoveryRecords } from "../recovery/met.ts";
import { isAnyPending, isPending } from "../recovery/records.ts";
import { configsTaken, keepTaken } from "./configs_taken.ts";
import { readableModules } from "./readable_modules.ts";
import type { ClientModuleArgs, ModuleTable } from "./module_actor.ts";
import type { ModuleCallsEnv } from "./module_calls.ts";
import { ModuleCalls } from "./module_calls.ts";
import type { ClientSecrets } from "./secrets.ts";
import { otherSecretsOfModule } from "./secrets.ts";
import {
  eventOrderRef,
  executorRef,
  federationTree,
  lookingTree,
  moduleChild,
  moduleRef,
  MODULES,
  ROOT,
} from "../tree.ts";

export type Running = {
  readonly joined: Joined;
  readonly federationId: FederationId;
  /** Where guardians were found at the start. */
  readonly urls: ReadonlyMap<PeerId, string>;
  readonly api: ConnectedFederationApi;
  readonly versions: ApiVersionSet;
  /** Modules of the federation that this client knows; those without a common API version don't run. */
  readonly definitions: Definitions;
  readonly table: ModuleTable;
  /** How everybody but the core calls them. */
  readonly calls: ReadonlyMap<ModuleInstanceId, ModuleCalls>;
  readonly operations: Operations;
  readonly discovery: DiscoveryEnv;
  readonly recoveries: Recoveries;
};

export type RunTools = {
  readonly options: ClientOptions;
  readonly system: ActorSystem;
  readonly time: UniqueTime;
  readonly connect: (
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
  ) => Promise<ReadonlyMap<PeerId, RpcRef>>;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
};

/** The module that pays: the lowest instance that can. */
export function primaryOf(table: ModuleTable): Primary | null {
  for (const [instance, module] of [...table].sort(([a], [b]) => a - b)) {
    if (module.primary) return { instance, module: module.primary };
  }
  return null;
}

/** A config that guardians agreed on since the last opening replaces the one before. */
async function takePendingConfig(store: StoreView, joined: Joined): Promise<Joined> {
  const { value, durable } = await store.transact(async (tx) => {
    const config = await pendingConfigSlot.get(tx);
    if (!config) return joined;
    const newer = { ...joined, config };
    joinedSlot.set(tx, newer);
    pendingConfigSlot.delete(tx);
    return newer;
  });
  await durable;
  return value;
}

/** An error of a kind that guardians of a later version have is none that can be described: its bytes are shown. */
export function describerOf(definitions: Definitions): ErrorDescriber {
  return (kind, { instance, body }) => {
    const described = tryDecoding(() => definitions.get(instance)?.describeError?.(kind, body));
    return described.ok ? described.value ?? null : null;
  };
}

/** Where guardians are, as far as it is known. */
async function storedUrls(tx: ReadTx, config: ClientConfig): Promise<Map<PeerId, string>> {
  const { announcements, metadata } = await storedWhereabouts(tx);
  return currentUrls(config, announcements, metadata);
}

/** For e-cash and the like that carries an invite: one guardian is enough to find the others. */
async function inviteParts(tx: ReadTx): Promise<{ peer: PeerId; url: string; apiSecret: string | null }> {
  const joined = await joinedSlot.get(tx);
  assert(joined, "modules run once it has joined");
  const [peer, url] = [...await storedUrls(tx, joined.config)][0]!;
  return { peer, url, apiSecret: joined.apiSecret };
}

/** @throws {ClientError} `wrong_secret` · `no_common_version` */
export async function runClient(
  stored: Joined,
  secretsIn: (id: FederationId) => Promise<ClientSecrets>,
  tools: RunTools,
): Promise<Running> {
  const { options: { platform, store, modules: offered }, system, connect, closing } = tools;
  const joined = await takePendingConfig(store, stored);
  const { config } = joined;
  const federationId = federationIdOf(config.global.apiEndpoints);
  const secrets = await secretsIn(federationId);
  checkSecret(joined, preRootCheck(secrets.preRoot));

  const urls = await store.read((tx) => storedUrls(tx, config));
  const connections = await connect(urls, joined.apiSecret);
  const peers = numPeers(connections.size);
  const api = new ConnectedFederationApi({ sender: system, platform, connections, peers, module: null, closing });
  const definitions = definitionsFor(config, offered);
  const discovery: DiscoveryEnv = { store, platform, api, config, definitions };
  const versions = await loadVersions(discovery, closing);

  const table: ModuleTable = new Map();
  const owners = new Map<ModuleInstanceId, AnyStateOwner>();
  const operations = new Operations({
    store,
    platform,
    sender: system,
    executor: executorRef,
    eventOrder: eventOrderRef,
    time: tools.time,
    owners,
    primary: () => primaryOf(table),
    closing,
  });
  const recoveries = new Recoveries(store);
  const known = { joined, federationId, urls, api, versions, definitions, table, operations, discovery, recoveries };
  const describe = describerOf(definitions);
  owners.set(GLOBAL_INSTANCE_ID, {
    kind: null,
    codec: submissionState,
    transitions: (state) => submissionTransitions(state, { api, platform, describe }),
  });
  const machines = new Machines(store, operations, owners);
  const parts = await partsOf(known, secrets, { owners, machines, options: tools.options });
  const backupOf = (): BackupArgs => ({
    store,
    platform,
    time: tools.time,
    api,
    keys: backupKeys(secrets).get("standard")!,
    table,
    isRecovering: isAnyPending,
    isAutomatic: tools.options.automaticBackup ?? true,
  });
  await system.startChild(
    ROOT,
    tools.options.onlyLooks
      ? lookingTree(parts.modules)
      : federationTree({ store, machines, refresh: discovery, ...parts, backup: backupOf() }),
  );
  return { ...known, calls: callsOf(parts.known, { sender: system, clock: platform.clock, closing }) };
}

function callsOf(
  definitions: Definitions,
  env: Omit<ModuleCallsEnv, "kind" | "actor">,
): ReadonlyMap<ModuleInstanceId, ModuleCalls> {
  return new Map([...definitions].map(([instance, { kind, api }]) => [
    instance,
    new ModuleCalls(api, { ...env, kind, actor: moduleRef(instance, kind) }),
  ]));
}

type Parts = {
  /** Modules that run, or will when they have recovered. */
  readonly known: Definitions;
  readonly modules: readonly ClientModuleArgs[];
  readonly recoveries: readonly RecoveryArgs[];
};

/**
 * What each module is started with, and each recovery that isn't done; registers whose states are whose. A module that
 * recovers before it runs is started by its recovery.
 */
async function partsOf(
  { joined, federationId, api, versions, definitions, table, operations, recoveries }: Omit<Running, "calls">,
  secrets: ClientSecrets,
  { owners, machines, options }: {
    readonly owners: Map<ModuleInstanceId, AnyStateOwner>;
    readonly machines: Machines;
    readonly options: ClientOptions;
  },
): Promise<Parts> {
  const { store, admin = null, testEnvironment = false, findsAhead = true, onlyLooks = false } = options;
  const log = loggerFor(ROOT, options.log);
  const taken = await configsTaken(store);
  const { config } = joined;
  const readable = readableModules({ config, versions, definitions, api, secrets, taken, log, onlyLooks });
  if (!onlyLooks) await keepTaken(store, taken, readable);
  const known = new Map(readable.map(({ definition, facts }) => [facts.instance, definition]));
  const parts = { known, modules: [] as ClientModuleArgs[], recoveries: [] as RecoveryArgs[] };
  const records = await recoveryRecords(store, readable, options.platform.dice);
  for (const [instance, record] of records) {
    if (!isPending(record) || readable.some(({ facts }) => facts.instance === instance)) continue;
    const reason = `this program can't run the module ${record.kind}: open the wallet with one that can`;
    recoveries.fail(instance, reason);
  }
  for (const { definition, facts } of readable) {
    const { instance } = facts, { kind, recovery } = definition;
    const owner: AnyStateOwner = {
      kind,
      codec: definition.state,
      transitions: (state, operationId) => table.get(instance)!.transitions(state, operationId),
      runs: () => table.has(instance),
    };
    owners.set(instance, owner);
    const env: ClientModuleArgs["env"] = {
      ...facts,
      federationId,
      invite: () => store.read(inviteParts),
      store: store.view(modulePrefix(instance)),
      core: new ModuleCore(operations, instance, owner),
      admin,
      testEnvironment,
      findsAhead,
      untilRecovered: (signal) => recoveries.untilNone(signal),
    };
    const module = { definition, env, table, inBackground: !onlyLooks };
    const record = records.get(instance);
    const recovers = recovery !== undefined && record !== undefined && isPending(record);
    if (!recovers || recovery.runsMeanwhile && record.stage.tag !== "Unprepared") parts.modules.push(module);
    else recoveries.holdBack(instance, kind);
    if (!recovery || !recovers && record?.stage.tag !== "Later") continue;
    parts.recoveries.push({
      kind,
      recovery,
      facts: { ...facts, federationId, otherSecrets: otherSecretsOfModule(secrets, instance), testEnvironment },
      operations,
      machines,
      recoveries,
      executor: executorRef,
      module: moduleChild(module),
      modules: MODULES,
    });
  }
  return parts;
}
