/** Who waits at a port of a simulated machine. */
import { NetworkError } from "../error.ts";
import type { Address, Listener } from "../platform.ts";
import type { End } from "./connection.ts";
import type { Life } from "./machine.ts";

export type Protocol = "tls" | "http";

export type PortListener = {
  readonly protocol: Protocol;
  /** @returns what the other side is told with the acceptance */
  readonly accept: (end: End, hello: unknown, remote: Address) => unknown;
};

/** @throws {NetworkError} `address_in_use` */
export function listenAt(life: Life, at: Address, listener: PortListener): Listener {
  const port = at.port === 0 ? life.machine.freePort() : at.port;
  if (life.listeners.has(port)) {
    const target = `${at.hostname}:${port}`;
    const message = `${target} is in use. Stop the other program or choose another port.`;
    throw new NetworkError({ code: "address_in_use", target }, message);
  }
  life.listeners.set(port, listener);
  return {
    address: { hostname: at.hostname, port },
    close: () => {
      if (life.listeners.get(port) === listener) life.listeners.delete(port);
      return Promise.resolve();
    },
  };
}
