/** Keeps what is known of the federation fresh: API versions, config, guardians' URLs, chain id. Sheet "client" B, "API" 5, 6. */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { equalBytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig, clientModuleConfig, globalClientConfig } from "../../core/types/client_config.ts";
import { blockHash } from "../../core/types/ids.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import type { ConnectedFederationApi } from "./api.ts";
import { chainIdSlot, pendingConfigSlot } from "./join_state.ts";

const HOUR_MS = 3_600_000;

export type RefreshArgs = {
  readonly store: StoreView;
  readonly api: ConnectedFederationApi;
  readonly config: ClientConfig;
};

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

async function refreshConfig({ store, api, config }: RefreshArgs, ctx: Context, signal: AbortSignal): Promise<void> {
  const newer = await api.consensus({ method: "client_config", params: null, result: clientConfig }, { signal });
  if (equalBytes(encode(clientConfig, newer), encode(clientConfig, config))) return;
  if (!isExtension(config, newer)) {
    ctx.log.warn("Guardians agree on a config that changes more than it adds; it is not taken");
    return;
  }
  ctx.log.info("The federation has new modules; they are used from the next start on", { modules: newer.modules.size });
  const { durable } = await store.transact((tx) => pendingConfigSlot.set(tx, newer));
  await durable;
}

async function refreshChainId({ store, api }: RefreshArgs, signal: AbortSignal): Promise<void> {
  if (await store.read((tx) => chainIdSlot.get(tx)) !== undefined) return;
  const chainId = await api.consensus({ method: "chain_id", params: null, result: blockHash }, { signal });
  const { durable } = await store.transact((tx) => chainIdSlot.set(tx, chainId));
  await durable;
}

async function all(args: RefreshArgs, ctx: Context, signal: AbortSignal): Promise<null> {
  for (const part of [() => refreshConfig(args, ctx, signal), () => refreshChainId(args, signal)]) {
    try {
      await part();
    } catch (thrown) {
      // guardians that can't be reached, or are older, are asked again in an hour
      if (!(thrown instanceof ApiError)) throw thrown;
      ctx.log.debug("Could not refresh", { reason: errorText(thrown) });
    }
  }
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
      if (!outcome.ok) throw outcome.error;
      ctx.after(HOUR_MS, { type: "refresh", args: null });
      return next(state);
    },
  },
});
