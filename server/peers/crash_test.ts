/** What a crash of one part of the links leaves to the others. */
import { assertEquals } from "@std/assert";
import type { ActorRef, Cast, ChildSpec } from "../../actors/mod.ts";
import { child, createSystem, defineActor, next, refTo, supervisor } from "../../actors/mod.ts";
import type { ByteStream, Network } from "../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import { Handover } from "../../actors/handover.ts";
import { link } from "./link.ts";
import type { LinkMessage } from "./link.ts";
import { peerListener } from "./listener.ts";
import { CutShort } from "./repeats.ts";
import { router, routerMemory } from "./router.ts";
import type { Guardian } from "./testing/guardians.ts";
import { Guardians, peer, PORT } from "./testing/guardians.ts";
import { routerRef } from "./tree.ts";

type Broken = Cast<"connection", null> | Cast<"read", null> | Cast<"connected", null>;

/** A message that no handler can handle. */
function crash(guardian: Guardian, name: string, type: Broken["type"]): void {
  const ref: ActorRef<Broken> = refTo(`root/peers/${name}`);
  guardian.system.tell(ref, type, null);
}

async function crashed(guardians: Guardians, guardian: Guardian, name: string, type: Broken["type"]): Promise<void> {
  const before = guardian.inspect(name).restarts;
  crash(guardian, name, type);
  await guardians.until(() =>
    guardian.inspect(name).restarts === before + 1 && guardian.inspect(name).status === "running"
  );
}

Deno.test("a router that crashes still knows who listens and who is connected", async () => {
  const guardians = await Guardians.start(3);
  const [a, b] = guardians.all;
  await crashed(guardians, a!, "router", "connection");
  assertEquals(guardians.connected(0), 2);
  b!.send(0, 7);
  a!.send(1, 8);
  await guardians.world.run({ forMs: 1_000 });
  assertEquals([a!.received, b!.received], [["1:7"], ["0:8"]]);
});

Deno.test("a link that crashes is told of as not connected until it is again", async () => {
  for (const crashing of [0, 1]) {
    const guardians = await Guardians.start(2);
    const guardian = guardians.all[crashing]!;
    await crashed(guardians, guardian, `link:${1 - crashing}`, "read");
    assertEquals([guardians.connected(crashing), guardian.connects()], [0, 1]);
    await guardians.until(() => guardians.connected(0) === 1 && guardians.connected(1) === 1, 2_000);
    guardians.all[0]!.send(1, 7);
    await guardians.until(() => guardians.all[1]!.received.length === 1, 1_000);
  }
});

Deno.test("a listener that crashes listens again at its address, and closes what nobody had taken yet", async () => {
  const guardians = await Guardians.start(2);
  const [a, b] = guardians.all;
  await crashed(guardians, b!, "listener", "connected");
  assertEquals([guardians.connected(0), guardians.connected(1)], [1, 1], "links go on without it");
  await crashed(guardians, a!, "link:1", "read");
  await guardians.until(() => guardians.connected(0) === 1 && guardians.connected(1) === 1, 2_000);
  assertEquals(b!.inspect("listener").restarts, 1);
});

/** Streams that were closed, by number. */
function streams(certificate: Uint8Array<ArrayBuffer>) {
  const closed: number[] = [];
  const make = (number: number): ByteStream => ({
    peerCertificate: certificate,
    read: () => new Promise(() => undefined),
    write: () => Promise.resolve(),
    close: () => void closed.push(number),
  });
  return { closed, make };
}

async function alone(network: Partial<Network>, children: readonly ChildSpec[]): Promise<SimulatedWorld> {
  const world = new SimulatedWorld(1);
  const { platform } = world.process("guardian0");
  const system = createSystem({
    platform: { ...platform, network: { ...platform.network, ...network } },
    log: () => undefined,
  });
  await system.start(supervisor("root", { children: [supervisor("peers", { children })] }));
  return world;
}

const IDENTITY = { certificate: Uint8Array.of(1), privateKey: Uint8Array.of(1) };
const CERTIFICATE = Uint8Array.of(2);

Deno.test("a connection that was closed between the dial and the link's turn, as when the listener ends, is made again", async () => {
  const { closed, make } = streams(CERTIFICATE), handover = new Handover<ByteStream>();
  let dials = 0;
  const dialTls = () => {
    const stream = make(++dials);
    if (dials === 1) Promise.resolve().then(() => Promise.resolve()).then(() => handover.clear((each) => each.close()));
    return Promise.resolve(stream);
  };
  const memory = routerMemory();
  const world = await alone({ dialTls }, [
    child(router, { args: { links: new Map(), memory } }),
    child(link, {
      args: {
        peer: peer(1),
        dials: true,
        hostname: "guardian1",
        port: PORT,
        serverName: "peerguardian1",
        certificate: CERTIFICATE,
        identity: IDENTITY,
        handover,
        cutShort: new CutShort(),
        router: routerRef("root"),
      },
    }),
  ]);
  await world.run({ forMs: 2_000 });
  assertEquals([dials, closed, [...memory.connected]], [2, [1], [1]]);
});

Deno.test("of a guardian's connections that wait for the listener the newest is taken, strangers' are closed at once", async () => {
  const handover = new Handover<ByteStream>();
  const [known, strange] = [streams(CERTIFICATE), streams(Uint8Array.of(9))];
  let arrive: (stream: ByteStream) => void = () => undefined;
  const listenTls: Network["listenTls"] = ({ isKnown }, onConnection) => {
    assertEquals([isKnown?.(CERTIFICATE), isKnown?.(Uint8Array.of(9))], [true, false]);
    arrive = (stream) => onConnection(stream, { hostname: "stranger", port: 1 });
    return Promise.resolve({ address: { hostname: "0.0.0.0", port: PORT }, close: () => Promise.resolve() });
  };
  const accepted: (ByteStream | undefined)[] = [];
  const taker = defineActor<Cast<"accepted", { id: number }>, null, null>({
    name: "link",
    init: () => null,
    handle: {
      accepted: (state, { id }) => {
        accepted.push(handover.take(id));
        return next(state);
      },
    },
  });
  const args = {
    bind: { hostname: "0.0.0.0", port: PORT },
    identity: IDENTITY,
    certificates: new Map([[peer(1), CERTIFICATE]]),
    hostnames: ["guardian-1.example"],
    links: new Map([[peer(1), refTo<LinkMessage>("root/peers/link")]]),
    handover,
  };
  const world = await alone({ listenTls }, [child(taker, { args: null }), child(peerListener, { args })]);
  for (let i = 0; i < 1_000; i++) arrive(strange.make(i));
  assertEquals(strange.closed.length, 1_000, "nothing of theirs waits");
  const arrived = Array.from({ length: 100 }, (_, i) => known.make(i));
  for (const stream of arrived) arrive(stream);
  assertEquals(known.closed.length, 99);
  await world.run({ forMs: 1 });
  assertEquals(accepted, [arrived.at(-1)]);
  arrive(known.make(1_000));
  await world.run({ forMs: 1 });
  assertEquals([accepted.length, known.closed.length], [2, 99]);
  handover.clear(() => known.closed.push(-1));
  assertEquals(known.closed.at(-1), 98, "nothing is left behind");
});
