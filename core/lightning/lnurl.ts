/**
 * Texts of LNURL: a URL as bech32 (LUD-01), a scheme of its own (LUD-17), an address that looks like a mail's (LUD-16).
 * All come to a URL that says how to pay. fedimint-lnurl 0.13.0.
 */
import { bech32 } from "@scure/base";
import type { Bytes } from "../bytes.ts";
import { fromUtf8, utf8 } from "../bytes.ts";

/** What a URL of this kind may have at most: links hold a federation's whole list of gateways. */
const LNURL_CHARACTERS_MAX = 20_000;

/** bech32 of a URL, in lower case. */
export function encodeLnurl(url: string): string {
  return bech32.encode("lnurl", bech32.toWords(utf8(url)), false);
}

/** The URL in `lnurl1…`, in any case; null when it is none. */
export function decodeLnurl(text: string): string | null {
  if (text.length > LNURL_CHARACTERS_MAX) return null;
  const decoded = bech32.decodeUnsafe(text.toLowerCase(), false);
  if (decoded?.prefix !== "lnurl") return null;
  const bytes = bech32.fromWordsUnsafe(decoded.words);
  return bytes ? textOf(bytes as Bytes) : null;
}

function textOf(bytes: Bytes): string | null {
  try {
    return fromUtf8(bytes);
  } catch (thrown) {
    if (thrown instanceof TypeError) return null;
    throw thrown;
  }
}

/**
 * The URL behind `name@host`; null when it is none. Only what LUD-16 allows: anything else could reach a host that the
 * text doesn't name.
 */
export function lightningAddressUrl(text: string): string | null {
  const [, name, host] = /^([a-z0-9._+-]{1,64})@([A-Za-z0-9.-]{1,253})$/.exec(text) ?? [];
  if (name === undefined || host === undefined || name === "." || name === "..") return null;
  return `https://${host}/.well-known/lnurlp/${name}`;
}

/** The URL behind `lnurlp:host/path`: `https`, but `http` for an onion. LUD-17. Null when it is none. */
export function lnurlSchemeUrl(text: string): string | null {
  const [, rest] = /^lnurlp:(?:\/\/)?(.+)$/i.exec(text) ?? [];
  if (rest === undefined) return null;
  const url = URL.parse(`https://${rest}`);
  if (url === null) return null;
  return url.hostname.endsWith(".onion") ? `http${url.href.slice("https".length)}` : url.href;
}
