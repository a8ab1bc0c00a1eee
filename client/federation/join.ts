/**
 * From an invite code to a federation's config that a threshold of its guardians agrees on. `fedimint-api-client/src/lib.rs`; sheet
 * "API" 4, "Joining".
 *
 * The config's API endpoints are what the federation id is the hash of, so even a single guardian can't name others than the invite
 * means; the rest of the config is what a threshold of *these* says.
 */
import type { Sender } from "../../actors/actor.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { RpcRef } from "../../actors/rpc/mod.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AskOptions } from "../../modules/contract/federation_api.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { ClientError } from "../error.ts";
import { ConnectedFederationApi } from "./api.ts";

/** Opens connections for the time of `use`. */
export type WithConnections = <T>(
  urls: ReadonlyMap<PeerId, string>,
  apiSecret: string | null,
  use: (connections: ReadonlyMap<PeerId, RpcRef>) => Promise<T>,
) => Promise<T>;

type Tools = { readonly sender: Sender; readonly platform: Platform; readonly withConnections: WithConnections };

const call = { method: "client_config", params: null, result: clientConfig };
/** The reference's "aggressive" back-off. */
const RETRY = { minMs: 200, maxMs: 5_000 };
const TRIES_MAX = 15;

function urlsOf(config: ClientConfig): Map<PeerId, string> {
  return new Map([...config.global.apiEndpoints].map(([peer, { url }]) => [peer, url]));
}

async function download(
  invite: InviteCode,
  { sender, platform, withConnections }: Tools,
  options: AskOptions,
): Promise<ClientConfig> {
  const named = await withConnections(invite.guardians, invite.apiSecret, (connections) => {
    const api = new ConnectedFederationApi({
      sender,
      platform,
      connections,
      peers: numPeers(connections.size),
      module: null,
    });
    return api.first(call, (_peer, config) => {
      const { apiEndpoints } = config.global;
      if (federationIdOf(apiEndpoints) !== invite.federationId) {
        return err("Unspecified condition error: FederationId in invite code does not match client config");
      }
      return apiEndpoints.size > 0 ? ok(config) : err("Unspecified condition error: The federation has no guardians");
    }, options);
  });
  const agreed = await withConnections(urlsOf(named), invite.apiSecret, (connections) => {
    const api = new ConnectedFederationApi({
      sender,
      platform,
      connections,
      peers: numPeers(connections.size),
      module: null,
    });
    // a config is no value that guardians come to agree on
    return api.agreement(call, options);
  });
  const id = federationIdOf(agreed.global.apiEndpoints);
  if (id === invite.federationId) return agreed;
  throw new ClientError(
    { code: "wrong_federation" },
    `Obtained client config has federation id ${id}, expected ${invite.federationId}`,
  );
}

/** @throws {ApiError | ClientError} after the last try */
export async function downloadConfig(invite: InviteCode, tools: Tools, signal?: AbortSignal): Promise<ClientConfig> {
  for (let attempt = 0;; attempt++) {
    try {
      return await download(invite, tools, signal ? { signal } : {});
    } catch (thrown) {
      const again = thrown instanceof ApiError || thrown instanceof ClientError;
      if (!again || attempt + 1 >= TRIES_MAX) throw thrown;
      await sleep(tools.platform.clock, backOffMs(RETRY, attempt, tools.platform.dice), signal);
    }
  }
}
