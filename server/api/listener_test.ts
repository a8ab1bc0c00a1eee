import { assertEquals, assertRejects } from "@std/assert";
import { Handover } from "../../actors/handover.ts";
import { child, createSystem, refTo, supervisor } from "../../actors/mod.ts";
import type { LogRecord } from "../../actors/logger.ts";
import { NetworkError } from "../../actors/platform/error.ts";
import type { MessageSocket } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { ActorSystem } from "../../actors/system.ts";
import { fromUtf8, utf8 } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { err } from "../../core/result.ts";
import type { Client } from "./connection.ts";
import type { Method } from "./dispatch.ts";
import { ANSWER_BYTES_MAX, BATCH_MAX, REQUEST_BYTES_READ_MAX, REQUEST_CHARACTERS_MAX } from "./limits.ts";
import type { ApiListenerMessage } from "./listener.ts";
import { apiListener } from "./listener.ts";
import { apiSecretAuthorization } from "../../actors/rpc/mod.ts";
import { apiTree } from "./tree.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("net");

const OPEN = { timeoutMs: 10_000, messageBytesMax: 2 * ANSWER_BYTES_MAX };
const PING = '{"jsonrpc":"2.0","id":1,"method":"ping","params":[{"params":null}]}';
const WAIT = PING.replace("ping", "wait");
const PONG = '{"jsonrpc":"2.0","id":1,"result":"pong"}';

type Options = {
  readonly connectionsMax?: number;
  readonly connectionsPerAddress?: number;
  readonly apiSecrets?: readonly string[];
  readonly openFilesMax?: number;
  readonly methods?: Record<string, Method>;
};

class Api {
  readonly world = new SimulatedWorld(1);
  readonly waits: AbortSignal[] = [];
  readonly log: LogRecord[] = [];
  readonly system: ActorSystem;

  constructor({ openFilesMax = null }: { readonly openFilesMax?: number | null } = {}) {
    const { platform, disk } = this.world.process("guardian");
    disk.openFilesMax = openFilesMax;
    this.system = createSystem({ platform, log: (record) => this.log.push(record) });
  }

  static async start(options: Options = {}): Promise<Api> {
    const { connectionsMax = 10, connectionsPerAddress = 10, apiSecrets = [] } = options;
    const api = new Api(options);
    const methods: Record<string, Method> = {
      ping: () => Promise.resolve("pong"),
      wait: (_request, signal) => {
        api.waits.push(signal);
        return new Promise(() => {});
      },
      ...options.methods,
    };
    const tree = apiTree("root", {
      bind: { hostname: "0.0.0.0", port: 8174 },
      methods: (name) => methods[name],
      connectionsMax,
      connectionsPerAddress,
      apiSecrets,
    });
    await api.finish(api.system.start(supervisor("root", { children: [tree] })));
    return api;
  }

  finish<T>(promise: Promise<T>): Promise<T> {
    return this.world.finish(promise, { forMs: 600_000 });
  }

  /** A client's socket, open. */
  open(authorization?: string): Promise<MessageSocket> {
    const headers = authorization === undefined ? {} : { headers: { Authorization: authorization } };
    const { network } = this.world.process("client").platform;
    return this.finish(network.openWebSocket("ws://guardian:8174/any/path", { ...OPEN, ...headers }));
  }

  async refusal(authorization?: string): Promise<number | undefined> {
    const thrown = await assertRejects(() => this.open(authorization), NetworkError);
    return (thrown.facts as { status?: number }).status;
  }

  async ask(socket: MessageSocket, message: string): Promise<string | null> {
    socket.send(message);
    return await this.finish(socket.receive());
  }

  async post(body: string, contentType = "application/json", method: "GET" | "POST" = "POST") {
    const { network } = this.world.process("client").platform;
    const options = { method, headers: { "content-type": contentType }, timeoutMs: 90_000, bodyBytesMax: 1_000_000 };
    const answer = await this.finish(
      network.fetch("http://guardian:8174/", method === "POST" ? { ...options, body } : options),
    );
    return { status: answer.status, text: fromUtf8(answer.body) };
  }

  connections(): number {
    const api = this.system.inspect().children[0]!;
    return api.children.find(({ path }) => path.endsWith("/connections"))!.children.length;
  }
}

Deno.test("a process that may have few files open takes fewer connections than configured, and says so", async () => {
  const many = await Api.start({ connectionsMax: 3, openFilesMax: 16 });
  for (let i = 0; i < 3; i++) (await many.open()).send(WAIT);
  await many.world.run({ forMs: 1_000 });
  assertEquals(await many.refusal(), 429);
  assertEquals(many.log.filter(({ level }) => level === "warn"), []);

  const few = await Api.start({ connectionsMax: 3, openFilesMax: 12 });
  for (let i = 0; i < 2; i++) (await few.open()).send(WAIT);
  await few.world.run({ forMs: 1_000 });
  assertEquals(await few.refusal(), 429);
  assertEquals(few.log.filter(({ level }) => level === "warn").map(({ facts }) => facts), [
    { openFiles: 12, configured: 3, connections: 2 },
  ]);
});

Deno.test("clients connect on any path and are answered", async () => {
  const api = await Api.start();
  const [a, b] = [await api.open(), await api.open()];
  assertEquals(await api.ask(a, PING), PONG);
  assertEquals(await api.ask(b, PING), PONG);
  assertEquals(api.connections(), 2);
  a.close();
  await api.world.run({ forMs: 10_000 });
  assertEquals(api.connections(), 1);
});

Deno.test("a private API refuses strangers with 401, before anything else", async () => {
  const api = await Api.start({ apiSecrets: ["first", "second"], connectionsMax: 2 });
  assertEquals(await api.refusal(), 401);
  assertEquals(await api.refusal(apiSecretAuthorization("third")), 401);
  for (const secret of ["first", "second"]) {
    const socket = await api.open(apiSecretAuthorization(secret));
    assertEquals(await api.ask(socket, PING), PONG);
    socket.send(WAIT);
  }
  await api.world.run({ forMs: 1_000 });
  assertEquals(await api.refusal(), 401);
  assertEquals(await api.refusal(apiSecretAuthorization("first")), 429);
  assertEquals(await api.post(PING), { status: 401, text: "Unauthorized" });
});

Deno.test("above its number of connections it answers 429 when all are busy, until one ends", async () => {
  const api = await Api.start({ connectionsMax: 2 });
  const [a, b] = [await api.open(), await api.open()];
  for (const socket of [a, b]) socket.send(WAIT);
  await api.world.run({ forMs: 1_000 });
  assertEquals(await api.refusal(), 429);
  assertEquals((await api.post(PING)).status, 429);
  a.close();
  await api.world.run({ forMs: 10_000 });
  assertEquals(await api.ask(await api.open(), PING), PONG);
});

Deno.test("a newcomer takes the place of the connection that was idle longest, of the same address first", async () => {
  const api = await Api.start({ connectionsMax: 10, connectionsPerAddress: 2 });
  const [idle, busy] = [await api.open(), await api.open()];
  busy.send(WAIT);
  await api.world.run({ forMs: 1_000 });
  const newcomer = await api.open();
  assertEquals(await api.finish(idle.receive()), null);
  newcomer.send(WAIT);
  await api.world.run({ forMs: 1_000 });
  assertEquals([await api.refusal(), api.connections()], [429, 2]);
  const elsewhere = api.world.process("other").platform.network.openWebSocket("ws://guardian:8174/", OPEN);
  assertEquals(await api.ask(await api.finish(elsewhere), PING), PONG);
});

Deno.test("requests by POST share the budget of their address", async () => {
  const api = await Api.start();
  const batch = `[${Array(BATCH_MAX).fill(PING).join(",")}]`;
  const statuses: number[] = [];
  for (let i = 0; i < 100; i++) statuses.push((await api.post(batch)).status);
  const taken = statuses.indexOf(429);
  // 100 calls each, 1 unit a call and some for the text
  assertEquals([taken > 20, taken < 90], [true, true], `${taken}`);
  await api.world.run({ forMs: 10_000 });
  assertEquals((await api.post(batch)).status, 200);
});

Deno.test("requests of any kind cost their address something, refused ones too", async () => {
  const api = await Api.start({ apiSecrets: ["secret"] });
  const { network } = api.world.process("client").platform;
  const options = { timeoutMs: 90_000, bodyBytesMax: 1_000 };
  const asked = Array.from({ length: 2_000 }, () => network.fetch("http://guardian:8174/", options));
  const statuses = (await api.finish(Promise.all(asked))).map(({ status }) => status);
  const counted = (wanted: number): number => statuses.filter((status) => status === wanted).length;
  assertEquals([counted(401) + counted(429), counted(401) >= 1_000, counted(429) > 500], [2_000, true, true]);
});

Deno.test("when a client is gone what it waited for ends", async () => {
  const api = await Api.start();
  const socket = await api.open();
  socket.send(WAIT);
  await api.world.run({ forMs: 1_000 });
  assertEquals(api.waits.map(({ aborted }) => aborted), [false]);
  socket.close();
  await api.world.run({ forMs: 1_000 });
  assertEquals([api.waits[0]!.aborted, api.connections()], [true, 0]);
});

Deno.test("a client that vanished without a word is found by its silence", async () => {
  const api = await Api.start();
  const socket = await api.open();
  socket.send(WAIT);
  await api.world.run({ forMs: 1_000 });
  api.world.process("client").kill("power");
  await api.world.run({ forMs: 60_000 });
  assertEquals([api.waits[0]!.aborted, api.connections()], [true, 0]);
});

Deno.test("a request is cut after 60 s and the connection lives on", async () => {
  const api = await Api.start();
  const socket = await api.open();
  const startMs = api.world.nowMs;
  const cut = '{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Request timeout"}}';
  assertEquals(await api.ask(socket, WAIT), cut);
  assertEquals(Math.floor((api.world.nowMs - startMs) / 1_000), 60);
  assertEquals(await api.ask(socket, PING), PONG);
});

Deno.test("a message that is too large is told so; one that is far too large ends the connection", async () => {
  const api = await Api.start();
  const socket = await api.open();
  const answer = parseJson((await api.ask(socket, `"${"x".repeat(REQUEST_CHARACTERS_MAX)}"`))!) as JsonObject;
  assertEquals((answer.error as JsonObject).code, -32007);
  assertEquals(await api.ask(socket, PING), PONG);
  assertEquals(await api.ask(socket, "x".repeat(REQUEST_BYTES_READ_MAX + 1)), null);
  await api.world.run({ forMs: 1_000 });
  assertEquals(api.connections(), 0);
});

Deno.test("JSON-RPC by POST is answered too, within the same bounds", async () => {
  const api = await Api.start({ connectionsMax: 1 });
  assertEquals(await api.post(PING), { status: 200, text: PONG });
  assertEquals((await api.post(PING, "text/plain")).status, 415);
  assertEquals((await api.post("", "text/plain", "GET")).status, 405);
  for (const characters of [REQUEST_CHARACTERS_MAX, REQUEST_BYTES_READ_MAX]) {
    const tooLarge = await api.post(`"${"x".repeat(characters)}"`);
    assertEquals(((parseJson(tooLarge.text) as JsonObject).error as JsonObject).code, -32007);
  }
  const cut = await api.post(WAIT);
  assertEquals(((parseJson(cut.text) as JsonObject).error as JsonObject).code, -32000);
  // a request gives its place back
  assertEquals(await api.post(PING), { status: 200, text: PONG });
});

Deno.test("who asks by POST is told from others, and who goes ends what was asked", async () => {
  const sources: unknown[] = [];
  const api = await Api.start({
    methods: {
      whence: ({ source }) => {
        sources.push(source);
        return Promise.resolve(null);
      },
    },
  });
  await api.post(PING.replace("ping", "whence"));
  await api.ask(await api.open(), PING.replace("ping", "whence"));
  assertEquals(sources, ["client", "client"]);
  const left = new AbortController(), { network } = api.world.process("client").platform;
  const headers = { "content-type": "application/json" };
  const asked = network.fetch("http://guardian:8174/", {
    method: "POST",
    headers,
    body: WAIT,
    timeoutMs: 90_000,
    bodyBytesMax: 1_000,
    signal: left.signal,
  });
  asked.catch(() => {});
  await api.world.run({ forMs: 1_000 });
  left.abort(new Error("it goes"));
  await api.world.run({ forMs: 1_000 });
  assertEquals(api.waits.map(({ aborted }) => aborted), [true]);
});

onMachine(
  "answers by POST that nobody takes in hold the place of their connection: who comes cuts the oldest",
  async () => {
    const platform = realPlatform(), log: LogRecord[] = [];
    const system = createSystem({ platform, log: (record) => log.push(record) });
    const large = "x".repeat(ANSWER_BYTES_MAX - 1_000);
    const tree = apiTree("root", {
      bind: { hostname: "127.0.0.1", port: 0 },
      methods: (name) => name === "large" ? () => Promise.resolve(large) : undefined,
      connectionsMax: 2,
      connectionsPerAddress: 2,
      apiSecrets: [],
    });
    await system.start(supervisor("root", { children: [tree] }));
    const body = PING.replace("ping", "large");
    const head =
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const bytesOf = async (connection: Deno.TcpConn): Promise<number> => {
      let bytes = 0;
      for await (const chunk of connection.readable) {
        bytes += chunk.length;
        if (bytes > large.length) break;
      }
      return bytes;
    };
    try {
      const address = log.find(({ message }) => message === "API is listening")!.facts!.address as string;
      const lazy: Deno.TcpConn[] = [];
      for (let i = 0; i < 4; i++) {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(address.split(":")[1]) });
        await connection.write(utf8(head + body));
        // the first bytes of the answer: it is under way
        assertEquals(await connection.read(new Uint8Array(1)), 1);
        lazy.push(connection);
      }
      const taken = await Promise.all(lazy.map((connection) => bytesOf(connection).catch(() => 0)));
      assertEquals(taken.map((bytes) => bytes > large.length), [false, false, true, true]);
    } finally {
      await system.stop();
    }
  },
);

onMachine("the same on real sockets: a call, a refused stranger, an orderly end", async () => {
  const platform = realPlatform();
  const log: LogRecord[] = [];
  const system = createSystem({ platform, log: (record) => log.push(record) });
  const tree = apiTree("root", {
    bind: { hostname: "127.0.0.1", port: 0 },
    methods: (name) => name === "ping" ? () => Promise.resolve("pong") : undefined,
    connectionsMax: 10,
    connectionsPerAddress: 10,
    apiSecrets: ["secret"],
  });
  await system.start(supervisor("root", { children: [tree] }));
  try {
    const address = log.find(({ message }) => message === "API is listening")!.facts!.address;
    const url = `ws://${address}`;
    const stranger = await assertRejects(() => platform.network.openWebSocket(url, OPEN), NetworkError);
    assertEquals(stranger.code, "refused");
    const headers = { Authorization: apiSecretAuthorization("secret") };
    const socket = await platform.network.openWebSocket(url, { ...OPEN, headers });
    socket.send(PING);
    assertEquals(await socket.receive(), PONG);
    await system.stop();
    assertEquals(await socket.receive(), null);
  } finally {
    await system.stop();
  }
});

/** Makes the listener crash. */
function crash(system: ActorSystem): void {
  const cause = new Error("it crashes");
  system.tell(refTo<ApiListenerMessage>("root/api/listener"), "started", { outcome: err(cause) });
}

Deno.test("a listener that crashes listens again at the same address, whoever was connected", async () => {
  const api = await Api.start();
  for (let time = 0; time < 3; time++) {
    const socket = await api.open();
    assertEquals(await api.ask(socket, PING), PONG);
    crash(api.system);
    await api.world.run({ forMs: 1_000 });
    assertEquals(api.connections(), 0);
  }
  const [socket, other] = [await api.open(), await api.open()];
  assertEquals([await api.ask(socket, PING), await api.ask(other, PING)], [PONG, PONG]);
});

onMachine("a listener on a real socket that crashes listens again at the same port", async () => {
  const platform = realPlatform();
  const free = await platform.network.serveHttp({ hostname: "127.0.0.1", port: 0 }, () => new Response(""));
  await free.close();
  const listening = Promise.withResolvers<void>();
  let lives = 0;
  const system = createSystem({
    platform,
    log: ({ message }) => {
      if (message === "API is listening" && ++lives === 3) listening.resolve();
      if (message === "API is listening" && lives < 3) setImmediate(() => crash(system));
    },
  });
  const tree = apiTree("root", {
    bind: free.address,
    methods: (name) => name === "ping" ? () => Promise.resolve("pong") : undefined,
    connectionsMax: 10,
    connectionsPerAddress: 10,
    apiSecrets: [],
  });
  await system.start(supervisor("root", { children: [tree] }));
  try {
    await Promise.race([listening.promise, system.ended.then(() => Promise.reject(system.failure))]);
    const socket = await platform.network.openWebSocket(`ws://127.0.0.1:${free.address.port}`, OPEN);
    socket.send(PING);
    assertEquals(await socket.receive(), PONG);
  } finally {
    await system.stop();
  }
});

Deno.test("a connection for which no actor can be started is closed", async () => {
  const world = new SimulatedWorld(1);
  const system = createSystem({ platform: world.process("guardian").platform, log: () => {} });
  const handover = new Handover<Client>();
  const listener = child(apiListener, {
    args: {
      bind: { hostname: "0.0.0.0", port: 8174 },
      methods: () => undefined,
      connectionsMax: 10,
      connectionsPerAddress: 10,
      apiSecrets: [],
      supervisor: "root/nowhere",
      handover,
    },
  });
  const finish = <T>(promise: Promise<T>): Promise<T> => world.finish(promise, { forMs: 60_000 });
  await finish(system.start(supervisor("root", { intensity: 1_000, children: [listener] })));
  const { network } = world.process("client").platform;
  for (let i = 0; i < 3; i++) {
    const socket = await finish(network.openWebSocket("ws://guardian:8174/", OPEN));
    assertEquals(await finish(socket.receive()), null);
  }
  assertEquals(handover.size, 0);
});

Deno.test("a listener that crashes before it has told of a connection tells of it no more", async () => {
  const api = await Api.start();
  crash(api.system);
  api.system.tell(refTo<ApiListenerMessage>("root/api/listener"), "opened", { id: 7 }); // waits for the next life
  await api.world.run({ forMs: 1_000 });
  assertEquals(await api.ask(await api.open(), PING), PONG);
  assertEquals(api.log.filter(({ level }) => level === "error").length, 1, "it crashed once");
});
