/**
 * The forms that a guardian's settings have: addresses, URLs, switches, numbers. What doesn't fit is refused with the
 * setting's name.
 */
import type { Address } from "../actors/platform/platform.ts";
import { FedimintError } from "../core/result.ts";
import { DecodeError } from "../core/encoding/mod.ts";
import { parseSafeUrl } from "../core/types/safe_url.ts";

export class SettingsError extends FedimintError<{ readonly code: "invalid"; readonly setting: string }> {}

export function invalid(setting: string, message: string): SettingsError {
  return new SettingsError({ code: "invalid", setting }, `${setting}: ${message}`);
}

/** What is empty is not given, in variables and flags alike. */
export function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** A name, or an IPv4 address; digits and dots alone are meant as one. */
function isHost(host: string): boolean {
  if (!/^[0-9.]+$/.test(host)) return /^[A-Za-z0-9._-]+$/.test(host);
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(host: string): boolean {
  return /^[0-9a-fA-F:.]+$/.test(host) && URL.canParse(`http://[${host}]/`);
}

/** @throws {SettingsError} */
export function address(text: string, setting: string): Address {
  if (text.includes("/")) throw invalid(setting, `expected host:port and no URL, got ${shown(text)}`);
  const match = /^(?:\[([^\]]*)\]|([^[\]]*)):([0-9]{1,5})$/.exec(text);
  const [, ipv6, host, port] = match ?? [];
  if (host?.includes(":")) throw invalid(setting, "an IPv6 address stands in brackets, as in [::1]:8174");
  const isKnown = ipv6 === undefined ? host !== undefined && isHost(host) : isIpv6(ipv6);
  if (!isKnown || Number(port) > 65_535) throw invalid(setting, `expected host:port, got ${shown(text)}`);
  return { hostname: ipv6 ?? host!, port: Number(port) };
}

/** Whether both can't be listened on at once. Port 0 is whichever is free. */
export function clash(a: Address, b: Address): boolean {
  const isEvery = ({ hostname }: Address): boolean => hostname === "0.0.0.0" || hostname === "::";
  return a.port === b.port && a.port !== 0 && (a.hostname === b.hostname || isEvery(a) || isEvery(b));
}

/** What was given, without credentials that may be in it. */
function shown(text: string): string {
  return JSON.stringify(text.replace(/^(.*\/\/)?.*@/, "$1…@").slice(0, 100));
}

/** Normalised. Credentials in it are for the caller to judge. @throws {SettingsError} */
export function parsedUrl(text: string, setting: string, schemes: readonly string[]): URL {
  const wanted = `expected an URL of ${schemes.map((scheme) => `${scheme}://`).join(" or ")} and a host`;
  if (!URL.canParse(text)) throw invalid(setting, wanted);
  let url: URL;
  try {
    url = new URL(parseSafeUrl(text));
  } catch (thrown) {
    if (thrown instanceof DecodeError) throw invalid(setting, "the URL is too long");
    throw thrown;
  }
  const { hostname } = url;
  const isKnown = hostname.startsWith("[") ? isIpv6(hostname.slice(1, -1)) : isHost(hostname);
  if (!schemes.some((scheme) => url.href.startsWith(`${scheme}://`)) || !isKnown) throw invalid(setting, wanted);
  return url;
}

/**
 * An URL that others are told.
 * @throws {SettingsError} also for one with credentials: they would be told to everybody, or cut out
 */
export function publicUrl(text: string | undefined, setting: string, schemes: readonly string[]): string | null {
  if (text === undefined) return null;
  const url = parsedUrl(text, setting, schemes);
  if (url.username !== "" || url.password !== "") throw invalid(setting, "a public URL has no user and no password");
  return url.href;
}

/** @throws {SettingsError} */
export function wholeNumber(text: string, setting: string, most: number, least = 1): number {
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || number < least || number > most) {
    throw invalid(setting, `expected a whole number from ${least} to ${most}, got ${shown(text)}`);
  }
  return number;
}

/**
 * Plain switches as the reference reads them: 1 or true, 0 or false; anything else turns on what is off by default.
 * Empty is not given.
 */
export function envSwitch(env: (name: string) => string | undefined): (name: string) => boolean | undefined {
  return (name) => {
    const value = given(env(name));
    return value === undefined ? undefined : !["0", "false"].includes(value);
  };
}
