/** Names of simulated machines: each has one private address, which follows from its name. Nobody is reached by it. */
import { NetworkError } from "../error.ts";
import type { Network } from "../platform.ts";
import { DNS_MS, isLoopback } from "./connection.ts";
import type { Life } from "./machine.ts";

export function simulatedResolve(life: Life): Network["resolve"] {
  return (hostname) =>
    new Promise((resolve, reject) => {
      life.after(DNS_MS, () => {
        if (isLoopback(hostname)) return resolve(["127.0.0.1"]);
        if (life.universe.machine(hostname) !== undefined) return resolve([addressOf(hostname)]);
        reject(
          new NetworkError({ code: "unreachable", target: hostname }, `${hostname} has no known address.`),
        );
      });
    });
}

function addressOf(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 0x100_0000;
  return `10.${hash >> 16}.${(hash >> 8) & 0xff}.${hash & 0xff}`;
}
