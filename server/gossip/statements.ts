/**
 * What guardians say about themselves, signed with their broadcast keys: where their API is (announcements, metadata).
 * The newest of each guardian is kept. fedimint-server `net/api/announcement.rs`, `net/api/guardian_metadata.rs`;
 * docs/protocol/02-api.md §6.
 */
import type { Platform } from "../../actors/platform/platform.ts";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import { rollback } from "../../actors/store/store.ts";
import { equalBytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { ApiAnnouncementSubmission, SignedApiAnnouncement } from "../../core/types/api_announcement.ts";
import { signApiAnnouncement, verifyApiAnnouncement } from "../../core/types/api_announcement.ts";
import type {
  GuardianMetadata,
  GuardianMetadataSubmission,
  SignedGuardianMetadata,
} from "../../core/types/guardian_metadata.ts";
import {
  METADATA_FUTURE_SECS_MAX,
  signGuardianMetadata,
  verifyGuardianMetadata,
} from "../../core/types/guardian_metadata.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import type { ServerConfigConsensus } from "../../core/types/server_config.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import { announcements, guardianMetadata } from "../api/db.ts";
import { pkarrId } from "./pkarr.ts";

const AUX_BYTES = 32;

/** Commits and waits for the disk; a refusal leaves nothing behind. */
export async function commitTaken<T>(
  store: StoreView,
  body: (tx: StoreTx) => Promise<Result<T, string>>,
): Promise<Result<T, string>> {
  const { value: taken, durable } = await store.transact<Result<T, string>>(async (tx) => {
    const taken = await body(tx);
    return taken.ok ? taken : rollback(taken);
  });
  if (taken.ok) await durable;
  return taken;
}

/** Where each guardian's API is now: metadata goes before an announcement, that before the config. */
export async function apiUrls(tx: ReadTx, consensus: ServerConfigConsensus): Promise<Map<PeerId, SafeUrl>> {
  const [metadata, announced] = [await guardianMetadata.all(tx), await announcements.all(tx)];
  return new Map([...consensus.apiEndpoints].map(([peer, { url }]) => [
    peer,
    metadata.get(peer)?.metadata.apiUrls[0] ?? announced.get(peer)?.apiAnnouncement.apiUrl ?? url,
  ]));
}

/**
 * The error is for the caller. What is known already is taken again, so that callers that repeat themselves come to an
 * end.
 */
export async function takeAnnouncement(
  tx: StoreTx,
  { broadcastPublicKeys }: ServerConfigConsensus,
  { peerId, signedApiAnnouncement: signed }: ApiAnnouncementSubmission,
): Promise<Result<null, string>> {
  const key = broadcastPublicKeys.get(peerId);
  if (!key) return err("Peer not in federation");
  if (!verifyApiAnnouncement(signed, key)) return err("Invalid signature");
  const known = (await announcements.get(tx, peerId))?.apiAnnouncement;
  const { apiUrl, nonce } = signed.apiAnnouncement;
  if (known && known.nonce === nonce && known.apiUrl === apiUrl) return ok(null);
  if (known && known.nonce >= nonce) return err("Outdated or redundant announcement");
  announcements.set(tx, peerId, signed);
  return ok(null);
}

/** As `takeAnnouncement`. @param nowSecs since 1970 */
export async function takeMetadata(
  tx: StoreTx,
  { broadcastPublicKeys }: ServerConfigConsensus,
  { peerId, signedGuardianMetadata: signed }: GuardianMetadataSubmission,
  nowSecs: number,
): Promise<Result<null, string>> {
  const key = broadcastPublicKeys.get(peerId);
  if (!key) return err("Peer not in federation");
  const verified = verifyGuardianMetadata(signed, key, nowSecs);
  if (!verified.ok) {
    const isDated = verified.error === "too_far_in_the_future";
    return err(
      `Invalid signature or timestamp: ${isDated ? "Timestamp is too far in the future" : "Invalid signature"}`,
    );
  }
  const known = await guardianMetadata.get(tx, peerId);
  if (known && equalBytes(known.content, signed.content)) return ok(null);
  if (known && signed.metadata.timestampSecs <= known.metadata.timestampSecs) {
    return err("New metadata timestamp is not newer than existing");
  }
  guardianMetadata.set(tx, peerId, signed);
  return ok(null);
}

/** Signs with the next nonce, and keeps it as our newest. */
export async function announce(
  tx: StoreTx,
  { local, private: secret }: GuardianConfig,
  { dice }: Pick<Platform, "dice">,
  apiUrl: SafeUrl,
): Promise<SignedApiAnnouncement> {
  const known = await announcements.get(tx, local.identity);
  const nonce = known ? known.apiAnnouncement.nonce + 1n : 0n;
  const signed = signApiAnnouncement({ apiUrl, nonce }, secret.broadcastSecretKey, dice.bytes(AUX_BYTES));
  announcements.set(tx, local.identity, signed);
  return signed;
}

/** Of metadata dated so, others take none: their clocks are behind by more than clocks may differ. */
function isTooFarAhead(timestampSecs: number, nowSecs: number): boolean {
  return timestampSecs > nowSecs + METADATA_FUTURE_SECS_MAX;
}

/**
 * Signs and keeps it as our newest. Only a later time makes it the newest for everybody: one that is not later than
 * that of the metadata before is raised. An Iroh endpoint is the program's to say: that of before stays.
 * @returns null, and nothing is kept, for a time so far ahead that nobody would take it
 */
export async function describeSelf(
  tx: StoreTx,
  { local, private: secret }: GuardianConfig,
  { clock, dice }: Pick<Platform, "clock" | "dice">,
  metadata: GuardianMetadata,
): Promise<SignedGuardianMetadata | null> {
  const nowSecs = clock.nowMs() / 1_000;
  const before = (await guardianMetadata.get(tx, local.identity))?.metadata ?? null;
  // what a wrong clock of ours dated too far ahead nobody has
  const leastSecs = before && !isTooFarAhead(before.timestampSecs, nowSecs) ? before.timestampSecs + 1 : 0;
  const timestampSecs = Math.max(metadata.timestampSecs, leastSecs);
  if (isTooFarAhead(timestampSecs, nowSecs)) return null;
  const signed = signGuardianMetadata(
    { ...metadata, timestampSecs, irohNextEndpoint: before?.irohNextEndpoint ?? null },
    secret.broadcastSecretKey,
    dice.bytes(AUX_BYTES),
  );
  guardianMetadata.set(tx, local.identity, signed);
  return signed;
}

/** Which of our statements were made now: those the others can't know yet. */
export type FreshStatements = { readonly announcement: boolean; readonly metadata: boolean };

/**
 * We have said where we are, by the config's URL if nothing else; metadata that a wrong clock dated so far ahead that
 * nobody takes it is dated anew. Durable when it resolves.
 */
export async function ensureOwnStatements(
  store: StoreView,
  config: GuardianConfig,
  platform: Pick<Platform, "clock" | "dice">,
): Promise<FreshStatements> {
  const { identity } = config.local;
  const { url } = config.consensus.apiEndpoints.get(identity)!;
  const timestampSecs = Math.floor(platform.clock.nowMs() / 1000);
  const { value, durable } = await store.transact(async (tx) => {
    const announcement = await announcements.get(tx, identity) === undefined;
    const said = (await guardianMetadata.get(tx, identity))?.metadata;
    const metadata = said === undefined || isTooFarAhead(said.timestampSecs, timestampSecs);
    if (announcement) await announce(tx, config, platform, url);
    if (metadata) {
      const pkarrIdZ32 = pkarrId(config.private.broadcastSecretKey);
      const first = { apiUrls: [url], pkarrIdZ32, irohNextEndpoint: null };
      await describeSelf(tx, config, platform, { ...first, ...said, timestampSecs });
    }
    return { announcement, metadata };
  });
  await durable;
  return value;
}
