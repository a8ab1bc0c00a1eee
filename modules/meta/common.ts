/**
 * Vocabulary of the meta module: guardians agree on values (JSON by convention) under one-byte keys, clients read them.
 * Follows fedimint-meta-common 0.13.0.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, CodecType, Json } from "../../core/encoding/mod.ts";
import { closedEnum, DecodeError, hexBytes, parseJson, struct, u64, u8, unit } from "../../core/encoding/mod.ts";
import type { Version } from "../../core/types/version.ts";

export const META_KIND = "meta";
export const META_CONSENSUS_VERSION: Version = { major: 0, minor: 0 };
export const META_API_VERSION: Version = { major: 0, minor: 0 };

/** One raw byte, so that guardians can't fill each other's stores with votes for many keys. */
export type MetaKey = number;
export const metaKey: Codec<MetaKey> = { ...u8, name: "MetaKey" };
/** The only key that is in use: a JSON object that replaces the config's meta fields. */
export const DEFAULT_META_KEY: MetaKey = 0;

/** Never interpreted by guardians. JSON: hex of the bytes. */
export type MetaValue = Bytes;
export const metaValue: Codec<MetaValue> = { ...hexBytes, name: "MetaValue" };

/**
 * A vote. The salt means nothing: AlephBFT drops an item whose bytes were ordered already in the same session, so that without it
 * a guardian that goes from a to b and back to a would be left with b.
 */
export const metaConsensusItem = struct("MetaConsensusItem", { salt: u64, key: metaKey, value: metaValue });
export type MetaConsensusItem = CodecType<typeof metaConsensusItem>;

/** What guardians agreed on. The first value has revision 0. */
export type MetaConsensusValue = { readonly revision: bigint; readonly value: MetaValue };
export const metaConsensusValue: Codec<MetaConsensusValue> = struct("MetaConsensusValue", {
  revision: u64,
  value: metaValue,
});

/** No money here: every input and output is refused. No bytes. */
export const metaInput = unit;
export const metaOutput = unit;
export const metaOutputOutcome = unit;
export const metaInputError = closedEnum("MetaInputError", { NotSupported: unit });
export type MetaInputError = CodecType<typeof metaInputError>;
export const metaOutputError = closedEnum("MetaOutputError", { NotSupported: unit });
export type MetaOutputError = CodecType<typeof metaOutputError>;

/** Parameters of `submit`: `{"key":0,"value":"hex"}`. */
export const submitRequest = struct("SubmitRequest", { key: metaKey, value: metaValue });

/** The value as JSON. @throws {DecodeError} `bad_json` also when the bytes are not UTF-8 */
export function metaValueJson(value: MetaValue): Json {
  return jsonOf(value, true);
}

/** As `metaValueJson`, with U+FFFD for what is not UTF-8, as clients of the reference show values. @throws {DecodeError} `bad_json` */
export function metaValueJsonLossy(value: MetaValue): Json {
  return jsonOf(value, false);
}

function jsonOf(value: MetaValue, fatal: boolean): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new DecodeError("bad_json", "Meta value is not UTF-8", -1, [], { cause });
  }
  return parseJson(text);
}
