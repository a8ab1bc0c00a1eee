/** `primitives.json`: numbers, collections, derived types, URLs, the base32 text alphabet. */
import { toHex } from "../../core/bytes.ts";
import {
  base32Decode,
  base32DecodePrefixed,
  base32Encode,
  base32EncodePrefixed,
  decodeHex,
  encodeHex,
  parseJson,
} from "../../core/encoding/mod.ts";
import { consensusUrl, parseSafeUrl, safeUrl } from "../../core/types/safe_url.ts";
import type { Checker, Report } from "./checker.ts";
import type { Fields } from "./fields.ts";
import { parseRustType } from "./rust_type.ts";

/** Derived types have their definition in the name. */
function typeOf(fields: Fields): string {
  const type = fields.text("type");
  return type === "derived" ? fields.text("name") : type;
}

function checkCase(report: Report, fields: Fields): void {
  const { codec, given } = parseRustType(typeOf(fields));
  const hex = fields.text("hex");
  const value = given(fields.json(fields.has("given") ? "given" : "value"));
  report.equal("encoding", encodeHex(codec, value), hex);
  const decoded = report.roundTrip(codec, hex);
  report.equal("order of the decoded value beside the given one", codec.compare(decoded, value), 0);
  if (!fields.has("key_order")) return;
  const keys = fields.list("key_order");
  const sorted = decoded instanceof Map ? [...decoded.keys()] : decoded as unknown[];
  report.equal("order of keys", sorted.map(String), keys.map(String));
}

function checkUrl(report: Report, fields: Fields): void {
  const url = parseSafeUrl(fields.text("input"));
  const hex = fields.text("hex");
  report.equal("consensus text", consensusUrl(url), fields.text("consensus_text"));
  report.equal("encoding", encodeHex(safeUrl, url), hex);
  report.json(safeUrl, url, fields.text("json_text"));
  report.equal("from JSON", safeUrl.fromJson(parseJson(fields.text("json_text"))), url);
  const again = decodeHex(safeUrl, hex);
  report.equal("decoded", again, fields.text("decoded_again"));
  report.equal("encoded again", encodeHex(safeUrl, again), fields.text("hex_again"));
}

function checkBase32(report: Report, fields: Fields): void {
  const bytes = fields.bytes("bytes");
  const text = fields.text("base32"), prefixed = fields.text("prefixed");
  report.equal("text", base32Encode(bytes), text);
  report.equal("prefixed text", base32EncodePrefixed(bytes), prefixed);
  report.equal("bytes", toHex(base32Decode(text)), toHex(bytes));
  report.equal("bytes of prefixed text", base32DecodePrefixed(prefixed), bytes);
  report.equal("bytes of upper-case text", base32DecodePrefixed(prefixed.toUpperCase()), bytes);
}

export const checkPrimitives: Checker = async (file, report) => {
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "rejects", (fields) => {
    const { codec } = parseRustType(fields.text("type"));
    const hex = fields.text("hex");
    return report.refused(`${fields.text("type")} ${hex}`, () => decodeHex(codec, hex));
  });
  await report.each(file, "urls", (fields) => checkUrl(report, fields));
  await report.each(file, "base32", (fields) => checkBase32(report, fields));
  await report.each(file, "base32_rejects", (fields) => {
    const text = fields.text("text");
    return report.refused(text, () => base32DecodePrefixed(text));
  });
};
