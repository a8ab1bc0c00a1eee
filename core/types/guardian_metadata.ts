/**
 * What a guardian says about itself: its URLs now. JSON that is signed as text, so the exact bytes are kept.
 * `fedimint-core/src/net/guardian_metadata.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat, fromUtf8, utf8 } from "../bytes.ts";
import { schnorrSign, schnorrVerify } from "../crypto/mod.ts";
import type { Codec, CodecType, Json, JsonObject } from "../encoding/mod.ts";
import {
  badJson,
  bytes,
  DecodeError,
  flattenJson,
  isJsonObject,
  list,
  mapCodec,
  option,
  parseJson,
  stringifyJson,
  struct,
  text,
  u64Number,
} from "../encoding/mod.ts";
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";
import { peerId } from "./ids.ts";
import type { JsonForm } from "./json_with_kind.ts";
import { schnorrSignature } from "./keys.ts";
import { GUARDIAN_METADATA_BYTES_MAX } from "./limits.ts";
import { safeUrl } from "./safe_url.ts";

/**
 * `apiUrls`: the first is the one to use. `pkarrIdZ32`: an Ed25519 key in z-base-32. `irohNextEndpoint`: a key in hex.
 */
const fields = struct("GuardianMetadata", {
  apiUrls: list(safeUrl),
  pkarrIdZ32: text,
  timestampSecs: u64Number,
  irohNextEndpoint: option(text),
});
export type GuardianMetadata = CodecType<typeof fields>;

export const guardianMetadata: JsonForm<GuardianMetadata> = {
  toJson: (value) => {
    const { iroh_next_endpoint, ...others } = fields.toJson(value) as JsonObject;
    return iroh_next_endpoint === null ? others : { ...others, iroh_next_endpoint: iroh_next_endpoint! };
  },
  fromJson: fields.fromJson,
};

/** `content`: the signed bytes, UTF-8 JSON; `metadata`: what they say. */
export type SignedGuardianMetadata = {
  readonly content: Bytes;
  readonly metadata: GuardianMetadata;
  readonly signature: Bytes;
};

function read({ content, signature }: { readonly content: Bytes; readonly signature: Bytes }): SignedGuardianMetadata {
  if (content.length > GUARDIAN_METADATA_BYTES_MAX) {
    throw new DecodeError("too_large", `Guardian metadata of ${content.length} bytes is too long`);
  }
  let json: Json;
  try {
    json = parseJson(fromUtf8(content));
  } catch (cause) {
    throw new DecodeError("invalid", "Guardian metadata is not JSON", -1, [], { cause });
  }
  return { content, metadata: guardianMetadata.fromJson(json), signature };
}

const signedBytes = struct("SignedGuardianMetadata", { content: bytes, signature: schnorrSignature });

function fromJson(json: Json): SignedGuardianMetadata {
  if (!isJsonObject(json) || typeof json.content !== "string") return badJson("an object with content and signature");
  return read({ content: utf8(json.content), signature: schnorrSignature.fromJson(json.signature ?? null) });
}

/** Vec<u8> of the JSON ‖ 64; JSON: the content as a string. */
export const signedGuardianMetadata: Codec<SignedGuardianMetadata> = mapCodec(signedBytes, "SignedGuardianMetadata", {
  decode: read,
  encode: ({ content, signature }) => ({ content, signature }),
  toJson: ({ content, signature }) => ({ content: fromUtf8(content), signature: schnorrSignature.toJson(signature) }),
  fromJson,
});

/** JSON: `peer_id` stands beside the signed metadata's members. */
export const guardianMetadataSubmission = flattenJson(
  struct("SignedGuardianMetadataSubmission", { signedGuardianMetadata, peerId }),
  "signed_guardian_metadata",
);
export type GuardianMetadataSubmission = CodecType<typeof guardianMetadataSubmission>;

const TAG = utf8("fedimint-guardian-metadata");
/** Clocks of guardians and clients may differ by an hour. */
export const METADATA_FUTURE_SECS_MAX = 3_600;

/** 32 bytes: what is signed. */
export function guardianMetadataHash(content: Bytes): Bytes {
  return sha256(concat(TAG, content)) as Bytes;
}

/**
 * @param secretKey the guardian's broadcast key, 32 bytes. Secret.
 * @param auxRand 32 fresh random bytes
 */
export function signGuardianMetadata(
  metadata: GuardianMetadata,
  secretKey: Bytes,
  auxRand: Bytes,
): SignedGuardianMetadata {
  const content = utf8(stringifyJson(guardianMetadata.toJson(metadata)));
  return { content, metadata, signature: schnorrSign(guardianMetadataHash(content), secretKey, auxRand) };
}

/**
 * @param publicKey the guardian's broadcast key, 33 bytes
 * @param nowSecs since 1970
 */
export function verifyGuardianMetadata(
  signed: SignedGuardianMetadata,
  publicKey: Bytes,
  nowSecs: number,
): Result<null, "invalid_signature" | "too_far_in_the_future"> {
  if (!schnorrVerify(signed.signature, guardianMetadataHash(signed.content), publicKey)) {
    return err("invalid_signature");
  }
  return signed.metadata.timestampSecs > nowSecs + METADATA_FUTURE_SECS_MAX ? err("too_far_in_the_future") : ok(null);
}
