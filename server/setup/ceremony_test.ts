/** The ceremony as an actor: when it begins, what it tells while it waits, what ends it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TestSystem } from "../../actors/testing/platform.ts";
import { withSystem } from "../../actors/testing/platform.ts";
import type { ChildSpec } from "../../actors/mod.ts";
import { child, defineActor, next, refTo } from "../../actors/mod.ts";
import type { Result } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { P2pMessage } from "../../core/types/p2p_message.ts";
import { consensusConfigHash } from "../../core/types/server_config.ts";
import { builtInModules } from "../modules.ts";
import type { LinkMessage } from "../peers/link.ts";
import type { RouterRef } from "../peers/router.ts";
import { router, routerMemory } from "../peers/router.ts";
import type { CeremonyMessage } from "./ceremony.ts";
import { ceremony } from "./ceremony.ts";
import type { GuardianConfig } from "../config/guardian_config.ts";
import { GUARDIAN_NAME_MAX, SILENCE_TOLD_MAX_MS, SILENCE_TOLD_MS, WAITING_MESSAGES_MAX } from "./limits.ts";
import { LIAR, paramsOf } from "./testing/ceremony.ts";

const PEERS = [0, 1, 2, 3];

/** What becomes of a message on its way. */
type Way = (from: PeerId, to: PeerId, message: P2pMessage) => readonly P2pMessage[];

function routerOf(peer: PeerId): RouterRef {
  return refTo(`root/router:${peer}`);
}

function ceremonyOf(peer: PeerId) {
  return refTo<CeremonyMessage>(`root/ceremony:${peer}`);
}

/** In place of a link: hands what one guardian sends to the router of another. */
const wire = defineActor<LinkMessage, { readonly from: PeerId; readonly to: PeerId; readonly way: Way }, {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly way: Way;
}>({
  name: "wire",
  init: (_ctx, args) => args,
  handle: {
    send: (state, { message }, ctx) => {
      for (const told of state.way(state.from, state.to, message)) {
        ctx.tell(routerOf(state.to), "received", { from: state.from, id: 0, message: told });
      }
      return next(state);
    },
    taken: next,
    again: next,
    accepted: next,
    dial: next,
    dialled: next,
    read: next,
    written: next,
    lookAtWrite: next,
  },
});

function guardian(self: PeerId, way: Way, params = paramsOf(self)): ChildSpec[] {
  const others = PEERS.filter((peer) => peer !== self);
  const links = new Map(others.map((to) => [to, refTo<LinkMessage>(`root/wire:${self}>${to}`)]));
  const args = { params, definitions: builtInModules, router: routerOf(self), testEnvironment: true };
  return [
    child(router, { id: `router:${self}`, args: { links, memory: routerMemory() } }),
    ...others.map((to) => child(wire, { id: `wire:${self}>${to}`, args: { from: self, to, way } })),
    child(ceremony, { id: `ceremony:${self}`, args, restart: "temporary" }),
  ];
}

type Ceremonies = TestSystem & {
  connect(self: PeerId, peer: PeerId): void;
  connectAll(): void;
  result(peer: PeerId): Promise<Result<GuardianConfig, string>>;
  warnings(peer: PeerId): { readonly message: string; readonly guardians: unknown; readonly step: unknown }[];
};

async function withCeremonies(way: Way, body: (test: Ceremonies) => Promise<void>): Promise<void> {
  await withSystem(PEERS.flatMap((peer) => guardian(peer, way)), (test) => {
    const connect = (self: PeerId, peer: PeerId): void =>
      test.system.tell(routerOf(self), "connection", { peer, connected: true });
    return body({
      ...test,
      connect,
      connectAll: () => {
        for (const self of PEERS) for (const peer of PEERS) if (peer !== self) connect(self, peer);
      },
      result: (peer) => test.system.ask(ceremonyOf(peer), "result", null, { deadlineMs: Infinity }),
      warnings: (peer) =>
        test.log.filter(({ level, path }) => level === "warn" && path === `root/ceremony:${peer}`)
          .map(({ message, facts }) => ({ message, guardians: facts.guardians, step: facts.step })),
    });
  });
}

const honest: Way = (_from, _to, message) => [message];

/** The liar's `index`-th message to each is another. */
function lying(index: number, lie: readonly P2pMessage[]): Way {
  const sent = new Map<PeerId, number>();
  return (from, to, message) => {
    if (from !== LIAR) return [message];
    const count = sent.get(to) ?? 0;
    sent.set(to, count + 1);
    return count === index ? lie : [message];
  };
}

Deno.test("nothing is sent before all are connected; then all come to one config, each with its own secrets", async () => {
  let sent = 0;
  const counting: Way = (_from, _to, message) => {
    sent++;
    return [message];
  };
  await withCeremonies(counting, async (test) => {
    const results = PEERS.map((peer) => test.result(peer));
    for (const self of PEERS) {
      for (const peer of PEERS) if (peer !== self && !(self === 0 && peer === 3)) test.connect(self, peer);
    }
    await test.clock.advance(10_000);
    assert(sent > 0, "the others begin");
    const zero = test.system.inspect().children.find(({ path }) => path === "root/ceremony:0")!;
    assertEquals(zero.facts, { started: false, finished: false });
    test.connect(0, 3);
    await test.clock.advance(10_000);
    const configs = await Promise.all(results);
    assert(configs.every(({ ok }) => ok), "the messages of those that ran ahead were kept");
    const values = configs.flatMap((config) => config.ok ? [config.value] : []);
    assertEquals(new Set(values.map(({ consensus }) => consensusConfigHash(consensus))).size, 1);
    assertEquals(new Set(values.map((config) => `${config.private.broadcastSecretKey}`)).size, 4);
    assertEquals(values.map(({ local }) => local.identity), PEERS);
    assertEquals((await test.result(0)).ok, true, "who asks later is told as well");
  });
});

Deno.test("whom it waits for to connect is told, less and less often", async () => {
  await withCeremonies(honest, async (test) => {
    test.connect(0, 1);
    await test.clock.advance(SILENCE_TOLD_MS);
    assertEquals(test.warnings(0), [], "a guardian has connected meanwhile");
    await test.clock.advance(SILENCE_TOLD_MS);
    const [first] = test.warnings(0);
    assertStringIncludes(first!.message, "waits for a connection");
    assertEquals(first!.guardians, "2 (g2), 3 (g3)");
    await test.clock.advance(8 * 3_600_000);
    const told = test.warnings(0).length, most = 8 * 3_600_000 / SILENCE_TOLD_MAX_MS + 6;
    assert(told > most - 6 && told <= most, `${told} times in eight hours`);
  });
});

Deno.test("a guardian's name in the log is only so long, however long it is in its setup code", async () => {
  const peers = new Map([...paramsOf(0).peers].map(([peer, code]) => [peer, { ...code, name: "x".repeat(10_000) }]));
  await withSystem(guardian(0, honest, { ...paramsOf(0), peers }), async ({ clock, log }) => {
    await clock.advance(SILENCE_TOLD_MS);
    const told = log.filter(({ level }) => level === "warn").map(({ facts }) => `${facts.guardians}`);
    assertEquals(told, [[1, 2, 3].map((peer) => `${peer} (${"x".repeat(GUARDIAN_NAME_MAX)})`).join(", ")]);
  });
});

Deno.test("a guardian that falls silent is told by name while it is silent, and the ceremony goes on when it speaks", async () => {
  const unsent: (() => void)[] = [], spokenTo = new Set<PeerId>();
  let silent = true;
  const way: Way = (from, to, message) => {
    if (from !== 2 || !silent) return [message];
    if (!spokenTo.has(to)) {
      spokenTo.add(to);
      return [message];
    }
    unsent.push(() => tell(to, message));
    return [];
  };
  let tell: (to: PeerId, message: P2pMessage) => void = () => {};
  await withCeremonies(way, async (test) => {
    tell = (to, message) => test.system.tell(routerOf(to), "received", { from: 2, id: 0, message });
    const results = PEERS.map((peer) => test.result(peer));
    test.connectAll();
    await test.clock.advance(2 * SILENCE_TOLD_MS - 1);
    assertEquals(test.warnings(0), []);
    await test.clock.advance(1);
    const [first] = test.warnings(0);
    assertStringIncludes(first!.message, "set up again");
    assertEquals([first!.guardians, first!.step], ["2 (g2)", "broadcast keys: exchange of PublicKey"]);
    silent = false;
    for (const speak of unsent) speak();
    await test.clock.advance(SILENCE_TOLD_MAX_MS);
    assert((await Promise.all(results)).every(({ ok }) => ok));
    assertEquals(test.warnings(0).length, 1);
  });
});

Deno.test("a lie ends the ceremony of those who were lied to, in words, and is told to late askers too", async () => {
  await withCeremonies(lying(1, [{ tag: "Encodable", value: new Uint8Array(33) }]), async (test) => {
    const asked = test.result(0);
    test.connectAll();
    await test.clock.advance(1_000);
    for (const result of [await asked, await test.result(0), await test.result(1)]) {
      assert(!result.ok);
      assertStringIncludes(result.error, `Guardian ${LIAR} `);
    }
    await test.clock.advance(SILENCE_TOLD_MAX_MS);
    assertEquals(test.warnings(0), [], "a ceremony that has ended waits for nobody");
  });
});

Deno.test("a guardian that sends without end, asked or not, ends the ceremony; nothing more of it is kept", async () => {
  const message: P2pMessage = { tag: "Encodable", value: new Uint8Array(33) };
  await withCeremonies(honest, async (test) => {
    for (let i = 0; i < WAITING_MESSAGES_MAX + 1; i++) {
      test.system.tell(ceremonyOf(0), "peerMessage", { from: LIAR, id: 0, message });
    }
    const result = await test.result(0);
    assert(!result.ok);
    assertStringIncludes(result.error, `Guardian ${LIAR} sends more than the ceremony asks for`);
    test.connectAll();
    await test.clock.advance(1_000);
    const zero = test.system.inspect().children.find(({ path }) => path === "root/ceremony:0")!;
    assertEquals(zero.facts, { started: false, finished: true });
    assertEquals(await test.result(0), result, "it stays ended, whatever comes");
  });
});

Deno.test("what doesn't decode when it is asked for ends the ceremony, with whose it is", async () => {
  await withCeremonies(honest, async (test) => {
    const asked = test.result(0);
    const message = { tag: "Sealed", value: { kind: "DkgG2", payload: Uint8Array.of(6, 0, 0, 0, 9) } } as const;
    test.system.tell(ceremonyOf(0), "peerMessage", { from: LIAR, id: 0, message });
    test.connectAll();
    await test.clock.advance(1_000);
    const result = await asked;
    assert(!result.ok);
    assertStringIncludes(result.error, `Guardian ${LIAR} sent what is no message of the ceremony`);
  });
});

Deno.test("guardians that have finished and run on into consensus don't end the ceremony of one that still waits", async () => {
  const late: P2pMessage[] = [];
  const way: Way = (from, to, message) => {
    if (from !== 2 || to !== 0 || message.tag !== "Checksum" || sentTo.size < 2) {
      if (message.tag === "Encodable") sentTo.add(to);
      return [message];
    }
    late.push(message);
    return [];
  };
  const sentTo = new Set<PeerId>();
  await withCeremonies(way, async (test) => {
    const results = PEERS.map((peer) => test.result(peer));
    test.connectAll();
    await test.clock.advance(1_000);
    assertEquals(late.length, 1, "only the last message of one to another is missing");
    for (const peer of [1, 3]) assert((await results[peer]!).ok);
    const tell = (from: PeerId, message: P2pMessage): void =>
      test.system.tell(routerOf(0), "received", { from, id: 0, message });
    for (let i = 0; i < 20 * WAITING_MESSAGES_MAX; i++) {
      for (const from of [1, 3]) tell(from, { tag: "Aleph", value: new Uint8Array(1_000) });
    }
    await test.clock.advance(1_000);
    tell(2, late[0]!);
    assert((await results[0]!).ok, "the others have a federation: this one must not be left out of it");
  });
});

Deno.test("a federation of one needs nobody", async () => {
  const params = { ...paramsOf(0), peers: new Map([...paramsOf(0).peers].slice(0, 1)) };
  const args = { params, definitions: builtInModules, router: null, testEnvironment: true };
  await withSystem([child(ceremony, { id: "ceremony:0", args, restart: "temporary" })], async ({ system, clock }) => {
    const result = system.ask(ceremonyOf(0), "result", null, { deadlineMs: Infinity });
    await clock.advance(1_000);
    const config = await result;
    assert(config.ok);
    assertEquals(config.value.consensus.apiEndpoints.size, 1);
  });
});
