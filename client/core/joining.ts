/**
 * How a client comes to a federation: all that needs guardians comes first, then everything is stored in one
 * transaction. docs/protocol/07-client.md §B.
 */
import { loggerFor } from "../../actors/mod.ts";
import { preRootCheck } from "../../core/crypto/bip39.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { FederationId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { endedBy, orLate } from "../../modules/contract/waiting.ts";
import { refuseHistory } from "../backup/found.ts";
import { ClientError } from "../error.ts";
import type { Discovered } from "../federation/discover.ts";
import { discoverVersions, storeVersions } from "../federation/discover.ts";
import type { JoinTools } from "../federation/join.ts";
import { downloadConfig, urlsOf } from "../federation/join.ts";
import type { Joined } from "../federation/join_state.ts";
import { joinedSlot } from "../federation/join_state.ts";
import type { Renewal } from "../federation/renew.ts";
import { definitionsFor } from "./definitions.ts";
import type { ClientOptions } from "./options.ts";
import { checkWallet } from "./schema.ts";
import type { ClientSecrets } from "./secrets.ts";
import { areWordsNew, refuseGivenWords } from "./words.ts";

/** What `join` did: joined, or what was news in an invite code of the federation that had been joined. */
export type JoinOutcome = { readonly joined: "new" } | { readonly joined: "before"; readonly renewal: Renewal };

/** Guardians answer when a threshold has, or after half a minute as soon as anybody has. */
const DISCOVERY_MS = 45_000;

export type JoiningEnv = {
  readonly options: ClientOptions;
  readonly tools: JoinTools;
  /** Secret. Words are made when there are none yet. */
  readonly secretsIn: (id: FederationId) => Promise<ClientSecrets>;
};

/**
 * Joins a federation for the first time; whatever is thrown, nothing of it is stored.
 * @throws as `Client.join`
 */
export async function joinFederation(invite: InviteCode, env: JoiningEnv, signal: AbortSignal): Promise<Joined> {
  const { options, tools } = env, { store, modules } = options;
  await refuseGivenWords(options);
  const isNew = await areWordsNew(options);
  const config = await downloadConfig(invite, tools, signal);
  const discovered = await discover(config, invite.apiSecret, env, signal);
  const secrets = await env.secretsIn(invite.federationId), { preRoot } = secrets;
  if (!isNew) {
    const search = { platform: options.platform, log: loggerFor("join", options.log) };
    await tools.withGuardians(
      urlsOf(config),
      invite.apiSecret,
      (api) => refuseHistory(api, secrets, search, signal),
    );
  }
  const joined: Joined = { config, apiSecret: invite.apiSecret, secretCheck: preRootCheck(preRoot) };
  if (signal.aborted) throw endedBy(signal);
  const { durable } = await store.transact((tx) => {
    joinedSlot.set(tx, joined);
    storeVersions(tx, discovered);
  });
  await durable;
  await checkWallet(store, modules);
  return joined;
}

/** Which API versions a federation's guardians speak, before anything of it is stored. */
export function discover(
  config: ClientConfig,
  apiSecret: string | null,
  { options: { platform, modules }, tools }: Pick<JoiningEnv, "options" | "tools">,
  signal: AbortSignal,
): Promise<Discovered> {
  const late = (): Error =>
    new ClientError({ code: "no_answer" }, "No guardian says which API versions it speaks. Try again later");
  return orLate(
    { clock: platform.clock, deadlineMs: DISCOVERY_MS, signal, late },
    (until) =>
      tools.withGuardians(urlsOf(config), apiSecret, (api) => {
        const definitions = definitionsFor(config, modules);
        return discoverVersions({ platform, api, config, definitions }, new Map(), until);
      }),
  );
}
