/** What the router keeps for a consumer that isn't there yet, and who it says is connected. */
import { assertEquals } from "@std/assert";
import type { ActorSystem } from "../../actors/mod.ts";
import { child, createSystem, supervisor } from "../../actors/mod.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { HELD_BYTES_MAX, HELD_MAX } from "./limits.ts";
import { router, routerMemory, type RouterRef } from "./router.ts";
import { listening, peer, sessionIndex } from "./testing/guardians.ts";
import { routerRef } from "./tree.ts";

const ROUTER: RouterRef = routerRef("root");

class Alone {
  readonly world = new SimulatedWorld(1);
  readonly system: ActorSystem;

  constructor() {
    this.system = createSystem({ platform: this.world.process("guardian").platform, log: () => undefined });
  }

  static async start(): Promise<Alone> {
    const alone = new Alone();
    const peers = supervisor("peers", {
      children: [child(router, { args: { links: new Map(), memory: routerMemory() } })],
    });
    await alone.system.start(supervisor("root", { children: [peers] }));
    return alone;
  }

  receive(from: number, index: number): void {
    this.system.tell(ROUTER, "received", { from: peer(from), id: index, message: sessionIndex(index) });
  }

  async subscribe(id: string): Promise<string[]> {
    const received: string[] = [];
    const seen = (from: PeerId, { value }: { readonly value: unknown }) => received.push(`${from}:${value}`);
    await this.system.startChild("root", child(listening, { id, args: { router: ROUTER, seen } }));
    await this.connected();
    return received;
  }

  connected(): Promise<Set<PeerId>> {
    return this.system.ask(ROUTER, "connected", null);
  }
}

Deno.test("what comes before anyone listens is held, in order and bounded per guardian", async () => {
  const alone = await Alone.start();
  for (let i = 0; i < HELD_MAX + 5; i++) alone.receive(1, i);
  alone.receive(2, 7);
  const received = await alone.subscribe("first");
  alone.receive(1, 100);
  await alone.connected();
  const held = Array.from({ length: HELD_MAX }, (_, i) => `1:${i}`);
  assertEquals(received, [...held, "2:7", "1:100"]);
});

Deno.test("the last who subscribed hears, and what was held is told once", async () => {
  const alone = await Alone.start();
  alone.receive(1, 0);
  const first = await alone.subscribe("first");
  alone.receive(1, 1);
  const second = await alone.subscribe("second");
  alone.receive(1, 2);
  await alone.connected();
  assertEquals([first, second], [["1:0", "1:1"], ["1:2"]]);
});

Deno.test("what is held is bounded in bytes, too, and a consumer that ended is nobody's any more", async () => {
  const alone = await Alone.start();
  const large = { tag: "Encodable", value: new Uint8Array(HELD_BYTES_MAX / 2) } as const;
  for (let i = 0; i < 3; i++) alone.system.tell(ROUTER, "received", { from: peer(1), id: i, message: large });
  const first = await alone.subscribe("first");
  assertEquals(first.length, 2);
  await alone.system.stopChild("root/first");
  alone.receive(1, 7);
  const second = await alone.subscribe("second");
  assertEquals([first.length, second], [2, ["1:7"]]);
});

Deno.test("connected are those whose link says so, and the answer is nobody else's to change", async () => {
  const alone = await Alone.start();
  for (const [index, connected] of [[1, true], [2, true], [1, true], [2, false], [3, false]] as const) {
    alone.system.tell(ROUTER, "connection", { peer: peer(index), connected });
  }
  const answer = await alone.connected();
  assertEquals(answer, new Set([peer(1)]));
  answer.clear();
  assertEquals(await alone.connected(), new Set([peer(1)]));
});
