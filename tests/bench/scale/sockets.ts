/** Clients that are connected to a guardian and wait for something, each on a connection of its own. */
import { join } from "@std/path";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { MessageSocket } from "../../../actors/platform/platform.ts";
import { requestText } from "../../../actors/rpc/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../core/encoding/mod.ts";
import { OneGuardian } from "./one_guardian.ts";
import type { ScaleCase } from "./point.ts";

const platform = realPlatform();
/** Connections beside those that are counted. */
const MORE = 100;
/** So many connect at the same time. */
const TOGETHER = 50;
const TIMEOUT_MS = 300_000;
/** Shorter than a call waits. */
const REST_MS = 10_000;

async function allow(guardian: OneGuardian, connections: number): Promise<void> {
  await guardian.whileStopped(async () => {
    const path = join(guardian.dir, "local.json");
    const local = parseJson(await Deno.readTextFile(path)) as JsonObject;
    await Deno.writeTextFile(path, stringifyJson({ ...local, max_connections: connections + MORE }));
  });
}

async function connectAndWait(url: string): Promise<MessageSocket> {
  const socket = await platform.network.openWebSocket(url, { timeoutMs: TIMEOUT_MS, messageBytesMax: 1_048_576 });
  const txid = toHex(platform.dice.bytes(32));
  socket.send(requestText(0, "await_transaction", [{ auth: null, params: txid }]));
  return socket;
}

export const sockets: ScaleCase = {
  title: "clients that wait for a transaction; CPU: connecting and asking",
  sizeOf: "clients",
  item: "client",
  sizes: [1, 100, 1_000, 5_000],
  measure: (size) =>
    OneGuardian.with(async (guardian) => {
      await allow(guardian, size);
      // what a start takes is over then
      await guardian.rest(REST_MS);
      const before = await guardian.rest(REST_MS);
      const idlePerMs = before.cpuMs / REST_MS, begunMs = performance.now();
      const connected: MessageSocket[] = [];
      while (connected.length < size) {
        const some = Array.from(
          { length: Math.min(TOGETHER, size - connected.length) },
          () => connectAndWait(guardian.apiUrl),
        );
        connected.push(...await Promise.all(some));
      }
      // the last calls have come then
      await guardian.rest(1_000);
      const after = await guardian.usage();
      const tookMs = performance.now() - begunMs;
      const waiting = await guardian.rest(REST_MS);
      for (const socket of connected) socket.close();
      return {
        size,
        items: size,
        cpuMs: Math.max(0, (after.cpuSeconds - before.usage.cpuSeconds) * 1_000 - idlePerMs * tookMs),
        bytes: waiting.usage.ownBytes - before.usage.ownBytes,
        counts: { "CPU ms while 10 s pass": Math.max(0, waiting.cpuMs - before.cpuMs) },
      };
    }),
};
