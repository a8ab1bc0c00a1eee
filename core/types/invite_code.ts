/**
 * What a client needs to join: guardians' URLs, the federation's id, perhaps the secret of its API.
 * `fedimint-core/src/invite_code.rs`.
 *
 * Written as bech32m with the prefix `fed1`. Also read: bech32 checksums, upper case, and `fedimint…` base32. A text
 * with that prefix is base32 or nothing: it never falls back to bech32.
 */
import { bech32, bech32m } from "@scure/base";
import type { Bytes } from "../bytes.ts";
import type { Codec, UnknownVariant } from "../encoding/mod.ts";
import {
  badJson,
  decode,
  DecodeError,
  decodeText,
  encode,
  encodeText,
  FEDIMINT_PREFIX,
  list,
  mapCodec,
  openEnum,
  struct,
  text,
} from "../encoding/mod.ts";
import type { FederationId, PeerId } from "./ids.ts";
import { federationId, peerId } from "./ids.ts";
import { INVITE_BASE32_CHARACTERS_MAX, INVITE_BECH32_CHARACTERS_MAX } from "./limits.ts";
import { numPeers } from "./num_peers.ts";
import type { SafeUrl } from "./safe_url.ts";
import { safeUrl } from "./safe_url.ts";

const HRP = "fed1";

/** A part of an invite code: a guardian, the federation, the secret of its API. Unknown ones are kept and ignored. */
export type InviteCodePart =
  | { readonly tag: "Api"; readonly value: { readonly url: SafeUrl; readonly peer: PeerId } }
  | { readonly tag: "FederationId"; readonly value: FederationId }
  | { readonly tag: "ApiSecret"; readonly value: string }
  | UnknownVariant;
export const inviteCodePart: Codec<InviteCodePart> = openEnum("InviteCodePart", {
  Api: struct("Api", { url: safeUrl, peer: peerId }),
  FederationId: federationId,
  ApiSecret: text,
});

/** The parts are what is written; the rest is what they say. */
export type InviteCode = {
  readonly parts: readonly InviteCodePart[];
  /** Of the guardian whose part comes first: whose code it is. */
  readonly url: SafeUrl;
  readonly peer: PeerId;
  /** All guardians in it, ascending; of several URLs of one the last counts. */
  readonly guardians: ReadonlyMap<PeerId, SafeUrl>;
  /** The first that is given. */
  readonly federationId: FederationId;
  /** The first that is given: a secret of the federation's API. Null when it has none. */
  readonly apiSecret: string | null;
};

type Valued<Tag extends string> = Extract<InviteCodePart, { readonly tag: Tag }>;

/** @throws {DecodeError} `invalid` when there is no guardian, or no federation id */
function fromParts(parts: readonly InviteCodePart[]): InviteCode {
  const apis = parts.filter((part): part is Valued<"Api"> => part.tag === "Api");
  const id = parts.find((part): part is Valued<"FederationId"> => part.tag === "FederationId");
  const secret = parts.find((part): part is Valued<"ApiSecret"> => part.tag === "ApiSecret");
  const [first] = apis;
  if (!first) throw new DecodeError("invalid", "Invite code names no guardian");
  if (!id) throw new DecodeError("invalid", "Invite code has no federation id");
  const urls = new Map(apis.map((api) => [api.value.peer, api.value.url]));
  return {
    parts,
    url: first.value.url,
    peer: first.value.peer,
    guardians: new Map([...urls].sort(([a], [b]) => a - b)),
    federationId: id.value,
    apiSecret: secret?.value ?? null,
  };
}

/** JSON: the bech32m text. */
export const inviteCode: Codec<InviteCode> = mapCodec(list(inviteCodePart), "InviteCode", {
  decode: fromParts,
  encode: ({ parts }) => [...parts],
  toJson: (code) => formatInviteCode(code),
  fromJson: (json) => typeof json === "string" ? parseInviteCode(json) : badJson("an invite code"),
});

/** What one guardian hands out: itself alone. */
export function newInviteCode(invite: {
  readonly url: SafeUrl;
  readonly peer: PeerId;
  readonly federationId: FederationId;
  readonly apiSecret: string | null;
}): InviteCode {
  return inviteCodeFor(new Map([[invite.peer, invite.url]]), invite.federationId, invite.apiSecret);
}

/**
 * As many guardians, lowest ids first, as make sure that one of them is honest.
 * @param urls of all guardians
 */
export function inviteCodeFor(
  urls: ReadonlyMap<PeerId, SafeUrl>,
  id: FederationId,
  apiSecret: string | null,
): InviteCode {
  const peers = [...urls].sort(([a], [b]) => a - b).slice(0, numPeers(urls.size).oneHonest);
  return fromParts([
    ...peers.map(([peer, url]): InviteCodePart => ({ tag: "Api", value: { url, peer } })),
    { tag: "FederationId", value: id },
    ...(apiSecret === null ? [] : [{ tag: "ApiSecret", value: apiSecret } as const]),
  ]);
}

/** `fed11…`. @throws {RangeError} when it would be longer than bech32m allows: name fewer guardians */
export function formatInviteCode(code: InviteCode): string {
  const words = bech32m.toWords(encode(inviteCode, code));
  const characters = HRP.length + 1 + words.length + 6;
  if (characters > INVITE_BECH32_CHARACTERS_MAX) {
    throw new RangeError(`Invite code of ${characters} characters exceeds ${INVITE_BECH32_CHARACTERS_MAX}`);
  }
  return bech32m.encode(HRP, words, INVITE_BECH32_CHARACTERS_MAX);
}

/** `fedimint…`: the other accepted form, without a checksum. */
export function formatInviteCodeBase32(code: InviteCode): string {
  return encodeText(inviteCode, code);
}

/**
 * Five-bit words to bytes, most significant bit first. The bits that are left are not looked at, as in the reference.
 */
function bytesOfWords(words: readonly number[]): Bytes {
  const bytes = new Uint8Array(Math.floor(words.length * 5 / 8));
  let buffer = 0, bits = 0, at = 0;
  for (const word of words) {
    buffer = (buffer << 5 | word) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = buffer >> bits & 0xff;
    }
  }
  return bytes;
}

/** @throws {DecodeError} */
export function parseInviteCode(input: string): InviteCode {
  if (input.slice(0, FEDIMINT_PREFIX.length).toLowerCase() === FEDIMINT_PREFIX) {
    if (input.length > INVITE_BASE32_CHARACTERS_MAX) {
      throw new DecodeError("too_large", `Invite code of ${input.length} characters is too long`);
    }
    return decodeText(inviteCode, input);
  }
  const decoded = bech32m.decodeUnsafe(input, INVITE_BECH32_CHARACTERS_MAX) ??
    bech32.decodeUnsafe(input, INVITE_BECH32_CHARACTERS_MAX);
  if (!decoded) throw new DecodeError("invalid", "Invite code is not bech32m text with a valid checksum");
  if (decoded.prefix !== HRP) throw new DecodeError("invalid", `Invite code does not begin with ${HRP}`);
  return decode(inviteCode, bytesOfWords(decoded.words));
}
