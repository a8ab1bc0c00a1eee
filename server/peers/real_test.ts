/** Links over the machine's own TLS: two guardians, and those who show no certificate or are no TLS at all. */
import { assertEquals } from "@std/assert";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ActorSystem, LogRecord } from "../../actors/mod.ts";
import { child, createSystem, supervisor } from "../../actors/mod.ts";
import type { TlsIdentity } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { utf8 } from "../../core/bytes.ts";
import { routerMemory } from "./router.ts";
import { listening, peer, sessionIndex } from "./testing/guardians.ts";
import { certificateName, peersTree, routerRef } from "./tree.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("net");

const HOST = "127.0.0.1";
const NAMES = ["Guardian 0", "Guardian 1"] as const;

/** @param port of the other */
async function start(self: 0 | 1, identities: readonly TlsIdentity[], port: number, seen: (text: string) => void) {
  const address = Promise.withResolvers<string>();
  const log = ({ message, facts }: LogRecord): void => {
    if (message === "Listening for guardians") address.resolve(`${facts.address}`);
  };
  const system = createSystem({ platform: realPlatform(), log });
  const other = 1 - self;
  const there = { hostname: HOST, port, name: NAMES[other]!, certificate: identities[other]!.certificate };
  const tree = peersTree({
    parent: "root",
    self: peer(self),
    identity: identities[self]!,
    bind: { hostname: HOST, port: 0 },
    others: new Map([[peer(other), there]]),
    memory: routerMemory(),
  });
  const router = routerRef("root");
  const consumer = child(listening, {
    args: { router, seen: (from, { value }) => seen(`${from}:${value}`) },
  });
  await system.start(supervisor("root", { children: [tree, consumer] }));
  return { system, port: Number((await address.promise).split(":").at(-1)) };
}

function send(system: ActorSystem, index: number): void {
  system.tell(routerRef("root"), "send", { to: "all", message: sessionIndex(index) });
}

/** Resolves when the other side has closed, whatever it said. */
function closed(socket: ReturnType<typeof connectTcp>): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", () => resolve());
    socket.resume();
  });
}

onMachine("over real TLS: strangers without a certificate are cut off, then two guardians talk", async () => {
  const { network } = realPlatform();
  const identities = await Promise.all(NAMES.map((name) => network.makeTlsIdentity(certificateName(name))));
  const received: string[] = [];
  const done = Promise.withResolvers<void>();
  const seen = (text: string): void => {
    if (received.push(text) === 2) done.resolve();
  };
  const b = await start(1, identities, 9, seen);
  try {
    await closed(connectTls({ host: HOST, port: b.port, rejectUnauthorized: false }));
    const text = connectTcp({ host: HOST, port: b.port });
    text.write(utf8("GET / HTTP/1.1\r\n\r\n"));
    await closed(text);
    const a = await start(0, identities, b.port, seen);
    try {
      // the first message waits for the connection, in each queue
      send(a.system, 1);
      send(b.system, 2);
      await done.promise;
      assertEquals(received.toSorted(), ["0:1", "1:2"]);
    } finally {
      await a.system.stop();
    }
  } finally {
    await b.system.stop();
  }
});
