/** Whom a connection comes from, for bounds a stranger: many addresses of one may be the same stranger. */
import type { Address } from "./platform.ts";

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const PRIVATE_V4 = /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/;
const PREFIX_GROUPS = 4;

/** The eight groups of 16 bits of an IPv6 address without a part in the form of IPv4. */
export function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => text === "" ? [] : text.split(":");
  const before = groups(head);
  const after = groups(tail ?? "");
  const all: string[] = tail === undefined
    ? before
    : [...before, ...Array(Math.max(0, 8 - before.length - after.length)).fill("0"), ...after];
  return all.map((group) => parseInt(group, 16));
}

/** The first 64 bits of an IPv6 address, which are those of one customer's network. */
function prefixOf(address: string): string {
  return groupsOf(address).slice(0, PREFIX_GROUPS).map((group) => group.toString(16)).join(":");
}

/** The name under which sources that can't be told apart share one, where each needs a name. */
export const UNNAMED_SOURCE = "";

/**
 * Null for this machine and private networks: behind such an address stands a reverse proxy or a container's gateway,
 * and behind it everybody. An IPv4 address is one source, an IPv6 network of 64 bits is one.
 */
export function sourceOf({ hostname }: Pick<Address, "hostname">): string | null {
  const address = hostname.toLowerCase().split("%")[0]!;
  const v4 = MAPPED.exec(address)?.[1] ?? address;
  if (!v4.includes(":")) return v4 === "localhost" || PRIVATE_V4.test(v4) ? null : v4;
  if (address === "::1" || /^f[cd]|^fe[89ab]/.test(address)) return null;
  return `${prefixOf(address)}::/64`;
}
