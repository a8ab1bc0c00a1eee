/** The orderly end of a socket that the program is done with. */
import type { Duplex } from "node:stream";
import { LINGER_MS } from "../limits.ts";

/**
 * Sends what was written and the end, then reads and drops what still comes until the other side ends too; cut after
 * `LINGER_MS`. To close at once would make the system answer late bytes with a reset, which can destroy our last ones
 * on their way.
 */
export function linger(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  Deno.unrefTimer(timer);
  socket.on("close", () => clearTimeout(timer));
  socket.removeAllListeners("readable");
  socket.removeAllListeners("data");
  socket.on("data", () => undefined);
  socket.end();
  socket.resume();
}
