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
import { ApiError } from "../../modules/contract/federation_api.ts";
import { ClientError } from "../error.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import { ConnectedFederationApi, isUnreachable } from "./api.ts";

/** Opens connections for the time of `use`. */
export type WithConnections = <T>(
  urls: ReadonlyMap<PeerId, string>,
  apiSecret: string | null,
  use: (connections: ReadonlyMap<PeerId, RpcRef>) => Promise<T>,
) => Promise<T>;

export type JoinTools = {
  readonly sender: Sender;
  readonly platform: Platform;
  readonly withConnections: WithConnections;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
};

const call = { method: "client_config", params: null, result: clientConfig };
/** The reference's "aggressive" back-off. */
const RETRY = { minMs: 200, maxMs: 5_000 };
/** A guardian that is there answers within a second or two; one that starts again just now within some more. */
const ANSWER_WAIT_MS = 15_000;

/** Where the config says that guardians are. */
export function urlsOf(config: ClientConfig): Map<PeerId, string> {
  return new Map([...config.global.apiEndpoints].map(([peer, { url }]) => [peer, url]));
}

/** Guardians that could be asked and said something else are none that don't answer. */
function isSilence({ facts }: ApiError): boolean {
  return facts.code === "federation" && Object.values(facts.peers).every(isUnreachable);
}

/** Tries again until the deadline. @throws {ClientError} `no_answer` · {ApiError} the last one, when guardians answered */
function persistently<T>(
  { platform: { clock, dice } }: JoinTools,
  signal: AbortSignal | undefined,
  whoIsSilent: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let last: ApiError | undefined;
  const late = (): Error => {
    if (last && !isSilence(last)) return last;
    return new ClientError({ code: "no_answer" }, whoIsSilent, last && { cause: last });
  };
  return orLate({ clock, deadlineMs: ANSWER_WAIT_MS, signal, late }, async (until) => {
    for (let attempt = 0;; attempt++) {
      try {
        return await work(until);
      } catch (thrown) {
        if (!(thrown instanceof ApiError)) throw thrown;
        last = thrown;
      }
      await sleep(clock, backOffMs(RETRY, attempt, dice), until);
    }
  });
}

function apiOf({ sender, platform, closing }: JoinTools, connections: ReadonlyMap<PeerId, RpcRef>) {
  const peers = numPeers(connections.size);
  return new ConnectedFederationApi({ sender, platform, connections, peers, module: null, closing });
}

/** What the first of the invite's guardians says that names the invite's federation. @throws as `persistently` */
export function invitedConfig(invite: InviteCode, tools: JoinTools, signal?: AbortSignal): Promise<ClientConfig> {
  const who = [...invite.guardians.values()].join(", ");
  const silent = `The guardian that this invite code names doesn't answer (${who}). Check the network and try again, ` +
    "or join with an invite code of another guardian of the federation";
  return persistently(
    tools,
    signal,
    silent,
    (until) =>
      tools.withConnections(
        invite.guardians,
        invite.apiSecret,
        (connections) =>
          apiOf(tools, connections).first(call, (_peer, config) => {
            const { apiEndpoints } = config.global;
            if (federationIdOf(apiEndpoints) !== invite.federationId) {
              return err("Unspecified condition error: FederationId in invite code does not match client config");
            }
            return apiEndpoints.size > 0
              ? ok(config)
              : err("Unspecified condition error: The federation has no guardians");
          }, { signal: until }),
      ),
  );
}

/** What a threshold of guardians at these URLs says. @throws as `persistently` */
export async function agreedConfig(
  urls: ReadonlyMap<PeerId, string>,
  { federationId, apiSecret }: InviteCode,
  tools: JoinTools,
  signal?: AbortSignal,
): Promise<ClientConfig> {
  const silent = "Too few of the federation's guardians answer. Check the network and try again later";
  const agreed = await persistently(
    tools,
    signal,
    silent,
    (until) =>
      tools.withConnections(urls, apiSecret, (connections) =>
        // a config is no value that guardians come to agree on
        apiOf(tools, connections).agreement(call, { signal: until })),
  );
  const id = federationIdOf(agreed.global.apiEndpoints);
  if (id === federationId) return agreed;
  throw new ClientError(
    { code: "wrong_federation" },
    `Obtained client config has federation id ${id}, expected ${federationId}`,
  );
}

/** @throws {ClientError} `no_answer` · `wrong_federation` · {ApiError} when guardians answer something else */
export async function downloadConfig(
  invite: InviteCode,
  tools: JoinTools,
  signal?: AbortSignal,
): Promise<ClientConfig> {
  const named = await invitedConfig(invite, tools, signal);
  return await agreedConfig(urlsOf(named), invite, tools, signal);
}
