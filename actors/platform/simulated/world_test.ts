/** The simulated world: one seed one run, and what partitions, kills and bad links do to processes. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Bytes, concat, equalBytes, fromUtf8, toHex, utf8 } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { type ByteStream, type MessageSocket, type Platform, sleep } from "../platform.ts";
import { type LinkBehaviour, SimulatedWorld, SimulationError, type WorldOptions } from "./mod.ts";

/** Runs the world until `body` is done. */
async function play(world: SimulatedWorld, body: () => Promise<void>, untilMs = 3_600_000): Promise<void> {
  let done = false;
  const playing = body().finally(() => done = true);
  await Promise.all([world.run({ until: () => done, untilMs: world.nowMs + untilMs }), playing]);
}

/** A server that sends back what it gets, over TLS (port 1) and WebSocket and HTTP (port 2). */
async function serveEcho(platform: Platform): Promise<void> {
  const { network } = platform;
  const identity = await network.makeTlsIdentity("peerServer");
  await network.listenTls({ hostname: "0.0.0.0", port: 1, identity }, async (stream) => {
    try {
      for (let part = await stream.read(); part !== null; part = await stream.read()) await stream.write(part);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
    }
    stream.close();
  });
  await network.serveHttp({ hostname: "0.0.0.0", port: 2 }, (request, upgrade) => {
    if (request.headers.get("upgrade") === null) return new Response("over HTTP");
    const { response, socket } = upgrade({ messageBytesMax: 1_000, pingMs: 10_000 });
    socket.then(async (open) => {
      for (let text = await open.receive(); text !== null; text = await open.receive()) open.send(text);
    });
    return response;
  });
}

async function dial(platform: Platform, hostname: string): Promise<ByteStream> {
  const identity = await platform.network.makeTlsIdentity("peerClient");
  return await platform.network.dialTls({ hostname, port: 1, identity, serverName: "peerServer", timeoutMs: 5_000 });
}

function open(platform: Platform, hostname: string): Promise<MessageSocket> {
  return platform.network.openWebSocket(`ws://${hostname}:2/`, { timeoutMs: 5_000, messageBytesMax: 1_000 });
}

async function readBytes(stream: ByteStream, length: number): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (let count = 0; count < length;) {
    const part = await stream.read();
    assert(part !== null, "the stream goes on");
    parts.push(part);
    count += part.length;
  }
  return concat(...parts);
}

async function echoOver(stream: ByteStream, bytes: Bytes): Promise<void> {
  await stream.write(bytes);
  assert(equalBytes(await readBytes(stream, bytes.length), bytes));
}

/** A server and a client, and whatever happens between them when all kinds of traffic go at once. */
async function busyRun(seed: number, options: WorldOptions = {}): Promise<SimulatedWorld> {
  const world = new SimulatedWorld(seed, options);
  const [server, client] = [world.process("server"), world.process("client")];
  await play(world, async () => {
    await serveEcho(server.platform);
    const stream = await dial(client.platform, "server");
    const socket = await open(client.platform, "server");
    await client.platform.files.makeDirectory("/data", { secret: true });
    for (let i = 0; i < 20; i++) {
      socket.send(`message ${i}`);
      await echoOver(stream, client.platform.dice.bytes(1 + client.platform.dice.below(5_000)));
      await client.platform.files.replace("/data/round", utf8(`${i}`));
      assertEquals(await socket.receive(), `message ${i}`);
    }
    await client.platform.network.fetch("http://server:2/", { timeoutMs: 5_000, bodyBytesMax: 100 });
  });
  return world;
}

Deno.test("the same seed gives the same run, event for event", async () => {
  const link: Partial<LinkBehaviour> = { dropProbability: 0.1 };
  const [a, b] = [await busyRun(1, { link }), await busyRun(1, { link })];
  assertEquals(a.log.lines, b.log.lines);
  assertEquals(a.log.hash(), b.log.hash());
  assertEquals([a.nowMs, a.log.count], [b.nowMs, b.log.count]);
  assert(a.log.count > 200);
});

Deno.test("another seed gives another run", async () => {
  assertNotEquals((await busyRun(1)).log.hash(), (await busyRun(2)).log.hash());
});

Deno.test("a difference of one byte or one note shows in the log's hash", async () => {
  const hashes = new Set<string>();
  for (const [text, note] of [["a", "x"], ["b", "x"], ["a", "y"]] as const) {
    const world = new SimulatedWorld(1);
    const [server, client] = [world.process("server").platform, world.process("client").platform];
    await play(world, async () => {
      await serveEcho(server);
      await echoOver(await dial(client, "server"), utf8(text));
    });
    world.note(note);
    hashes.add(world.log.hash());
  }
  assertEquals(hashes.size, 3);
});

Deno.test("dice are as pinned, so that a seed in a bug report keeps its meaning", () => {
  const dice = new SimulatedWorld(7).process("guardian0").platform.dice;
  assertEquals(toHex(dice.bytes(8)), "8007e5cf5210e676");
  assertEquals([dice.below(1_000), dice.below(1_000), dice.fraction().toFixed(6)], [328, 662, "0.691739"]);
});

Deno.test("one more process changes nobody else's dice", () => {
  const [alone, among] = [new SimulatedWorld(7), new SimulatedWorld(7)];
  among.process("other").platform.dice.bytes(100);
  assertEquals(alone.process("a").platform.dice.bytes(100), among.process("a").platform.dice.bytes(100));
  assertNotEquals(
    toHex(among.process("a").platform.dice.bytes(100)),
    toHex(among.process("b").platform.dice.bytes(100)),
  );
});

Deno.test("a partition stalls connections and dialling, and healing lets all arrive in order", async () => {
  const world = new SimulatedWorld(3);
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    await serveEcho(server);
    const stream = await dial(client, "server");
    await stream.write(utf8("on the way;"));
    world.partition("client", "server");
    await stream.write(utf8("one;"));
    await sleep(client.clock, 1_000);
    await stream.write(utf8("two;"));
    let got = "";
    const reading = readBytes(stream, 19).then((bytes) => got = fromUtf8(bytes));
    const dialling = dial(client, "server");
    await sleep(client.clock, 3_000);
    assertEquals(got, "");
    world.heal("client", "server");
    const healedMs = client.clock.monotonicMs();
    await reading;
    assertEquals(got, "on the way;one;two;");
    assert(client.clock.monotonicMs() - healedMs < 200);
    await echoOver(await dialling, utf8("late, but there"));
  });
});

Deno.test("a partition does not touch others", async () => {
  const world = new SimulatedWorld(3);
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  world.process("other");
  await play(world, async () => {
    await serveEcho(server);
    world.partition("other", "server");
    await echoOver(await dial(client, "server"), utf8("here"));
  });
});

Deno.test("in a partition dialling ends by its time, and connections break when TCP gives up", async () => {
  const world = new SimulatedWorld(3, { deadPeerMs: 30_000 });
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    await serveEcho(server);
    const [stream, socket] = [await dial(client, "server"), await open(client, "server")];
    world.partition("server", "client");
    const fromMs = client.clock.monotonicMs();
    assertEquals((await assertRejects(() => dial(client, "server"), NetworkError)).code, "timeout");
    assertEquals(client.clock.monotonicMs() - fromMs, 5_000);
    assertEquals((await assertRejects(() => stream.read(), NetworkError)).code, "reset");
    assertEquals(client.clock.monotonicMs() - fromMs, 30_000);
    assertEquals(await socket.receive(), null);
  });
});

Deno.test("a partition that heals in time and comes again breaks nothing before its own time", async () => {
  const world = new SimulatedWorld(3, { deadPeerMs: 30_000 });
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    await serveEcho(server);
    const stream = await dial(client, "server");
    world.partition("server", "client");
    await sleep(client.clock, 20_000);
    world.heal("server", "client");
    await sleep(client.clock, 5_000);
    world.partition("server", "client");
    await sleep(client.clock, 20_000);
    world.heal("server", "client");
    await echoOver(stream, utf8("still here"));
  });
});

Deno.test("a server cuts off a WebSocket that it hears nothing from, before TCP does", async () => {
  const world = new SimulatedWorld(3, { deadPeerMs: 600_000 });
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    const accepted = Promise.withResolvers<MessageSocket>();
    await server.network.serveHttp({ hostname: "0.0.0.0", port: 2 }, (_request, upgrade) => {
      const { response, socket } = upgrade({ messageBytesMax: 10, pingMs: 10_000 });
      socket.then(accepted.resolve);
      return response;
    });
    await open(client, "server");
    const socket = await accepted.promise;
    await sleep(server.clock, 120_000); // as long as pings are answered it lives
    world.partition("server", "client");
    const fromMs = server.clock.monotonicMs();
    assertEquals(await socket.receive(), null);
    const silentMs = server.clock.monotonicMs() - fromMs;
    assert(silentMs >= 39_900 && silentMs <= 51_000, `${silentMs} ms`);
  });
});

Deno.test("a killed process does nothing more, and its system closes its connections", async () => {
  const world = new SimulatedWorld(4);
  const [server, client] = [world.process("server"), world.process("client")];
  const after: string[] = [];
  await play(world, async () => {
    const { clock, files, network } = server.platform;
    await serveEcho(server.platform);
    const [stream, socket] = [await dial(client.platform, "server"), await open(client.platform, "server")];
    clock.setTimer(100, () => after.push("timer"));
    sleep(clock, 100).then(() => after.push("sleep"));
    server.kill();
    // The code of the dead process may still be in the middle of a turn.
    clock.setTimer(1, () => after.push("late timer"));
    files.create("/late", utf8("x")).then(() => after.push("late file"));
    network.makeTlsIdentity("x").then((identity) =>
      network.dialTls({ hostname: "client", port: 1, identity, serverName: "x", timeoutMs: 10 })
    ).catch(() => after.push("late dial"));
    network.fetch("http://client:2/", { timeoutMs: 10, bodyBytesMax: 1 }).catch(() => after.push("late fetch"));
    assertEquals((await assertRejects(() => stream.read(), NetworkError)).code, "reset");
    assertEquals(await socket.receive(), null);
    assertEquals((await assertRejects(() => dial(client.platform, "server"), NetworkError)).code, "unreachable");
    const fetching = client.platform.network.fetch("http://server:2/", { timeoutMs: 5_000, bodyBytesMax: 100 });
    assertEquals((await assertRejects(() => fetching, NetworkError)).code, "unreachable");
    await sleep(client.platform.clock, 1_000);
  });
  assertEquals(after, []);
  assertEquals(server.disk.read("/late", 10), undefined);
  assert(!server.alive && client.alive);
});

Deno.test("a process that starts again has its files, other dice and free ports", async () => {
  const world = new SimulatedWorld(4);
  const [server, client] = [world.process("server"), world.process("client")];
  await play(world, async () => {
    await serveEcho(server.platform);
    await server.platform.files.create("/state", utf8("kept"), { secret: true });
    const dice = toHex(new SimulatedWorld(4).process("server").platform.dice.bytes(8));
    server.kill();
    const again = server.restart();
    assertEquals(again, server.platform);
    assertNotEquals(toHex(again.dice.bytes(8)), dice);
    assertEquals(await again.files.read("/state", 10), utf8("kept"));
    await serveEcho(again);
    await echoOver(await dial(client.platform, "server"), utf8("again"));
  });
});

Deno.test("a machine without power is silent; its peers learn it when it is back, or by the time of TCP", async () => {
  for (const [backAfterMs, learnedMs] of [[7_000, 7_000], [90_000, 60_000]] as const) {
    const world = new SimulatedWorld(4);
    const [server, client] = [world.process("server"), world.process("client")];
    await play(world, async () => {
      await serveEcho(server.platform);
      const stream = await dial(client.platform, "server");
      server.kill("power");
      const fromMs = world.nowMs;
      const { clock } = client.platform;
      clock.setTimer(backAfterMs, () => server.restart());
      assertEquals((await assertRejects(() => dial(client.platform, "server"), NetworkError)).code, "timeout");
      await assertRejects(() => readBytes(stream, 1), NetworkError);
      const tookMs = world.nowMs - fromMs;
      assert(tookMs >= learnedMs && tookMs < learnedMs + 100, `${tookMs} ms`);
    });
  }
});

Deno.test("a write that a kill interrupts is done or not done, never half", async () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const world = new SimulatedWorld(seed);
    const process = world.process("a");
    await play(world, async () => {
      await process.platform.files.create("/f", utf8("old"));
      process.platform.files.replace("/f", utf8("new"));
      process.kill();
      seen.add(fromUtf8((await process.restart().files.read("/f", 10))!));
    });
  }
  assertEquals([...seen].sort(), ["new", "old"]);
});

Deno.test("lost packets stall a connection and keep its order; only others overtake it", async () => {
  const world = new SimulatedWorld(5, { link: { dropProbability: 0.3 } });
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    const got: string[] = [];
    const texts = Array.from({ length: 200 }, (_, i) => `${i}`);
    await serveEcho(server);
    const streams = await Promise.all(Array.from({ length: 10 }, () => dial(client, "server")));
    await Promise.all(streams.map(async (stream, i) => {
      await echoOver(stream, utf8(texts.join()));
      got.push(`${i}`);
    }));
    assertEquals([...got].sort(), texts.slice(0, 10));
    assertNotEquals(got, texts.slice(0, 10));
    assert(world.nowMs > 400, "nothing was ever lost");
  });
});

Deno.test("a link that resets breaks connections for both sides", async () => {
  const world = new SimulatedWorld(6);
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  await play(world, async () => {
    await serveEcho(server);
    const stream = await dial(client, "server");
    world.link("server", "client", { resetProbability: 1 });
    await stream.write(utf8("x"));
    assertEquals((await assertRejects(() => stream.read(), NetworkError)).code, "reset");
    assertEquals((await assertRejects(() => stream.write(utf8("x")), NetworkError)).code, "reset");
    world.link("server", "client", { resetProbability: 0 });
    await echoOver(await dial(client, "server"), utf8("fine again"));
  });
});

Deno.test("a process reaches itself by localhost, and its clock may be wrong and be set", async () => {
  const world = new SimulatedWorld(6, { startMs: 1_000_000 });
  const process = world.process("a", { clockSkewMs: -5_000 }), { platform } = process;
  assertEquals([platform.clock.nowMs(), platform.clock.monotonicMs()], [995_000, 0]);
  process.setClock(7_000);
  assertEquals([platform.clock.nowMs(), platform.clock.monotonicMs()], [1_007_000, 0]);
  await play(world, async () => {
    await serveEcho(platform);
    await echoOver(await dial(platform, "127.0.0.1"), utf8("me"));
    const { body } = await platform.network.fetch("http://localhost:2/", { timeoutMs: 100, bodyBytesMax: 100 });
    assertEquals(body, utf8("over HTTP"));
  });
});

Deno.test("time passes only by events, and stops where it is told to", async () => {
  const world = new SimulatedWorld(7);
  const { clock } = world.process("a").platform;
  const fired: number[] = [];
  const tick = (): void => {
    fired.push(clock.monotonicMs());
    clock.setTimer(100, tick);
  };
  clock.setTimer(100, tick);
  await world.run({ untilMs: 250 });
  assertEquals([fired, world.nowMs], [[100, 200], 250]);
  await world.run({ forMs: 50 });
  assertEquals([fired, world.nowMs], [[100, 200, 300], 300]);
  await world.run({ until: () => fired.length === 5 });
  assertEquals(world.nowMs, 500);
});

Deno.test("a run that does not come to its end says why, with its seed and last events", async () => {
  const world = new SimulatedWorld("a word");
  const { clock } = world.process("a").platform;
  const idle = await assertRejects(() => world.run({ until: () => false }), SimulationError, "Seed a word");
  assertEquals(idle.code, "idle");
  const tick = (): void => void clock.setTimer(1, tick);
  tick();
  assertEquals((await assertRejects(() => world.run({ until: () => false, forMs: 10 }), SimulationError)).code, "time");
  const endless = await assertRejects(() => world.run({ maxEvents: 100 }), SimulationError, "timer a");
  assertEquals(endless.code, "events");
});

Deno.test("what a timer or a request handler throws fails the run", async () => {
  const world = new SimulatedWorld(8);
  const [server, client] = [world.process("server").platform, world.process("client").platform];
  client.clock.setTimer(1, () => {
    throw new Error("in a timer");
  });
  await assertRejects(() => world.run({ forMs: 10 }), Error, "in a timer");
  await server.network.serveHttp({ hostname: "0.0.0.0", port: 2 }, () => {
    throw new Error("in a handler");
  });
  client.network.fetch("http://server:2/", { timeoutMs: 100, bodyBytesMax: 10 });
  await assertRejects(() => world.run({ forMs: 1_000 }), Error, "in a handler");
});

Deno.test("the log keeps its last lines and hashes all", async () => {
  const world = new SimulatedWorld(9, { keepLines: 3 });
  for (let i = 0; i < 1_000; i++) world.note(`${i}`);
  assertEquals(world.log.lines, ["0.000 997", "0.000 998", "0.000 999"]);
  assertEquals(world.log.count, 1_000);
  const text = Array.from({ length: 1_000 }, (_, i) => `0.000 ${i}\n`).join("");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
  assertEquals(world.log.hash(), toHex(digest));
});
