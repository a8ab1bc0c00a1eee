/**
 * Where guardians say they are now: signed announcements and metadata, asked of all, kept when newer. `fedimint-client`
 * `api_announcements.rs`, `guardian_metadata.rs`; docs/protocol/02-api.md §6.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { map } from "../../core/encoding/mod.ts";
import type { SignedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signedApiAnnouncement, verifyApiAnnouncement } from "../../core/types/api_announcement.ts";
import type { BroadcastKeys } from "../../core/types/broadcast_keys.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import type { SignedGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import { signedGuardianMetadata, verifyGuardianMetadata } from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import type { ApiCall } from "../../modules/contract/federation_api.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import { isEndBy } from "../../modules/contract/waiting.ts";
import type { ConnectedFederationApi } from "./api.ts";
import type { Slot } from "./join_state.ts";
import { announcementsSlot, metadataSlot } from "./join_state.ts";

export type Announcements = ReadonlyMap<PeerId, SignedApiAnnouncement>;
export type Metadata = ReadonlyMap<PeerId, SignedGuardianMetadata>;

/** What makes an entry valid, and one of two the newer. */
type Rules<T> = {
  readonly holds: (entry: T, publicKey: Bytes) => boolean;
  readonly isNewer: (entry: T, than: T) => boolean;
};

/**
 * An answer with one invalid entry is worth nothing as a whole; of the others the newest entry of each guardian counts.
 */
export function mergeStatements<T>(
  stored: ReadonlyMap<PeerId, T>,
  answers: Iterable<ReadonlyMap<PeerId, T>>,
  keys: BroadcastKeys,
  { holds, isNewer }: Rules<T>,
): Map<PeerId, T> {
  const merged = new Map(stored);
  for (const answer of answers) {
    const valid = [...answer].every(([peer, entry]) => {
      const key = keys.get(peer);
      return key !== undefined && holds(entry, key);
    });
    if (!valid) continue;
    for (const [peer, entry] of answer) {
      const before = merged.get(peer);
      if (before === undefined || isNewer(entry, before)) merged.set(peer, entry);
    }
  }
  return new Map([...merged].sort(([a], [b]) => a - b));
}

export const announcementRules: Rules<SignedApiAnnouncement> = {
  holds: verifyApiAnnouncement,
  isNewer: (entry, than) => entry.apiAnnouncement.nonce > than.apiAnnouncement.nonce,
};

export function metadataRules(nowSecs: number): Rules<SignedGuardianMetadata> {
  return {
    holds: (entry, publicKey) => verifyGuardianMetadata(entry, publicKey, nowSecs).ok,
    isNewer: (entry, than) => entry.metadata.timestampSecs > than.metadata.timestampSecs,
  };
}

/**
 * Each guardian's URL: what its metadata says first, else its announcement, else the config. One that this client can't
 * speak to (iroh) is passed over.
 */
export function currentUrls(
  config: ClientConfig,
  announcements: Announcements,
  metadata: Metadata,
): Map<PeerId, string> {
  const isWebSocket = (url: string | undefined): boolean => url !== undefined && /^wss?:/.test(url);
  return new Map(
    [...config.global.apiEndpoints].map(([peer, { url }]): [PeerId, string] => {
      const announced = [metadata.get(peer)?.metadata.apiUrls[0], announcements.get(peer)?.apiAnnouncement.apiUrl];
      return [peer, announced.find(isWebSocket) ?? url];
    }),
  );
}

/**
 * Answers of those guardians that answer: at least one, and of the others who is not later by more than `stragglersMs`.
 */
async function answersOf<R>(
  api: ConnectedFederationApi,
  platform: Platform,
  call: ApiCall<R>,
  options: RefreshOptions,
): Promise<R[]> {
  const found: R[] = [];
  const enough = new AbortController();
  const stop = options.signal ? AbortSignal.any([options.signal, enough.signal]) : enough.signal;
  const asked = api.peerIds.map(async (peer) => {
    const answer = await api.ask(peer, call, { signal: stop });
    if (!answer.ok) return;
    found.push(answer.value);
    if (found.length === 1) {
      sleep(platform.clock, options.stragglersMs, stop).then(() => enough.abort(), () => undefined);
    }
  });
  const settled = await Promise.allSettled(asked);
  enough.abort();
  for (const outcome of settled) {
    // who was too late was given up; everything else is an error
    if (outcome.status === "rejected" && !isEndBy(enough.signal, outcome.reason)) throw outcome.reason;
  }
  if (found.length > 0) return found;
  throw new ApiError({ code: "federation", method: call.method, peers: {} }, `No guardian answers ${call.method}`);
}

export type StatementsEnv = {
  readonly store: StoreView;
  readonly api: ConnectedFederationApi;
  readonly platform: Platform;
  readonly config: ClientConfig;
};

type Statements<T> = {
  readonly method: string;
  readonly slot: Slot<Map<PeerId, T>>;
  readonly entry: Codec<T>;
};

const ANNOUNCEMENTS: Statements<SignedApiAnnouncement> = {
  method: "api_announcements",
  slot: announcementsSlot,
  entry: signedApiAnnouncement,
};
const METADATA: Statements<SignedGuardianMetadata> = {
  method: "guardian_metadata",
  slot: metadataSlot,
  entry: signedGuardianMetadata,
};

function ask<T>(
  { api, platform }: Pick<StatementsEnv, "api" | "platform">,
  { method, entry }: Statements<T>,
  options: RefreshOptions,
): Promise<ReadonlyMap<PeerId, T>[]> {
  return answersOf(api, platform, { method, params: null, result: map(peerId, entry) }, options);
}

function nowSecs({ clock }: Platform): number {
  return Math.floor(clock.nowMs() / 1_000);
}

async function refresh<T>(
  env: StatementsEnv,
  statements: Statements<T>,
  rules: Rules<T>,
  options: RefreshOptions,
): Promise<void> {
  const { store, config } = env, { slot } = statements;
  const keys = config.global.broadcastPublicKeys;
  // federations older than 0.4 don't tell the keys: nothing could be checked
  if (keys === null) return;
  const found = await ask(env, statements, options);
  const { durable } = await store.transact(async (tx) => {
    slot.set(tx, mergeStatements(await slot.get(tx) ?? new Map(), found, keys, rules));
  });
  await durable;
}

export type RefreshOptions = {
  /** How long to wait for the other guardians once one has answered. */
  readonly stragglersMs: number;
  readonly signal?: AbortSignal;
};

/** @throws {ApiError} when no guardian answers, or all are too old to know the method */
export function refreshAnnouncements(env: StatementsEnv, options: RefreshOptions): Promise<void> {
  return refresh(env, ANNOUNCEMENTS, announcementRules, options);
}

/** @throws {ApiError} when no guardian answers, or all are too old to know the method */
export function refreshMetadata(env: StatementsEnv, options: RefreshOptions): Promise<void> {
  return refresh(env, METADATA, metadataRules(nowSecs(env.platform)), options);
}

/** The newest statement of each guardian, of either kind. */
export type Whereabouts = { readonly announcements: Announcements; readonly metadata: Metadata };

export async function storedWhereabouts(tx: ReadTx): Promise<Whereabouts> {
  return {
    announcements: await announcementsSlot.get(tx) ?? new Map(),
    metadata: await metadataSlot.get(tx) ?? new Map(),
  };
}

/** Of both the newer; what `told` adds is checked. */
function merged(
  known: Whereabouts,
  told: { readonly announcements: Iterable<Announcements>; readonly metadata: Iterable<Metadata> },
  { config, platform }: Pick<StatementsEnv, "config" | "platform">,
): Whereabouts {
  const keys = config.global.broadcastPublicKeys;
  if (keys === null) return known;
  return {
    announcements: mergeStatements(known.announcements, told.announcements, keys, announcementRules),
    metadata: mergeStatements(known.metadata, told.metadata, keys, metadataRules(nowSecs(platform))),
  };
}

/** What is known, and what whoever is asked adds to it: signed by the guardians themselves, so anybody may be asked. */
export async function askWhereabouts(
  env: Omit<StatementsEnv, "store">,
  known: Whereabouts,
  options: RefreshOptions,
): Promise<Whereabouts> {
  const orNone = (thrown: unknown): never[] => {
    if (thrown instanceof ApiError) return [];
    throw thrown;
  };
  const [announcements, metadata] = await Promise.all([
    ask(env, ANNOUNCEMENTS, options).catch(orNone),
    ask(env, METADATA, options).catch(orNone),
  ]);
  return merged(known, { announcements, metadata }, env);
}

/** Adds to what is stored; the newer of two stays. */
export async function storeWhereabouts(
  tx: StoreTx,
  { announcements, metadata }: Whereabouts,
  env: Pick<StatementsEnv, "config" | "platform">,
): Promise<void> {
  const newest = merged(await storedWhereabouts(tx), { announcements: [announcements], metadata: [metadata] }, env);
  announcementsSlot.set(tx, new Map(newest.announcements));
  metadataSlot.set(tx, new Map(newest.metadata));
}
