/**
 * E-cash of mint version 1 as text, for looking at it and putting it together: this program has no module that could
 * redeem it. base64 of a list of parts; base32 is read too. Follows fedimint-mint-client 0.13.0 (`OOBNotes`);
 * docs/protocol/04-mint.md §13.
 */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { CodecType, Json, JsonObject } from "../../core/encoding/mod.ts";
import {
  base32DecodePrefixed,
  decode,
  DecodeError,
  encode,
  FEDIMINT_PREFIX,
  fixedHex,
  list,
  map,
  openEnum,
  struct,
  text,
  tuple,
} from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import { g1Point } from "../../core/types/bls.ts";
import { federationId, peerId } from "../../core/types/ids.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { keypair } from "../../core/types/keys.ts";
import { safeUrl } from "../../core/types/safe_url.ts";

/** Wire: signature 48 · key 32. Secret. */
const spendableNote = struct("SpendableNote", { signature: g1Point, spend_key: keypair });
/** By value, msat. */
const notesByAmount = map(amount, list(spendableNote));
const idPrefix = fixedHex(4);

const invitePart = struct("Invite", { peerApis: list(tuple(peerId, safeUrl)), federationId });

const notesPart = openEnum("OOBNotesPart", {
  Notes: notesByAmount,
  FederationIdPrefix: idPrefix,
  Invite: invitePart,
  ApiSecret: text,
});
const oobNotes = list(notesPart);
type OobNotes = CodecType<typeof oobNotes>;

/** What its base64 may have: the standard's signs or those of URLs, padded. */
function base64Bytes(source: string): Bytes {
  for (const alphabet of ["base64url", "base64"] as const) {
    try {
      if (source.length % 4 === 0) return Uint8Array.fromBase64(source, { alphabet, lastChunkHandling: "strict" });
    } catch (thrown) {
      if (!(thrown instanceof SyntaxError)) throw thrown;
    }
  }
  throw new DecodeError("invalid", "The e-cash notes are not a well-formed base32 or base64 string");
}

/**
 * Blanks are passed over.
 * @throws {DecodeError} also for what has no notes in its first part of them, or no one federation
 */
export function parseOobNotes(source: string): OobNotes {
  const compact = source.replace(/\s/g, "");
  const bytes = compact.toLowerCase().startsWith(FEDIMINT_PREFIX)
    ? base32DecodePrefixed(compact)
    : base64Bytes(compact);
  const parts = decode(oobNotes, bytes);
  const notes = parts.find((part) => part.tag === "Notes")?.value as CodecType<typeof notesByAmount> | undefined;
  if (notes === undefined || [...notes.values()].every(({ length }) => length === 0)) {
    throw new DecodeError("invalid", "The e-cash holds no notes");
  }
  const prefixes = new Set<string>();
  for (const { tag, value } of parts) {
    if (tag === "FederationIdPrefix") prefixes.add(toHex(value as Bytes));
    if (tag !== "Invite") continue;
    const { peerApis, federationId } = value as CodecType<typeof invitePart>;
    if (peerApis.length === 0) throw new DecodeError("invalid", "The e-cash's invite names no guardian");
    prefixes.add(federationId.slice(0, 8));
  }
  if (prefixes.size === 0) throw new DecodeError("invalid", "The e-cash doesn't say of which federation it is");
  if (prefixes.size > 1) throw new DecodeError("invalid", "The e-cash names two federations");
  return parts;
}

/** As fedimint-cli's: of several parts of a kind the last counts. Holds keys. */
export function oobNotesJson(parts: OobNotes): Json {
  const apiSecret = parts.find((part) => part.tag === "ApiSecret")?.value as string | undefined;
  const json: { [name: string]: Json } = {};
  for (const { tag, value } of parts as readonly { readonly tag: string; readonly value: unknown }[]) {
    if (tag === "FederationIdPrefix") json.federation_id_prefix = idPrefix.toJson(value as Bytes);
    else if (tag === "Notes") {
      json.notes = Object.fromEntries(
        [...value as CodecType<typeof notesByAmount>].map(([msat, notes]) => [
          String(msat),
          notes.map((note) => ({
            ...spendableNote.toJson(note) as JsonObject,
            nonce: toHex(publicKeyOf(note.spend_key)),
          })),
        ]),
      );
    } else if (tag === "Invite") {
      const { peerApis, federationId } = value as CodecType<typeof invitePart>;
      const [peer, url] = peerApis[0]!;
      json.invite = formatInviteCode(newInviteCode({ peer, url, federationId, apiSecret: apiSecret ?? null }));
    } else if (tag === "Default") {
      const { variant, bytes } = value as { variant: bigint; bytes: Bytes };
      json[`default_${variant}`] = toHex(bytes);
    }
  }
  return json;
}

/**
 * The text of notes given as JSON: `{"federation_id_prefix":"8
 * digits","notes":{"<msat>":[{"signature","spend_key"}]}}`.
 * @throws {DecodeError}
 */
export function oobNotesOfJson(json: Json): string {
  const given = struct("OOBNotesJson", { federation_id_prefix: idPrefix, notes: notesByAmount }).fromJson(json);
  const parts: OobNotes = [
    { tag: "FederationIdPrefix", value: given.federation_id_prefix },
    { tag: "Notes", value: given.notes },
  ];
  return encode(oobNotes, parts).toBase64({ alphabet: "base64url" });
}
