/**
 * Codecs made from codecs: length-prefixed values, checks, serde's hex, base64 and flattened forms.
 * `fedimint-core/src/encoding/as_hex.rs`, `src/module/mod.rs`.
 */
import { base64urlnopad } from "@scure/base";
import type { Bytes } from "../bytes.ts";
import { toHex } from "../bytes.ts";
import type { Codec } from "./codec.ts";
import { decode, encode, mapCodec, parseHex } from "./codec.ts";
import { DecodeError } from "./error.ts";
import type { Json, JsonObject } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { badJson, bytes } from "./primitives.ts";

/** The same bytes; JSON is hex of the encoding (`with as_hex`). */
export function jsonAsHex<T>(inner: Codec<T>): Codec<T> {
  return {
    ...inner,
    toJson: (value) => toHex(encode(inner, value)),
    fromJson: (json) => typeof json === "string" ? decode(inner, parseHex(json)) : badJson("a hex string"),
  };
}

/** BigSize length, then the value, which must use it up. */
export function sized<T>(inner: Codec<T>): Codec<T> {
  return {
    ...inner,
    name: `Sized<${inner.name}>`,
    layout: { form: "list", text: "BigSize length and", items: [inner.layout] },
    write: (writer, value) => writer.sized(encode(inner, value)),
    read: (reader) => {
      const nested = reader.nested(reader.length());
      const value = inner.read(nested);
      nested.end();
      return value;
    },
  };
}

function single(json: unknown): string {
  if (!Array.isArray(json) || json.length !== 1 || typeof json[0] !== "string") badJson("an array with one string");
  return (json as [string])[0];
}

/** `SerdeModuleEncoding<T>`: on the wire `BS(len) ‖ enc(T)`, in JSON an array with one string, the hex of that. */
export function moduleEncoding<T>(inner: Codec<T>): Codec<T> {
  const whole = sized(inner);
  return {
    ...whole,
    toJson: (value) => [toHex(encode(whole, value))],
    fromJson: (json) => decode(whole, parseHex(single(json))),
  };
}

/**
 * What `moduleEncoding` would decode, as bytes: for those who look at it before they decode it. @throws {DecodeError}
 */
export function moduleEncodedBytes(json: Json): Bytes {
  return decode(bytes, parseHex(single(json)));
}

/** base64url without padding. @throws {DecodeError} */
function parseBase64(text: string): Uint8Array {
  try {
    return base64urlnopad.decode(text);
  } catch (cause) {
    throw new DecodeError("invalid", "Text is not base64url", -1, [], { cause });
  }
}

/** `SerdeModuleEncodingBase64<T>`: the same, base64url without padding. */
export function moduleEncodingBase64<T>(inner: Codec<T>): Codec<T> {
  const whole = sized(inner);
  return {
    ...whole,
    toJson: (value) => [base64urlnopad.encode(encode(whole, value))],
    fromJson: (json) => decode(whole, parseBase64(single(json))),
  };
}

/**
 * What `moduleEncodingBase64` would decode, as bytes.
 * @param charactersMax of the text; one that is longer is not decoded
 * @throws {DecodeError}
 */
export function moduleEncodedBase64Bytes(json: Json, charactersMax: number): Bytes {
  const text = single(json);
  if (text.length > charactersMax) {
    throw new DecodeError("too_large", `Text of ${text.length} characters exceeds ${charactersMax}`);
  }
  return decode(bytes, parseBase64(text));
}

/**
 * The same codec for fewer values: what `holds` is false for is refused, from bytes and from JSON. `expected` completes
 * "Value is not …".
 */
export function refine<T>(inner: Codec<T>, name: string, holds: (value: T) => boolean, expected: string): Codec<T> {
  const check = (value: T): T => {
    if (!holds(value)) throw new DecodeError("invalid", `Value is not ${expected}`);
    return value;
  };
  return mapCodec(inner, name, { decode: check, encode: (value) => value });
}

/**
 * serde's `flatten`: in JSON the members of the struct field `member` (its JSON name) stand beside the other fields.
 */
export function flattenJson<T>(inner: Codec<T>, member: string): Codec<T> {
  return {
    ...inner,
    toJson: (value) => {
      const { [member]: nested, ...others } = inner.toJson(value) as JsonObject;
      return { ...nested as JsonObject, ...others };
    },
    fromJson: (json) => isJsonObject(json) ? inner.fromJson({ ...json, [member]: json }) : badJson("an object"),
  };
}

/** serde's `default`: an absent member reads as `value()`. */
export function jsonDefault<T>(inner: Codec<T>, value: () => T): Codec<T> {
  return { ...inner, fromJson: (json) => json === null ? value() : inner.fromJson(json) };
}
