/** What servers of any kind share: listening, and who is at the other end. */
import type { AddressInfo, Server, Socket } from "node:net";
import { NetworkError } from "../error.ts";
import type { Report } from "../http_handling.ts";
import { ACCEPT_AGAIN_MS } from "../limits.ts";
import type { Address, Listener } from "../platform.ts";

/** Connections that wait in the system until the runtime takes them: so many may come at once. */
const BACKLOG = 511;

/** @throws {NetworkError} `address_in_use` · `unreachable` when the machine has no such address */
export function listen(server: Server, at: Address, report: Report): Promise<Listener> {
  const target = `${at.hostname}:${at.port}`;
  return new Promise((resolve, reject) => {
    server.once("error", (cause: Error & { code?: string }) => {
      const inUse = cause.code === "EADDRINUSE";
      const message = inUse
        ? `${target} is in use. Stop the other program or choose another port.`
        : `Cannot listen at ${target}.`;
      reject(new NetworkError({ code: inUse ? "address_in_use" : "unreachable", target }, message, { cause }));
    });
    server.listen({ host: at.hostname, port: at.port, backlog: BACKLOG }, () => {
      server.removeAllListeners("error");
      server.on("error", (error: Error) => report(`listening at ${target}`, error));
      const again = setInterval(() => acceptAgain(server), ACCEPT_AGAIN_MS);
      resolve({
        address: { hostname: at.hostname, port: (server.address() as AddressInfo).port },
        close: () => {
          clearInterval(again);
          return close(server);
        },
      });
    });
  });
}

/**
 * The runtime (Deno 2.9) never looks at a listening socket again once it could not take a connection, which it tells
 * nobody: whatever becomes free later, the server would be deaf for good. Told to listen once more it looks.
 */
function acceptAgain(server: Server): void {
  const { _handle } = server as Server & { readonly _handle: { listen(backlog: number): number } | null };
  _handle?.listen(BACKLOG);
}

/**
 * `server.close` calls back when the last connection ends. The port is free before: when the runtime closed its handle.
 */
function close(server: Server): Promise<void> {
  server.close();
  return new Promise((resolve) => setImmediate(resolve));
}

/** Who is at the other end; an IPv4 address also where the socket speaks IPv6. */
export function remoteOf(socket: Socket): Address {
  return { hostname: (socket.remoteAddress ?? "").replace(/^::ffff:(?=[\d.]+$)/, ""), port: socket.remotePort ?? 0 };
}
