/** In whose network a public address is, and in which country: ipwho.is says it. fedimint-cli 0.13.0. */
import { NetworkError } from "../../actors/platform/error.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import { IP_INFO_BYTES_MAX, IP_INFO_TIMEOUT_MS } from "../limits.ts";
import type { AddressType } from "./ip_address.ts";

/** What is known of an address; what isn't is left out. */
export type IpInfo = {
  readonly address_type: AddressType;
  readonly country?: string;
  /** Number of its autonomous system, such as `AS24940`. */
  readonly asn?: string;
  readonly as_name?: string;
  readonly org?: string;
  readonly error?: string;
};

/** @param ip a public address */
export async function askIpInfo({ network }: Platform, ip: string, signal: AbortSignal): Promise<IpInfo> {
  const limits = { timeoutMs: IP_INFO_TIMEOUT_MS, bodyBytesMax: IP_INFO_BYTES_MAX, signal };
  try {
    const { status, body } = await network.fetch(`https://ipwho.is/${ip}`, limits);
    if (status < 200 || status > 299) return failed(`ipwho.is answered ${status}`);
    // what is no UTF-8 is no JSON either
    const json = tryDecoding<Json>(() => parseJson(new TextDecoder().decode(body)));
    return json.ok && isJsonObject(json.value)
      ? infoIn(json.value)
      : failed("ipwho.is gave an answer that can't be read");
  } catch (thrown) {
    if (thrown instanceof NetworkError) return failed(thrown.message);
    throw thrown;
  }
}

function failed(error: string): IpInfo {
  return { address_type: "public", error };
}

function infoIn({ success, message, country_code, country, connection }: JsonObject): IpInfo {
  if (success === false) return failed(textOf(message) ?? "IP lookup service returned an error");
  const { asn, org, isp } = isJsonObject(connection ?? null) ? connection as JsonObject : {};
  const where = textOf(country_code) ?? textOf(country), owner = textOf(org), name = owner ?? textOf(isp);
  return {
    address_type: "public",
    ...(where !== undefined && { country: where }),
    ...((typeof asn === "number" || typeof asn === "bigint") && { asn: `AS${asn}` }),
    ...(name !== undefined && { as_name: name }),
    ...(owner !== undefined && { org: owner }),
  };
}

function textOf(json: Json | undefined): string | undefined {
  return typeof json === "string" ? json : undefined;
}
