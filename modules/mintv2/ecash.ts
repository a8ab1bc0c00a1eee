/**
 * Notes handed from person to person as text: `fedimint` and base32 of a list of parts. Parts that this version doesn't
 * know are kept. Follows fedimint-mintv2-client 0.13.0 (`ecash.rs`).
 */
import type { Bytes } from "../../core/bytes.ts";
import { publicKeyOf } from "../../core/crypto/mod.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { DecodeError, decodeText, encodeText, list, openEnum, struct, text, tuple } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";
import { g1Point } from "../../core/types/bls.ts";
import type { AmountUnit, FederationId } from "../../core/types/ids.ts";
import { amountUnit, BITCOIN_UNIT, federationId, peerId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import { keypair } from "../../core/types/keys.ts";
import { safeUrl } from "../../core/types/safe_url.ts";
import type { Note } from "./common.ts";
import { CONSENSUS_DENOMINATIONS, denomination, denominationAmount } from "./denomination.ts";
import { ECASH_CHARACTERS_MAX } from "./limits.ts";

/** A note with the secret key that spends it. Wire: denomination 1 · key 32 · signature 48. Secret. */
export const spendableNote = struct("SpendableNote", { denomination, keypair, signature: g1Point });
export type SpendableNote = CodecType<typeof spendableNote>;

const nonces = new WeakMap<object, Bytes>();

/** 33 bytes: the note's public key, never written beside the secret one. Multiplied once for each object. */
export function nonceOf(spendable: Pick<SpendableNote, "keypair">): Bytes {
  const known = nonces.get(spendable);
  if (known) return known;
  const nonce = publicKeyOf(spendable.keypair);
  nonces.set(spendable, nonce);
  return nonce;
}

/** What guardians are shown. */
export function noteOf(spendable: SpendableNote): Note {
  return { denomination: spendable.denomination, nonce: nonceOf(spendable), signature: spendable.signature };
}

const ecashField = openEnum("ECashField", {
  /** Where the notes were issued. */
  Mint: federationId,
  Note: spendableNote,
  /** With which somebody who isn't there yet can join. */
  Invite: struct("Invite", { peerApis: list(tuple(peerId, safeUrl)), federationId }),
  ApiSecret: text,
  /** Absent: bitcoin. Older clients keep it as an unknown part. */
  Unit: amountUnit,
});
type EcashField = CodecType<typeof ecashField>;

/** In the order of its parts. No part is mandatory; of several of a kind the first counts, but for notes. */
export const ecash = list(ecashField);
export type Ecash = CodecType<typeof ecash>;

/** A part of an invite code, as it goes along with notes. */
export type EcashInvite = Pick<InviteCode, "peer" | "url" | "federationId" | "apiSecret">;

/** @param options an invite brings its own federation's id, which must be `mint` */
export function makeEcash(
  mint: FederationId,
  notes: readonly SpendableNote[],
  options: { readonly invite?: EcashInvite; readonly unit?: AmountUnit } = {},
): Ecash {
  const { invite, unit = BITCOIN_UNIT } = options;
  const fields: EcashField[] = [{ tag: "Mint", value: mint }];
  for (const note of notes) fields.push({ tag: "Note", value: note });
  if (invite) {
    const peerApis: [number, string][] = [[invite.peer, invite.url]];
    fields.push({ tag: "Invite", value: { peerApis, federationId: invite.federationId } });
    if (invite.apiSecret !== null) fields.push({ tag: "ApiSecret", value: invite.apiSecret });
  }
  if (unit !== BITCOIN_UNIT) fields.push({ tag: "Unit", value: unit });
  return fields;
}

type FieldValues = { readonly [F in EcashField as F["tag"]]: F["value"] };

function all<Tag extends keyof FieldValues>(value: Ecash, tag: Tag): FieldValues[Tag][] {
  return value.filter((field) => field.tag === tag).map((field) => field.value as FieldValues[Tag]);
}

export function ecashMint(value: Ecash): FederationId | null {
  return all(value, "Mint")[0] ?? null;
}

export function ecashNotes(value: Ecash): SpendableNote[] {
  return all(value, "Note");
}

/** @throws {RangeError} for a note beyond 2^63 msat, which `parseEcash` lets not pass */
export function ecashAmount(value: Ecash): Amount {
  return ecashNotes(value).reduce((sum, note) => sum + denominationAmount(note.denomination), 0n);
}

export function ecashUnit(value: Ecash): AmountUnit {
  return all(value, "Unit")[0] ?? BITCOIN_UNIT;
}

/** The first guardian of the first invite that names one. */
export function ecashInvite(value: Ecash): EcashInvite | null {
  for (const { peerApis: [first], federationId } of all(value, "Invite")) {
    if (first) return { peer: first[0], url: first[1], federationId, apiSecret: all(value, "ApiSecret")[0] ?? null };
  }
  return null;
}

export function formatEcash(value: Ecash): string {
  return encodeText(ecash, value);
}

/**
 * Refuses notes of denominations that no federation issues, as their value has no meaning.
 * @throws {DecodeError} `invalid` · `too_large` · what decoding refuses
 */
export function parseEcash(source: string): Ecash {
  if (source.length > ECASH_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `E-cash of ${source.length} characters exceeds ${ECASH_CHARACTERS_MAX}`);
  }
  const value = decodeText(ecash, source);
  for (const note of ecashNotes(value)) {
    if (!CONSENSUS_DENOMINATIONS.includes(note.denomination)) {
      throw new DecodeError("invalid", `No federation issues notes of 2^${note.denomination} msat`);
    }
  }
  return value;
}
