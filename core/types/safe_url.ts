/**
 * URLs. In TypeScript the full, WHATWG-normalised text, credentials, query and fragment included; so it is in JSON. In
 * consensus encoding (hashes, federation ids, invite codes) credentials are replaced and query and fragment dropped.
 * `fedimint-core/src/util/mod.rs`.
 *
 * The consensus form of a text that was not normalised is normalised: decoding and encoding is not the identity for
 * every input.
 */
import type { Codec } from "../encoding/mod.ts";
import { badJson, DecodeError, mapCodec, text } from "../encoding/mod.ts";
import { URL_CHARACTERS_MAX } from "./limits.ts";

/** Normalised text of a URL. May hold a password: print `consensusUrl(url)` instead. */
export type SafeUrl = string;

function parse(input: string): URL {
  if (input.length > URL_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `URL of ${input.length} characters exceeds ${URL_CHARACTERS_MAX}`);
  }
  const url = URL.parse(input);
  // the text may hold credentials: it is not repeated in the error
  if (url === null) throw new DecodeError("invalid", "Text is not a URL");
  return url;
}

/** @throws {DecodeError} `invalid` · `too_large` */
export function parseSafeUrl(input: string): SafeUrl {
  return parse(input).href;
}

/** The form that is hashed, shared and logged: no credentials, no query, no fragment. */
export function consensusUrl(url: SafeUrl): string {
  const { protocol, username, password, hostname, port, pathname } = parse(url);
  // the runtime's other getters can't be trusted without a host: for `x:/.//p` it says that the port is a dot
  if (hostname === "") return `${protocol}//${pathname}`;
  const user = username === "" ? "" : `REDACTEDUSER${password === "" ? "" : ":REDACTEDPASS"}@`;
  return `${protocol}//${user}${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
}

export const safeUrl: Codec<SafeUrl> = mapCodec(text, "SafeUrl", {
  decode: parseSafeUrl,
  encode: consensusUrl,
  toJson: (url) => url,
  fromJson: (json) => typeof json === "string" ? parseSafeUrl(json) : badJson("a URL"),
  compare: text.compare,
});
