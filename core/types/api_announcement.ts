/** A guardian's signed statement that it has moved to another URL. `fedimint-core/src/net/api_announcement.rs`. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import { schnorrSign, schnorrVerify } from "../crypto/mod.ts";
import type { CodecType } from "../encoding/mod.ts";
import { encode, flattenJson, struct, u64 } from "../encoding/mod.ts";
import { peerId } from "./ids.ts";
import { schnorrSignature } from "./keys.ts";
import { safeUrl } from "./safe_url.ts";

/** The higher nonce is the newer statement. */
export const apiAnnouncement = struct("ApiAnnouncement", { apiUrl: safeUrl, nonce: u64 });
export type ApiAnnouncement = CodecType<typeof apiAnnouncement>;

export const signedApiAnnouncement = struct("SignedApiAnnouncement", { apiAnnouncement, signature: schnorrSignature });
export type SignedApiAnnouncement = CodecType<typeof signedApiAnnouncement>;

/** JSON: `peer_id` stands beside the signed announcement's members. */
export const apiAnnouncementSubmission = flattenJson(
  struct("SignedApiAnnouncementSubmission", { signedApiAnnouncement, peerId }),
  "signed_api_announcement",
);
export type ApiAnnouncementSubmission = CodecType<typeof apiAnnouncementSubmission>;

const TAG = utf8("fedimint-api-announcement");

/** 32 bytes: what is signed. The URL counts in its consensus form. */
export function apiAnnouncementHash(announcement: ApiAnnouncement): Bytes {
  return sha256(concat(TAG, encode(apiAnnouncement, announcement))) as Bytes;
}

/**
 * @param secretKey the guardian's broadcast key, 32 bytes. Secret.
 * @param auxRand 32 fresh random bytes
 */
export function signApiAnnouncement(
  announcement: ApiAnnouncement,
  secretKey: Bytes,
  auxRand: Bytes,
): SignedApiAnnouncement {
  const signature = schnorrSign(apiAnnouncementHash(announcement), secretKey, auxRand);
  return { apiAnnouncement: announcement, signature };
}

/** @param publicKey the guardian's broadcast key, 33 bytes */
export function verifyApiAnnouncement(signed: SignedApiAnnouncement, publicKey: Bytes): boolean {
  return schnorrVerify(signed.signature, apiAnnouncementHash(signed.apiAnnouncement), publicKey);
}
