/** What an IP address is good for. */
import { groupsOf } from "../../actors/platform/source.ts";

/** As fedimint-cli 0.13.0 names it (`ip_address_type`). */
export type AddressType =
  | "private"
  | "loopback"
  | "link_local"
  | "unique_local"
  | "broadcast"
  | "documentation"
  | "shared"
  | "benchmark"
  | "multicast"
  | "unspecified"
  | "public";

/** An address in bits, and how many of them count. */
type Range = readonly [AddressType, address: string, bits: number];

const V4: readonly Range[] = [
  ["private", "10.0.0.0", 8],
  ["private", "172.16.0.0", 12],
  ["private", "192.168.0.0", 16],
  ["loopback", "127.0.0.0", 8],
  ["link_local", "169.254.0.0", 16],
  ["broadcast", "255.255.255.255", 32],
  ["documentation", "192.0.2.0", 24],
  ["documentation", "198.51.100.0", 24],
  ["documentation", "203.0.113.0", 24],
  ["shared", "100.64.0.0", 10],
  ["benchmark", "198.18.0.0", 15],
  ["multicast", "224.0.0.0", 4],
  ["unspecified", "0.0.0.0", 32],
];

const V6: readonly Range[] = [
  ["loopback", "::1", 128],
  ["unspecified", "::", 128],
  ["unique_local", "fc00::", 7],
  ["link_local", "fe80::", 10],
  ["documentation", "2001:db8::", 32],
  ["multicast", "ff00::", 8],
];

/** Bits as a text of `0` and `1`: 32 or 128. Null: it is no address. */
function bitsOf(text: string): string | null {
  // the runtime's own reader of URLs knows all forms, and writes the shortest
  const url = URL.parse(text.includes(":") ? `http://[${text}]/` : `http://${text}/`);
  if (url === null) return null;
  const { hostname } = url;
  if (!hostname.startsWith("[")) {
    return /^\d+([.]\d+){3}$/.test(hostname)
      ? hostname.split(".").map((part) => binary(Number(part), 8)).join("")
      : null;
  }
  return groupsOf(hostname.slice(1, -1)).map((group) => binary(group, 16)).join("");
}

function binary(value: number, size: number): string {
  return value.toString(2).padStart(size, "0");
}

/** Null: the text is no address. */
export function addressType(text: string): AddressType | null {
  const bits = bitsOf(text);
  if (bits === null) return null;
  const ranges = bits.length === 32 ? V4 : V6;
  const range = ranges.find(([, address, count]) => bits.startsWith(bitsOf(address)!.slice(0, count)));
  return range?.[0] ?? "public";
}
