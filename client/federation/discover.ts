/**
 * Which API versions to speak: asked of every guardian, remembered, asked again in the background.
 * `fedimint-client/src/client.rs` (`load_and_refresh_common_api_version`); docs/protocol/02-api.md §5.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { BackOff } from "../../actors/rpc/mod.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import type { ApiVersionSet, SupportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import { supportedApiVersionsSummary } from "../../core/types/api_versions.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { ModuleInstanceId, PeerId } from "../../core/types/ids.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import { isEndBy } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import type { ConnectedFederationApi } from "./api.ts";
import { summariesSlot, versionsSlot } from "./join_state.ts";
import type { RequiredModule } from "./versions.ts";
import { negotiateAll } from "./versions.ts";

/** The lowest core API that this client can do with. */
const CORE_API = [{ major: 0, minor: 0 }];
/** How long to wait for a threshold of answers before what there is has to do. */
const ANSWERS_WAIT_MS = 30_000;
const RETRY: BackOff = { minMs: 200, maxMs: 600_000 };

export type DiscoveryEnv = {
  readonly store: StoreView;
  readonly platform: Platform;
  readonly api: ConnectedFederationApi;
  readonly config: ClientConfig;
  readonly definitions: ReadonlyMap<ModuleInstanceId, AnyClientModuleDefinition>;
};

type Summaries = ReadonlyMap<PeerId, SupportedApiVersionsSummary>;

function choose(
  { config, definitions }: Pick<DiscoveryEnv, "config" | "definitions">,
  summaries: Summaries,
): ApiVersionSet | null {
  const required = new Map<ModuleInstanceId, RequiredModule>(
    [...definitions].map(([id, { requiredApi }]) => [
      id,
      { moduleConsensus: config.modules.get(id)!.version, api: [requiredApi] },
    ]),
  );
  return negotiateAll(config.global.consensusVersion, CORE_API, required, summaries);
}

/**
 * Each guardian is asked until it answers; ends when a threshold has, or after 30 s as soon as anybody has.
 * @param known answers of before: a guardian that fails to answer now counts with its old one
 */
async function collect(
  { api, platform }: Pick<DiscoveryEnv, "api" | "platform">,
  known: Summaries,
  signal?: AbortSignal,
): Promise<Map<PeerId, SupportedApiVersionsSummary>> {
  const { clock, dice } = platform;
  const call = { method: "version", params: null, result: supportedApiVersionsSummary };
  const { threshold } = numPeers(api.peerIds.length);
  const found = new Map<PeerId, SupportedApiVersionsSummary>();
  const enough = new AbortController();
  const stop = signal ? AbortSignal.any([signal, enough.signal]) : enough.signal;
  let late = false;
  const look = (): void => {
    if (found.size >= threshold || late && found.size > 0) enough.abort();
  };
  const ask = async (peer: PeerId): Promise<void> => {
    for (let attempt = 0;; attempt++) {
      const answer = await api.ask(peer, call, { signal: stop });
      const summary = answer.ok ? answer.value : known.get(peer);
      if (summary) {
        found.set(peer, summary);
        return look();
      }
      await sleep(clock, backOffMs(RETRY, attempt, dice), stop);
    }
  };
  const lateness = sleep(clock, ANSWERS_WAIT_MS, stop).then(() => {
    late = true;
    look();
  });
  for (const outcome of await Promise.allSettled([...api.peerIds.map(ask), lateness])) {
    // who was too late was given up; everything else is an error
    if (outcome.status === "rejected" && !isEndBy(enough.signal, outcome.reason)) throw outcome.reason;
  }
  return new Map([...known, ...found]);
}

/** What guardians said, and what follows from it. */
export type Discovered = { readonly versions: ApiVersionSet; readonly summaries: Summaries };

/** Asks now and chooses. @throws {ClientError} `no_common_version` */
export async function discoverVersions(
  env: Omit<DiscoveryEnv, "store">,
  known: Summaries,
  signal?: AbortSignal,
): Promise<Discovered> {
  const summaries = await collect(env, known, signal);
  const versions = choose(env, summaries);
  if (versions) return { versions, summaries };
  throw new ClientError(
    { code: "no_common_version" },
    "The federation's guardians speak no API version that this client knows. Install a client of the federation's version.",
  );
}

export function storeVersions(tx: StoreTx, { versions, summaries }: Discovered): void {
  versionsSlot.set(tx, versions);
  summariesSlot.set(tx, new Map(summaries));
}

/** Asks now, chooses, and stores both. @throws {ClientError} `no_common_version` */
export async function refreshVersions(env: DiscoveryEnv, signal?: AbortSignal): Promise<ApiVersionSet> {
  const known = await env.store.read((tx) => summariesSlot.get(tx)) ?? new Map();
  const discovered = await discoverVersions(env, known, signal);
  const { durable } = await env.store.transact((tx) => storeVersions(tx, discovered));
  await durable;
  return discovered.versions;
}

/**
 * What was chosen before; without that it asks, for as long as it takes. A program that has more modules than the one
 * before chooses anew from what guardians said then: it may have no network.
 * @throws {ClientError} `no_common_version`
 */
export async function loadVersions(env: DiscoveryEnv, signal: AbortSignal): Promise<ApiVersionSet> {
  const { store, definitions } = env;
  const chosen = await store.read((tx) => versionsSlot.get(tx));
  if (!chosen) return await refreshVersions(env, signal);
  if ([...definitions.keys()].every((instance) => chosen.modules.has(instance))) return chosen;
  const summaries = await store.read((tx) => summariesSlot.get(tx));
  return summaries ? choose(env, summaries) ?? chosen : chosen;
}
