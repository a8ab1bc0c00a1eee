/**
 * A client of one federation: its database, its actors, its modules. `fedimint-client/src/client.rs`, `client/builder.rs`; sheet
 * "client" B.
 *
 * A client that has joined opens without the network: what it needs of the federation is in the store.
 */
import { createSystem } from "../actors/mod.ts";
import type { ActorSystem, Inspection } from "../actors/system.ts";
import type { LogSink } from "../actors/logger.ts";
import type { Platform } from "../actors/platform/platform.ts";
import { sleep } from "../actors/platform/platform.ts";
import { refTo } from "../actors/protocol.ts";
import type { RpcRef } from "../actors/rpc/mod.ts";
import { backOffMs, rpcConnection } from "../actors/rpc/mod.ts";
import type { Store } from "../actors/store/store.ts";
import { child } from "../actors/supervisor.ts";
import { utf8 } from "../core/bytes.ts";
import type { Bytes } from "../core/bytes.ts";
import {
  clientRoot,
  defaultClientSecret,
  ENTROPY_BYTES,
  entropyOfWords,
  globalRoot,
  moduleSecret,
  preRootCheck,
  wordsOfEntropy,
} from "../core/crypto/bip39.ts";
import type { DerivableSecret } from "../core/crypto/derive_secret.ts";
import { decode } from "../core/encoding/mod.ts";
import { base64 } from "@scure/base";
import type { ApiVersionSet, SupportedApiVersionsSummary } from "../core/types/api_versions.ts";
import { supportedApiVersionsSummary } from "../core/types/api_versions.ts";
import type { ClientConfig } from "../core/types/client_config.ts";
import { federationIdOf } from "../core/types/federation_id.ts";
import type { FederationId, ModuleInstanceId, PeerId } from "../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../core/types/ids.ts";
import type { InviteCode } from "../core/types/invite_code.ts";
import { formatInviteCode, newInviteCode } from "../core/types/invite_code.ts";
import { numPeers } from "../core/types/num_peers.ts";
import type { AnyClientModule, AnyClientModuleDefinition } from "../modules/contract/client.ts";
import { ApiError } from "../modules/contract/federation_api.ts";
import type { AnyStateOwner, Primary } from "./core.ts";
import { ModuleCore, Operations } from "./core.ts";
import { modulePrefix, UniqueTime } from "./database.ts";
import { ClientError } from "./error.ts";
import { Machines } from "./executor/machines.ts";
import type { ErrorDescriber } from "./executor/submission.ts";
import { submissionState, submissionTransitions } from "./executor/submission.ts";
import { ConnectedFederationApi } from "./federation/api.ts";
import { downloadConfig } from "./federation/join.ts";
import type { WithConnections } from "./federation/join.ts";
import type { Joined } from "./federation/join_state.ts";
import {
  checkSecret,
  entropySlot,
  joinedSlot,
  pendingConfigSlot,
  summariesSlot,
  versionsSlot,
} from "./federation/join_state.ts";
import type { RequiredModule } from "./federation/versions.ts";
import { negotiateAll } from "./federation/versions.ts";
import type { ClientModuleArgs, ModuleTable } from "./module_actor.ts";
import { clientTree, eventOrderRef, executorRef, federationTree, GUARDIANS, ROOT } from "./tree.ts";

const CORE_API = [{ major: 0, minor: 0 }];
/** How long opening waits for a threshold of `version` answers before it takes what there is. */
const VERSIONS_WAIT_MS = 30_000;
const VERSIONS_RETRY = { minMs: 200, maxMs: 10_000 };

export type ClientOptions = {
  readonly platform: Platform;
  /** Closed with the client. */
  readonly store: Store;
  readonly modules: readonly AnyClientModuleDefinition[];
  readonly log: LogSink;
  /** Own guardian for admin calls. `password` is secret. */
  readonly admin?: { readonly peer: PeerId; readonly password: string };
  /** A pre-root to use instead of the stored words. Secret. */
  readonly secret?: DerivableSecret;
  readonly testEnvironment?: boolean;
};

type Running = {
  readonly joined: Joined;
  readonly federationId: FederationId;
  readonly api: ConnectedFederationApi;
  readonly versions: ApiVersionSet;
  readonly table: ModuleTable;
  readonly operations: Operations;
  readonly definitions: ReadonlyMap<ModuleInstanceId, AnyClientModuleDefinition>;
};

export class Client {
  readonly options: ClientOptions;
  readonly #system: ActorSystem;
  readonly #time: UniqueTime;
  #running: Running | null = null;
  #connections = 0;

  private constructor(options: ClientOptions) {
    this.options = options;
    this.#system = createSystem({ platform: options.platform, log: options.log });
    this.#time = new UniqueTime(options.platform.clock);
  }

  /** Opens the database; if it has joined a federation, its modules run when this resolves. */
  static async open(options: ClientOptions): Promise<Client> {
    const client = new Client(options);
    await client.#system.start(clientTree());
    const joined = await options.store.read((tx) => joinedSlot.get(tx));
    if (joined) await client.#run(joined);
    return client;
  }

  get isJoined(): boolean {
    return this.#running !== null;
  }

  /** The 12 words, made when there are none yet. Secret. */
  async words(): Promise<string> {
    return wordsOfEntropy(await this.#entropy());
  }

  /** Takes words for a database that has none. @throws {ClientError} `already_joined` · {CryptoError} `bad_words` */
  async importWords(words: string): Promise<void> {
    const entropy = entropyOfWords(words);
    const { durable } = await this.options.store.transact(async (tx) => {
      if (await entropySlot.get(tx) !== undefined) {
        throw new ClientError(
          { code: "already_joined" },
          "This database has words already: use another data directory",
        );
      }
      entropySlot.set(tx, entropy);
    });
    await durable;
  }

  async #entropy(): Promise<Bytes> {
    const { value, durable } = await this.options.store.transact(async (tx) => {
      const stored = await entropySlot.get(tx);
      if (stored) return stored;
      const fresh = this.options.platform.dice.bytes(ENTROPY_BYTES);
      entropySlot.set(tx, fresh);
      return fresh;
    });
    await durable;
    return value;
  }

  async #preRoot(id: FederationId): Promise<DerivableSecret> {
    return this.options.secret ?? defaultClientSecret(globalRoot(await this.#entropy()), id);
  }

  /** @throws {ClientError} `already_joined` · `wrong_federation` · `no_common_version` · {ApiError} */
  async join(invite: InviteCode, signal?: AbortSignal): Promise<void> {
    if (this.#running) throw new ClientError({ code: "already_joined" }, "The client database is already initialized");
    const { platform, store } = this.options;
    const tools = { sender: this.#system, platform, withConnections: this.#withConnections };
    const config = await downloadConfig(invite, tools, signal);
    const preRoot = await this.#preRoot(invite.federationId);
    const joined: Joined = { config, apiSecret: invite.apiSecret, secretCheck: preRootCheck(preRoot) };
    const { durable } = await store.transact((tx) => joinedSlot.set(tx, joined));
    await durable;
    await this.#run(joined);
  }

  readonly #withConnections: WithConnections = async (urls, apiSecret, use) => {
    const connections = await this.#connect(urls, apiSecret, `join${this.#connections++}:`);
    try {
      return await use(connections);
    } finally {
      for (const { path } of connections.values()) await this.#system.stopChild(path);
    }
  };

  async #connect(
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
    prefix: string,
  ): Promise<Map<PeerId, RpcRef>> {
    const connections = new Map<PeerId, RpcRef>();
    const headers = apiSecret === null
      ? {}
      : { headers: { Authorization: `Basic ${base64.encode(utf8(`fedimint:${apiSecret}`))}` } };
    for (const [peer, url] of urls) {
      const id = `${prefix}guardian:${peer}`;
      await this.#system.startChild(GUARDIANS, child(rpcConnection, { id, args: { url, ...headers } }));
      connections.set(peer, refTo(`${GUARDIANS}/${id}`));
    }
    return connections;
  }

  async #run(stored: Joined): Promise<void> {
    const joined = await this.#takePendingConfig(stored);
    const { config } = joined;
    const { platform, store } = this.options;
    const federationId = federationIdOf(config.global.apiEndpoints);
    const preRoot = await this.#preRoot(federationId);
    checkSecret(joined, preRootCheck(preRoot));
    const root = clientRoot(preRoot, federationId);

    const urls = new Map([...config.global.apiEndpoints].map(([peer, { url }]): [PeerId, string] => [peer, url]));
    const connections = await this.#connect(urls, joined.apiSecret, "");
    const peers = numPeers(connections.size);
    const api = new ConnectedFederationApi({ sender: this.#system, platform, connections, peers, module: null });

    const definitions = this.#definitions(config);
    const versions = await this.#versions(config, definitions, api);
    const table: ModuleTable = new Map();
    const owners = new Map<ModuleInstanceId, AnyStateOwner>();
    const operations = new Operations({
      store,
      platform,
      sender: this.#system,
      executor: executorRef,
      eventOrder: eventOrderRef,
      time: this.#time,
      owners,
      primary: () => primaryOf(table),
    });

    const modules: ClientModuleArgs[] = [];
    for (const [instance, definition] of definitions) {
      const apiVersion = versions.modules.get(instance);
      if (!apiVersion) continue;
      const owner: AnyStateOwner = {
        kind: definition.kind,
        codec: definition.state,
        transitions: (state, operationId) => table.get(instance)!.transitions(state, operationId),
      };
      owners.set(instance, owner);
      const env: ClientModuleArgs["env"] = {
        instance,
        federationId,
        peers,
        config: decode(definition.config, config.modules.get(instance)!.config.body),
        invite: () => Promise.resolve(this.#inviteParts(joined)),
        secret: moduleSecret(root, instance),
        store: store.view(modulePrefix(instance)),
        api: api.forModule(instance),
        apiVersion,
        core: new ModuleCore(operations, instance, owner),
        admin: this.options.admin ?? null,
        testEnvironment: this.options.testEnvironment ?? false,
      };
      modules.push({ definition, env, table });
    }
    const describe: ErrorDescriber = (kind, error) =>
      definitions.get(error.instance)?.describeError?.(kind, error.body) ?? null;
    owners.set(GLOBAL_INSTANCE_ID, {
      kind: null,
      codec: submissionState,
      transitions: (state) => submissionTransitions(state, { api, platform, describe }),
    });
    const machines = new Machines(store, operations, owners);
    await this.#system.startChild(ROOT, federationTree({ store, modules, machines, refresh: { store, api, config } }));
    this.#running = { joined, federationId, api, versions, table, operations, definitions };
  }

  /** A config that guardians agreed on since the last opening. */
  async #takePendingConfig(joined: Joined): Promise<Joined> {
    const { value, durable } = await this.options.store.transact(async (tx) => {
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

  #definitions(config: ClientConfig): Map<ModuleInstanceId, AnyClientModuleDefinition> {
    const definitions = new Map<ModuleInstanceId, AnyClientModuleDefinition>();
    for (const [instance, { kind }] of config.modules) {
      const definition = this.options.modules.find((candidate) => candidate.kind === kind);
      if (definition) definitions.set(instance, definition);
    }
    return definitions;
  }

  /** From the store when it has opened before; else asks guardians until a threshold has answered. */
  async #versions(
    config: ClientConfig,
    definitions: ReadonlyMap<ModuleInstanceId, AnyClientModuleDefinition>,
    api: ConnectedFederationApi,
  ): Promise<ApiVersionSet> {
    const stored = await this.options.store.read((tx) => versionsSlot.get(tx));
    if (stored) return stored;
    const required = new Map<ModuleInstanceId, RequiredModule>(
      [...definitions].map((
        [id, { requiredApi }],
      ) => [id, { moduleConsensus: config.modules.get(id)!.version, api: [requiredApi] }]),
    );
    const summaries = await this.#summaries(api);
    const chosen = negotiateAll(config.global.consensusVersion, CORE_API, required, summaries);
    if (!chosen) {
      throw new ClientError(
        { code: "no_common_version" },
        "The federation's guardians speak no API version that this client knows. Install a client of the federation's version.",
      );
    }
    const { durable } = await this.options.store.transact((tx) => {
      versionsSlot.set(tx, chosen);
      summariesSlot.set(tx, summaries);
    });
    await durable;
    return chosen;
  }

  async #summaries(api: ConnectedFederationApi): Promise<Map<PeerId, SupportedApiVersionsSummary>> {
    const { clock, dice } = this.options.platform;
    const call = { method: "version", params: null, result: supportedApiVersionsSummary };
    const summaries = new Map<PeerId, SupportedApiVersionsSummary>();
    const deadlineMs = clock.monotonicMs() + VERSIONS_WAIT_MS;
    for (let attempt = 0;; attempt++) {
      await Promise.all(
        api.peerIds.filter((peer) => !summaries.has(peer)).map(async (peer) => {
          try {
            summaries.set(peer, await api.one(peer, call));
          } catch (thrown) {
            if (!(thrown instanceof ApiError)) throw thrown;
          }
        }),
      );
      if (summaries.size >= numPeers(api.peerIds.length).threshold) return summaries;
      if (summaries.size > 0 && clock.monotonicMs() >= deadlineMs) return summaries;
      await sleep(clock, backOffMs(VERSIONS_RETRY, attempt, dice));
    }
  }

  #inviteParts(joined: Joined): { peer: PeerId; url: string; apiSecret: string | null } {
    const [peer, { url }] = [...joined.config.global.apiEndpoints][0]!;
    return { peer, url, apiSecret: joined.apiSecret };
  }

  /** What runs. @throws {ClientError} `not_joined` */
  get running(): Running {
    if (this.#running) return this.#running;
    throw new ClientError(
      { code: "not_joined" },
      "This client has not joined a federation: join one with an invite code first",
    );
  }

  /** @throws {ClientError} `not_joined` · `invalid` (no such guardian) */
  inviteCode(peer: PeerId): string {
    const { joined, federationId } = this.running;
    const url = joined.config.global.apiEndpoints.get(peer)?.url;
    if (url === undefined) throw new ClientError({ code: "invalid" }, "peer not found");
    return formatInviteCode(newInviteCode({ url, peer, federationId, apiSecret: joined.apiSecret }));
  }

  /** The running module of a kind with the lowest instance id. @throws {ClientError} `not_joined` · `no_module` */
  module(kind: string): { readonly instance: ModuleInstanceId; readonly module: AnyClientModule } {
    const { definitions, table } = this.running;
    for (const [instance, definition] of definitions) {
      const module = table.get(instance);
      if (definition.kind === kind && module) return { instance, module };
    }
    throw new ClientError({ code: "no_module" }, `No ${kind} module found in this federation`);
  }

  /** The e-cash module. @throws {ClientError} `not_joined` · `no_primary_module` */
  primary(): Primary {
    const primary = primaryOf(this.running.table);
    if (primary) return primary;
    throw new ClientError({ code: "no_primary_module" }, "No primary module for unit bitcoin");
  }

  async balanceMsat(): Promise<bigint> {
    const { instance, module } = this.primary();
    return await this.options.store.read((tx) => module.balanceMsat(tx.view(modulePrefix(instance))));
  }

  inspect(): Inspection {
    return this.#system.inspect();
  }

  /** Stops everything in order and closes the database. */
  async close(): Promise<void> {
    await this.#system.stop();
    await this.options.store.close();
  }
}

function primaryOf(table: ModuleTable): Primary | null {
  for (const [instance, module] of [...table].sort(([a], [b]) => a - b)) {
    if (module.primary) return { instance, module: module.primary };
  }
  return null;
}
