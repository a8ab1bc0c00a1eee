/**
 * What a wallet that has joined learns from an invite code of its federation: where guardians are, and the secret of their API. The code
 * itself is nobody's word: its address is only asked. Where guardians are counts as they have signed it themselves, under the keys of the
 * config that the wallet has; and the secret counts once a threshold of them, found there, has taken it.
 */
import type { StoreView } from "../../actors/store/store.ts";
import type { FederationId, PeerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { endedBy, orLate } from "../../modules/contract/waiting.ts";
import { ClientError } from "../error.ts";
import type { Whereabouts } from "./announcements.ts";
import { askWhereabouts, currentUrls, storedWhereabouts, storeWhereabouts } from "./announcements.ts";
import type { JoinTools } from "./join.ts";
import { agreedConfig } from "./join.ts";
import type { Joined } from "./join_state.ts";
import { joinedSlot } from "./join_state.ts";

/** Guardians of the code that answer later than the first by more than this don't count. */
const STRAGGLERS_MS = 1_000;
/** A guardian that the code names and that is away is no reason to know nothing: the secret may be news enough. */
const WHEREABOUTS_MS = 10_000;

/** What was news in an invite code of the federation that a wallet has joined. */
export type Renewal = {
  /**
   * `same`: the code has the secret that the wallet has · `replaced` · `not_needed`: guardians take everybody, so that the code's proves
   * nothing and the wallet's stays · `refused`: guardians take the wallet's and not the code's
   */
  readonly apiSecret: "same" | "replaced" | "not_needed" | "refused";
  /** Guardians that are looked for elsewhere than before, and where. */
  readonly moved: ReadonlyMap<PeerId, string>;
};

export type RenewEnv = JoinTools & { readonly store: StoreView; readonly federationId: FederationId };

/** What follows for the connections. */
export type Renewed = {
  readonly renewal: Renewal;
  readonly joined: Joined;
  readonly urls: ReadonlyMap<PeerId, string>;
};

/** What the code's guardians tell of all, beside what is known. They get the code's own secret, never the wallet's. */
async function whereabouts(
  { guardians, apiSecret }: InviteCode,
  { config }: Joined,
  known: Whereabouts,
  { platform, withGuardians }: RenewEnv,
  signal: AbortSignal,
): Promise<Whereabouts> {
  const late = (): Error => new ClientError({ code: "no_answer" }, "The guardian of the invite code is silent");
  try {
    return await orLate({ clock: platform.clock, deadlineMs: WHEREABOUTS_MS, signal, late }, (until) => {
      const options = { stragglersMs: STRAGGLERS_MS, signal: until };
      return withGuardians(guardians, apiSecret, (api) => askWhereabouts({ api, platform, config }, known, options));
    });
  } catch (thrown) {
    if (thrown instanceof ClientError && thrown.code === "no_answer") return known;
    throw thrown;
  }
}

/** Does a threshold of guardians take whoever has this secret? @throws {ClientError} `no_answer` · {ApiError} */
async function isTaken(
  apiSecret: string | null,
  urls: ReadonlyMap<PeerId, string>,
  env: RenewEnv,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await agreedConfig(urls, { federationId: env.federationId, apiSecret }, env, signal);
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === "unauthorized") return false;
    throw thrown;
  }
}

type Secrets = { readonly own: string | null; readonly invited: string | null };

/** @throws {ApiError} `unauthorized` when guardians take neither · {ClientError} `no_answer` */
async function secretThatIsTaken(
  { own, invited }: Secrets,
  taken: (secret: string | null) => Promise<boolean>,
): Promise<Renewal["apiSecret"]> {
  // asked first, since guardians that take everybody take any secret that somebody made up
  if (await taken(null)) return own === invited ? "same" : "not_needed";
  if (invited !== null && await taken(invited)) return own === invited ? "same" : "replaced";
  if (own !== null && own !== invited && await taken(own)) return "refused";
  throw new ApiError(
    { code: "unauthorized", method: "client_config", peers: {} },
    "The guardians want another API secret than this invite code has, and than the wallet has",
  );
}

/**
 * Asks, checks, and stores what has changed in one transaction; whatever is thrown, the wallet is as it was.
 * @param urls where the wallet looks for guardians so far
 * @throws {ClientError} `no_answer` · {ApiError} `unauthorized` and others · {WaitError} `aborted` · `closed`
 */
export async function renew(
  invite: InviteCode,
  urls: ReadonlyMap<PeerId, string>,
  joined: Joined,
  env: RenewEnv,
  signal: AbortSignal,
): Promise<Renewed> {
  const { store, platform } = env, { config } = joined;
  const known = await store.read(storedWhereabouts);
  const found = await whereabouts(invite, joined, known, env, signal);
  const there = currentUrls(config, found.announcements, found.metadata);
  const secrets = { own: joined.apiSecret, invited: invite.apiSecret };
  const apiSecret = await secretThatIsTaken(secrets, (secret) => isTaken(secret, there, env, signal));
  const kept = { ...joined, apiSecret: apiSecret === "replaced" ? invite.apiSecret : joined.apiSecret };
  if (signal.aborted) throw endedBy(signal);
  const { value: newest, durable } = await store.transact(async (tx) => {
    await storeWhereabouts(tx, found, { platform, config });
    joinedSlot.set(tx, kept);
    return await storedWhereabouts(tx);
  });
  await durable;
  const now = currentUrls(config, newest.announcements, newest.metadata);
  const moved = new Map([...now].filter(([peer, url]) => urls.get(peer) !== url));
  return { renewal: { apiSecret, moved }, joined: kept, urls: now };
}
