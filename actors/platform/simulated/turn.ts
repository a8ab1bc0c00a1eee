/**
 * One turn of the runtime's event loop. Before a turn ends, the runtime runs promise reactions until there are none
 * left, however many come up meanwhile; so after it all code that the last simulated event set going waits for another
 * simulated event. That holds only while nothing in a simulation awaits something real: a file, a socket, a worker,
 * `crypto.subtle`, a module not yet loaded.
 */
import { setImmediate } from "node:timers";

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
