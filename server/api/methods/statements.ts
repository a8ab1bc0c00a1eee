/**
 * The endpoints of what guardians say about themselves: list, take, sign. fedimint-server `consensus/api.rs`;
 * docs/protocol/02-api.md §3, §6.
 */
import type { Platform } from "../../../actors/platform/platform.ts";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import { map, unit } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import { apiAnnouncementSubmission, signedApiAnnouncement } from "../../../core/types/api_announcement.ts";
import {
  guardianMetadata as metadataForm,
  guardianMetadataSubmission,
  signedGuardianMetadata,
} from "../../../core/types/guardian_metadata.ts";
import { peerId } from "../../../core/types/ids.ts";
import { GUARDIAN_METADATA_BYTES_MAX } from "../../../core/types/limits.ts";
import { safeUrl } from "../../../core/types/safe_url.ts";
import { EndpointError } from "../../../modules/contract/error.ts";
import { readDurable } from "../../../modules/contract/read_durable.ts";
import type { GuardianConfig } from "../../config/guardian_config.ts";
import { announcements, guardianMetadata } from "../db.ts";
import type { Method } from "../dispatch.ts";
import { SIGNATURE_UNITS } from "../limits.ts";
import { method } from "../method.ts";
import { announce, commitTaken, describeSelf, takeAnnouncement, takeMetadata } from "../../gossip/statements.ts";

export type StatementDeps = {
  readonly store: StoreView;
  readonly config: GuardianConfig;
  readonly platform: Pick<Platform, "clock" | "dice">;
  /** For admin calls. Secret. */
  readonly apiPassword: string | null;
};

/** @throws {EndpointError} bad request, when it is refused */
async function take<T>(store: StoreView, body: (tx: StoreTx) => Promise<Result<T, string>>): Promise<T> {
  const taken = await commitTaken(store, body);
  if (!taken.ok) throw EndpointError.badRequest(taken.error);
  return taken.value;
}

function announcementMethods({ store, config, platform, apiPassword }: StatementDeps): Record<string, Method> {
  return {
    api_announcements: method({
      params: unit,
      result: map(peerId, signedApiAnnouncement),
      handle: () => readDurable(store, (tx) => announcements.all(tx)),
    }),
    submit_api_announcement: method({
      units: SIGNATURE_UNITS,
      params: apiAnnouncementSubmission,
      result: unit,
      handle: (submission) => take(store, (tx) => takeAnnouncement(tx, config.consensus, submission)),
    }),
    sign_api_announcement: method({
      admin: { password: apiPassword },
      params: safeUrl,
      result: signedApiAnnouncement,
      handle: async (url) => {
        const { value, durable } = await store.transact((tx) => announce(tx, config, platform, url));
        await durable;
        return value;
      },
    }),
  };
}

function metadataMethods({ store, config, platform, apiPassword }: StatementDeps): Record<string, Method> {
  return {
    guardian_metadata: method({
      params: unit,
      result: map(peerId, signedGuardianMetadata),
      handle: () => readDurable(store, (tx) => guardianMetadata.all(tx)),
    }),
    submit_guardian_metadata: method({
      units: SIGNATURE_UNITS,
      params: guardianMetadataSubmission,
      result: unit,
      handle: (submission) => {
        const nowSecs = platform.clock.nowMs() / 1000;
        return take(store, (tx) => takeMetadata(tx, config.consensus, submission, nowSecs));
      },
    }),
    sign_guardian_metadata: method({
      admin: { password: apiPassword },
      params: metadataForm,
      result: signedGuardianMetadata,
      handle: (metadata) =>
        take(store, async (tx) => {
          const signed = await describeSelf(tx, config, platform, metadata);
          if (!signed) return err("Timestamp is too far in the future: nobody would take this metadata");
          // nobody would take it, and we could not read it again ourselves
          const isLong = signed.content.length > GUARDIAN_METADATA_BYTES_MAX;
          return isLong ? err(`Metadata is longer than ${GUARDIAN_METADATA_BYTES_MAX} bytes`) : ok(signed);
        }),
    }),
  };
}

export function statementMethods(deps: StatementDeps): Record<string, Method> {
  return { ...announcementMethods(deps), ...metadataMethods(deps) };
}
