/**
 * From an invite code to a federation's config that a threshold of its guardians agrees on.
 * `fedimint-api-client/src/lib.rs`; docs/protocol/02-api.md §4, "Joining".
 *
 * The config's API endpoints are what the federation id is the hash of, so even a single guardian can't name others
 * than the invite means; the rest of the config is what a threshold of *these* says.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import { clientConfig } from "../../core/types/client_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { ClientError } from "../error.ts";
import { orLate } from "../../modules/contract/waiting.ts";
import type { ConnectedFederationApi } from "./api.ts";
import { isUnreachable, isWrongSecret } from "./api.ts";

export type JoinTools = {
  readonly platform: Platform;
  /** For the time of `use`: connections of its own to guardians at these URLs. */
  readonly withGuardians: <T>(
    urls: ReadonlyMap<PeerId, string>,
    apiSecret: string | null,
    use: (api: ConnectedFederationApi) => Promise<T>,
  ) => Promise<T>;
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

/** Guardians that want another secret will want it in a second, too. */
function isRefusal({ facts }: ApiError): boolean {
  return facts.code === "unauthorized" && Object.values(facts.peers).every(isWrongSecret);
}

/**
 * Tries again until the deadline; who wants another secret isn't asked again.
 * @throws {ClientError} `no_answer` · {ApiError} the last one, when guardians answered
 */
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
        if (!(thrown instanceof ApiError) || isRefusal(thrown)) throw thrown;
        last = thrown;
      }
      await sleep(clock, backOffMs(RETRY, attempt, dice), until);
    }
  });
}

/** What the first of the invite's guardians says that names the invite's federation. @throws as `persistently` */
function invitedConfig(invite: InviteCode, tools: JoinTools, signal?: AbortSignal): Promise<ClientConfig> {
  const who = [...invite.guardians.values()].join(", ");
  const silent = `The guardian that this invite code names doesn't answer (${who}). Check the network and try again, ` +
    "or join with an invite code of another guardian of the federation";
  return persistently(
    tools,
    signal,
    silent,
    (until) =>
      tools.withGuardians(
        invite.guardians,
        invite.apiSecret,
        (api) =>
          api.first(call, (_peer, config) => {
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
  { federationId, apiSecret }: Pick<InviteCode, "federationId" | "apiSecret">,
  tools: JoinTools,
  signal?: AbortSignal,
): Promise<ClientConfig> {
  const silent = "Too few of the federation's guardians answer. Check the network and try again later";
  const agreed = await persistently(
    tools,
    signal,
    silent,
    (until) =>
      tools.withGuardians(urls, apiSecret, (api) =>
        // a config is no value that guardians come to agree on
        api.agreement(call, { signal: until })),
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
