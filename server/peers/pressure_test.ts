/** Large messages, and a guardian that reads none. */
import { assertEquals } from "@std/assert";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { MESSAGE_BYTES_MAX, OUTGOING_MAX, SEND_TIMEOUT_MS } from "./limits.ts";
import { Guardians, peer, PORT } from "./testing/guardians.ts";
import { routerRef } from "./tree.ts";

/** Before the bytes stand the variant and their length. */
const HEAD_BYTES = 12;

function large(bytes: number): P2pMessage {
  return { tag: "Encodable", value: new Uint8Array(bytes) };
}

Deno.test("two guardians that both send more than the network takes do not block each other", async () => {
  const guardians = await Guardians.start(2);
  const [a, b] = guardians.all;
  for (const [from, to] of [[a!, 1], [b!, 0]] as const) {
    for (let i = 0; i < 3; i++) {
      from.system.tell(routerRef("root"), "send", { to: peer(to), message: large(1_000_000) });
    }
  }
  await guardians.until(() => a!.received.length === 3 && b!.received.length === 3, SEND_TIMEOUT_MS / 2);
  assertEquals([a!.closed(), b!.closed()], [[], []]);
});

Deno.test("a guardian that does not read is cut off after the time a message may take, and dialled again", async () => {
  const guardians = await Guardians.start(2, { started: 1 });
  const [a] = guardians.all;
  const { network } = guardians.world.process("guardian1").platform;
  const at = { hostname: "0.0.0.0", port: PORT, identity: guardians.identities[1]! };
  await network.listenTls(at, () => undefined);
  await guardians.until(() => guardians.connected(0) === 1);
  const startMs = guardians.world.nowMs;
  // one that is on its way, those that wait, and two too many
  for (let i = 0; i < 1 + OUTGOING_MAX + 2; i++) {
    a!.system.tell(routerRef("root"), "send", { to: peer(1), message: large(2_000_000) });
  }
  await guardians.world.run({ forMs: 1 });
  assertEquals(a!.inspect("link:1").facts, { peer: 1, connected: true, dropped: 2 });
  await guardians.until(() => a!.closed().length === 1, 2 * SEND_TIMEOUT_MS);
  assertEquals(a!.closed(), ["a message took too long to leave"]);
  assertEquals(Math.round((guardians.world.nowMs - startMs) / 1_000), SEND_TIMEOUT_MS / 1_000);
  await guardians.until(() => a!.connects() === 2, 1_000);
});

Deno.test("the longest message passes, and the connection lives on", async () => {
  const guardians = await Guardians.start(2);
  const [a, b] = guardians.all;
  const message = large(MESSAGE_BYTES_MAX - HEAD_BYTES);
  a!.system.tell(routerRef("root"), "send", { to: "all", message });
  a!.send(1, 5);
  await guardians.until(() => b!.received.length === 2);
  assertEquals([b!.received[1], a!.closed()], ["0:5", []]);
});
