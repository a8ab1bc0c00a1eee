/**
 * Keeps what is known of the federation fresh: config, API versions, guardians' URLs, chain id. What it finds is used
 * from the next opening on. docs/protocol/07-client.md §B, docs/protocol/02-api.md §5, §6.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Logger } from "../../actors/logger.ts";
import type { Cast } from "../../actors/protocol.ts";
import { equalBytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig, clientModuleConfig, globalClientConfig } from "../../core/types/client_config.ts";
import { blockHash } from "../../core/types/ids.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { orLate, WaitError } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import { refreshAnnouncements, refreshMetadata } from "./announcements.ts";
import type { DiscoveryEnv } from "./discover.ts";
import { refreshVersions } from "./discover.ts";
import { chainIdSlot, pendingConfigSlot, refreshedSlot } from "./join_state.ts";

const HOUR_MS = 3_600_000;
/** Commands follow each other: what one of them found the next one needn't ask for, with all its signatures. */
const FRESH_MS = 10 * 60_000;
/** Guardians that answer later than the first by more than this don't count this time. */
const STRAGGLERS_MS = 30_000;
/** The same while the user waits for a join. */
const JOIN_STRAGGLERS_MS = 20;
/** All of it, while the user waits for a join. */
const PREFETCH_MS = 10_000;

export type RefreshArgs = DiscoveryEnv;

export type RefreshMessage = Cast<"refresh", null> | Cast<"refreshed", { outcome: Result<null, unknown> }>;

type Context = ActorContext<RefreshMessage>;

/** Only additions are taken: a config whose global part or whose known modules differ is another federation's to us. */
export function isExtension(before: ClientConfig, after: ClientConfig): boolean {
  if (!equalBytes(encode(globalClientConfig, before.global), encode(globalClientConfig, after.global))) return false;
  return [...before.modules].every(([id, module]) => {
    const other = after.modules.get(id);
    return other !== undefined && equalBytes(encode(clientModuleConfig, module), encode(clientModuleConfig, other));
  });
}

async function refreshConfig({ store, api, config }: DiscoveryEnv, log: Logger, signal: AbortSignal): Promise<void> {
  const newer = await api.consensus({ method: "client_config", params: null, result: clientConfig }, { signal });
  if (equalBytes(encode(clientConfig, newer), encode(clientConfig, config))) return;
  if (!isExtension(config, newer)) {
    log.warn("Guardians agree on a config that changes more than it adds; it is not taken");
    return;
  }
  log.info("The federation has new modules; they are used from the next start on", { modules: newer.modules.size });
  const { durable } = await store.transact((tx) => pendingConfigSlot.set(tx, newer));
  await durable;
}

async function refreshChainId({ store, api }: DiscoveryEnv, signal?: AbortSignal): Promise<void> {
  if (await store.read((tx) => chainIdSlot.get(tx)) !== undefined) return;
  const options = signal ? { signal } : {};
  const chainId = await api.consensus({ method: "chain_id", params: null, result: blockHash }, options);
  const { durable } = await store.transact((tx) => chainIdSlot.set(tx, chainId));
  await durable;
}

/**
 * Guardians that can't be reached, or are older, are asked again later: nothing here is needed now.
 * @returns whether all was answered
 */
async function tolerant(log: Logger, parts: readonly (() => Promise<unknown>)[]): Promise<boolean> {
  let isWhole = true;
  for (const part of parts) {
    try {
      await part();
    } catch (thrown) {
      if (!(thrown instanceof ApiError) && !(thrown instanceof ClientError)) throw thrown;
      log.debug("Could not refresh", { reason: errorText(thrown) });
      isWhole = false;
    }
  }
  return isWhole;
}

/** Once, when joining: what a guardian that has moved since the config was made needs to be found. */
export async function prefetch(env: DiscoveryEnv, log: Logger, signal: AbortSignal): Promise<void> {
  const { clock } = env.platform;
  const late = (): Error => new ClientError({ code: "no_answer" }, "Guardians are slow: they are asked again later");
  await tolerant(log, [() =>
    orLate({ clock, deadlineMs: PREFETCH_MS, signal, late }, (until) => {
      const options = { stragglersMs: JOIN_STRAGGLERS_MS, signal: until };
      return tolerant(log, [
        () => refreshAnnouncements(env, options),
        () => refreshMetadata(env, options),
        () => refreshChainId(env, until),
      ]);
    })]);
}

async function isFresh({ store, platform: { clock } }: DiscoveryEnv): Promise<boolean> {
  const last = await store.read((tx) => refreshedSlot.get(tx));
  // a clock that was set back makes nothing fresh
  return last !== undefined && clock.nowMs() >= last.atMs && clock.nowMs() < last.atMs + FRESH_MS;
}

async function all(env: DiscoveryEnv, ctx: Context, signal: AbortSignal): Promise<null> {
  if (await isFresh(env)) return null;
  const options = { stragglersMs: STRAGGLERS_MS, signal };
  const isWhole = await tolerant(ctx.log, [
    () => refreshConfig(env, ctx.log, signal),
    () => refreshChainId(env, signal),
    () => refreshVersions(env, signal),
    () => refreshAnnouncements(env, options),
    () => refreshMetadata(env, options),
  ]);
  if (!isWhole) return null;
  const { store, platform: { clock } } = env;
  const { durable } = await store.transact((tx) => refreshedSlot.set(tx, { atMs: clock.nowMs() }));
  await durable;
  return null;
}

export const refresh = defineActor<RefreshMessage, RefreshArgs, RefreshArgs>({
  name: "refresh",
  init: (ctx, args) => {
    ctx.after(0, { type: "refresh", args: null });
    return args;
  },
  handle: {
    refresh: (state, _args, ctx) => {
      ctx.run((signal) => all(state, ctx, signal), (outcome) => ({ type: "refreshed", args: { outcome } }));
      return next(state);
    },
    refreshed: (state, { outcome }, ctx) => {
      // the client closes: nothing of it is missing
      if (!outcome.ok && outcome.error instanceof WaitError && outcome.error.code === "closed") return next(state);
      if (!outcome.ok) throw outcome.error;
      ctx.after(HOUR_MS, { type: "refresh", args: null });
      return next(state);
    },
  },
});
