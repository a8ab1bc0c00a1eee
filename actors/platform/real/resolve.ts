/** Names of hosts, as the system's own resolver has them: its file of hosts counts too. */
import { lookup } from "node:dns/promises";
import { NetworkError } from "../error.ts";
import type { Network } from "../platform.ts";

export const resolve: Network["resolve"] = async (hostname) => {
  try {
    const found = await lookup(hostname, { all: true });
    // a link-local address may come with its interface
    return [...new Set(found.map(({ address }) => address.replace(/%.*$/, "")))];
  } catch (cause) {
    throw new NetworkError({ code: "unreachable", target: hostname }, `${hostname} has no known address.`, { cause });
  }
};
