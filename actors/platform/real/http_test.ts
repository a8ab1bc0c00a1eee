/** What only real HTTP shows: other implementations at the other end, and clients that break the rules. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, concatAll, fromUtf8, utf8 } from "../../../core/bytes.ts";
import { errorText } from "../../../core/result.ts";
import { NetworkError } from "../error.ts";
import type { HttpHandler, MessageSocket } from "../platform.ts";
import { SOCKET_MINOR_FRAMES_MAX } from "../limits.ts";
import { realPlatform } from "../real.ts";
import { encodeFrame, OPCODE } from "./websocket_frames.ts";
import { serveHttp } from "./http_server.ts";
import { toPem } from "./certificate.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("net");

const reports: string[] = [];
const toReports = (what: string): void => void reports.push(what);
const { network } = realPlatform(toReports);
const OPEN = { timeoutMs: 60_000, messageBytesMax: 1_000 };
const MASK = new Uint8Array(4);

async function serve(handler: HttpHandler) {
  const listener = await network.serveHttp({ hostname: "127.0.0.1", port: 0 }, handler);
  return { listener, port: listener.address.port };
}

/** A server of one WebSocket. */
async function serveSocket(options: { messageBytesMax: number; pingMs: number }) {
  const opened = Promise.withResolvers<MessageSocket>();
  const served = await serve((_request, upgrade) => {
    const { response, socket } = upgrade(options);
    socket.then(opened.resolve, opened.reject);
    return response;
  });
  return { ...served, socket: opened.promise };
}

/** Sends `bytes` and reads until the other side closes. */
async function raw(port: number, bytes: Uint8Array): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const write = connection.write(bytes).catch(() => 0);
  const answer: Uint8Array[] = [];
  const buffer = new Uint8Array(10_000);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) break;
    answer.push(buffer.slice(0, count));
  }
  await write;
  return fromUtf8(concat(...answer).map((byte) => byte < 128 ? byte : 0x3f));
}

const UPGRADE =
  "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

onMachine("the handshake is that of RFC 6455, without compression, and pings are answered", async () => {
  const { listener, port, socket } = await serveSocket({ messageBytesMax: 100, pingMs: 60_000 });
  const ping = encodeFrame(OPCODE.ping, utf8("pi"), MASK);
  const close = encodeFrame(OPCODE.close, new Uint8Array(), MASK);
  const answer = await raw(
    port,
    concat(utf8(UPGRADE.replace("Key", "Extensions: permessage-deflate\r\nSec-WebSocket-Key")), ping, close),
  );
  assertStringIncludes(answer, "HTTP/1.1 101 ");
  assertStringIncludes(answer.toLowerCase(), "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n");
  assert(!answer.toLowerCase().includes("extensions"));
  assertStringIncludes(answer, "\x02pi"); // the pong
  assertEquals(await (await socket).receive(), null);
  await listener.close();
});

onMachine("the runtime's own WebSocket client speaks with our server", async () => {
  const { listener, port, socket } = await serveSocket({ messageBytesMax: 100_000, pingMs: 200 });
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const got = new Promise((resolve) => client.onmessage = (event) => resolve(event.data));
  const gone = new Promise<CloseEvent>((resolve) => client.onclose = resolve);
  await new Promise((resolve) => client.onopen = resolve);
  const server = await socket;
  client.send("ä".repeat(40_000));
  assertEquals(await server.receive(), "ä".repeat(40_000));
  client.send(utf8("as bytes"));
  assertEquals(await server.receive(), "as bytes"); // as jsonrpsee reads them
  await new Promise((resolve) => setTimeout(resolve, 900)); // four pings, all answered
  server.send("b".repeat(80_000));
  assertEquals(await got, "b".repeat(80_000));
  server.close(4_000, "done");
  const { code, reason, wasClean } = await gone;
  assertEquals([code, reason, wasClean], [4_000, "done", true]);
  await listener.close();
});

onMachine("our WebSocket client speaks with the runtime's own server", async () => {
  const gone = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => undefined }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 1 });
    socket.onmessage = (event) => socket.send(event.data);
    socket.onclose = () => gone.resolve();
    return response;
  });
  const client = await network.openWebSocket(`ws://localhost:${server.addr.port}/x`, {
    ...OPEN,
    messageBytesMax: 70_000,
  });
  for (const text of ["", "ü", "x".repeat(66_000)]) {
    client.send(text);
    assertEquals(await client.receive(), text);
  }
  client.close();
  await gone.promise;
  await server.shutdown();
});

onMachine("a WebSocket peer that answers no ping is cut off after four", async () => {
  const { listener, port, socket } = await serveSocket({ messageBytesMax: 100, pingMs: 20 });
  const from = performance.now();
  const answer = await raw(port, utf8(UPGRADE));
  assert(performance.now() - from >= 95, "cut off too early");
  assertEquals(answer.slice(answer.indexOf("\r\n\r\n") + 4), "?\x00".repeat(4)); // four pings, no close
  assertEquals(await (await socket).receive(), null);
  await listener.close();
});

onMachine("a WebSocket peer that sends fragments without end is cut off at the bound", async () => {
  const { listener, port, socket } = await serveSocket({ messageBytesMax: 1_000, pingMs: 60_000 });
  const piece = encodeFrame(OPCODE.continuation, new Uint8Array(300), MASK);
  piece[0] = OPCODE.continuation;
  const first = piece.slice();
  first[0] = OPCODE.text;
  const answer = await raw(port, concat(utf8(UPGRADE), first, piece, piece, piece, piece));
  assertStringIncludes(answer, "message of more than 1000 bytes");
  assertEquals(await (await socket).receive(), null);
  await listener.close();
});

onMachine("headers over the bound and what is no HTTP are cut off, and the server lives on", async () => {
  const { listener, port } = await serve(() => new Response("alive"));
  assert(!(await raw(port, utf8(`GET / HTTP/1.1\r\nHost: x\r\nA: ${"x".repeat(20_000)}\r\n\r\n`))).includes("alive"));
  assert(!(await raw(port, utf8("\x16\x03\x01nonsense\r\n\r\n"))).includes("alive"));
  assertStringIncludes(await raw(port, utf8("GET http://[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), "400");
  assertStringIncludes(await raw(port, utf8("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), "alive");
  assertEquals(reports, []);
  await listener.close();
});

onMachine("a body that the handler does not read is passed over: the next request is found behind it", async () => {
  let answers = 0;
  const { listener, port } = await serve(() => new Response(`answer ${++answers}`));
  const request = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`;
  const answer = await raw(port, utf8(`${request}GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
  assertStringIncludes(answer, "answer 1");
  assertStringIncludes(answer, "answer 2");
  await listener.close();
});

onMachine("an answer that breaks off breaks the connection and is reported", async () => {
  const { listener, port } = await serve(() => {
    const pull = (controller: ReadableStreamDefaultController): void => controller.error(new Error("a bug"));
    return new Response(new ReadableStream({ pull }));
  });
  const fetching = network.fetch(`http://127.0.0.1:${port}/`, { timeoutMs: 60_000, bodyBytesMax: 10 });
  assertEquals((await assertRejects(() => fetching, NetworkError)).code, "unreachable");
  assertEquals(reports.splice(0), ["answering an HTTP request"]);
  await listener.close();
});

onMachine("a large answer waits for its reader, and a reader that leaves ends it", async () => {
  const cancelled = Promise.withResolvers<void>();
  let produced = 0;
  const { listener, port } = await serve(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(++produced && 100_000)),
        cancel: () => cancelled.resolve(),
      }),
    )
  );
  const fetching = network.fetch(`http://127.0.0.1:${port}/`, { timeoutMs: 60_000, bodyBytesMax: 1_000_000 });
  assertEquals((await assertRejects(() => fetching, NetworkError)).code, "too_large");
  await cancelled.promise;
  assert(produced < 1_000, `${produced} pieces produced for a reader of ten`);
  await listener.close();
});

onMachine("HEAD gets the headers alone, and cookies stay apart", async () => {
  const { listener, port } = await serve(() => {
    const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
    return new Response("body", { headers });
  });
  const answer = await raw(port, utf8("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  assert(answer.endsWith("\r\n\r\n"));
  assertStringIncludes(answer, "set-cookie: a=1\r\nset-cookie: b=2\r\n");
  await listener.close();
});

onMachine("a secure WebSocket or fetch does not trust a certificate that no authority signed", async () => {
  const identity = await network.makeTlsIdentity("localhost");
  const options = { cert: toPem(identity.certificate, "CERTIFICATE"), key: toPem(identity.privateKey, "PRIVATE KEY") };
  const server = Deno.serve(
    { ...options, hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response(),
  );
  const opening = network.openWebSocket(`wss://localhost:${server.addr.port}/`, OPEN);
  assertEquals((await assertRejects(() => opening, NetworkError)).code, "unreachable");
  const fetching = network.fetch(`https://localhost:${server.addr.port}/`, { timeoutMs: 60_000, bodyBytesMax: 10 });
  assertEquals((await assertRejects(() => fetching, NetworkError)).code, "unreachable");
  await server.shutdown();
});

onMachine("an error names the host and never the secrets of a URL", async () => {
  for (const at of ["127.0.0.1:1", "no.such.invalid", "[malformed"]) {
    const url = `http://fedimint:topsecret@${at}/topsecret?key=topsecret`;
    const ways = [
      () => network.fetch(url, { timeoutMs: 60_000, bodyBytesMax: 1 }),
      () => network.openWebSocket(url.replace("http", "ws"), OPEN),
    ];
    for (const way of ways) {
      const thrown = await assertRejects(way, NetworkError);
      assert(!Deno.inspect(thrown, { depth: 20 }).includes("topsecret"), Deno.inspect(thrown));
      assert(!errorText(thrown).includes("topsecret"));
    }
  }
});

const FEW = {
  sourceConnectionsMax: 2,
  timesHandlers: 4,
  halfSentBytesMax: 10_000,
  connectionsMax: 2,
  headersTimeoutMs: 500,
  requestTimeoutMs: 700,
  timeoutCheckMs: 20,
};

onMachine("headers and bodies that trickle in are cut off by their times, and a slow answer is not", async () => {
  const handler: HttpHandler = async (request) => {
    await request.text();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return new Response("slow");
  };
  const { address, close } = await serveHttp(toReports, { ...FEW, connectionsMax: 10 })(
    { hostname: "127.0.0.1", port: 0 },
    handler,
  );
  const trickling = [
    raw(address.port, utf8("GET / HTTP/1.1\r\nHost: x\r\n")),
    raw(address.port, utf8("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")),
  ];
  const whole = await raw(address.port, utf8("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const [headers, body] = await Promise.all(trickling);
  assertEquals([headers, body].map((answer) => answer?.includes("slow")), [false, false]);
  assertStringIncludes(whole, "slow");
  await close();
  reports.length = 0; // the body that broke off failed its handler
});

onMachine(
  "over the bound the connection that was silent longest makes room; when all are busy the newcomer is closed",
  async () => {
    const gate = Promise.withResolvers<void>();
    const { address, close } = await serveHttp(toReports, FEW)(
      { hostname: "127.0.0.1", port: 0 },
      async (request) => {
        if (request.url.endsWith("/wait")) await gate.promise;
        return new Response("in");
      },
    );
    const request = (path: string): Bytes => utf8(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const silent = await Promise.all([0, 1].map(() => Deno.connect({ hostname: "127.0.0.1", port: address.port })));
    const waiting = [raw(address.port, request("/wait")), raw(address.port, request("/wait"))];
    for (const connection of silent) {
      assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
      connection.close();
    }
    assertEquals(await raw(address.port, request("/")), "");
    gate.resolve();
    for (const answer of await Promise.all(waiting)) assertStringIncludes(answer, "in");
    let answer = "";
    while (answer === "") answer = await raw(address.port, request("/")); // until the server has seen them go
    assertStringIncludes(answer, "in");
    await close();
  },
);

onMachine("there are places for more connections than the handler takes, however many those are", async () => {
  const gate = Promise.withResolvers<void>();
  const { address, close } = await serveHttp(toReports, FEW)(
    { hostname: "127.0.0.1", port: 0, connectionsMax: 2 },
    async () => (await gate.promise, new Response("in")),
  );
  const request = utf8("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const places = 2 * FEW.timesHandlers;
  const all = Array.from({ length: places + 1 }, () => raw(address.port, request));
  assertEquals(await Promise.race(all), "");
  gate.resolve();
  assertEquals((await Promise.all(all)).filter((answer) => answer.includes("in")).length, places);
  await close();
});

onMachine("a request to upgrade that brings a body is refused at once, and holds no place", async () => {
  let asked = 0;
  const { address, close } = await serveHttp(toReports, { ...FEW, requestTimeoutMs: 60_000 })(
    { hostname: "127.0.0.1", port: 0 },
    async (request) => {
      if (request.method === "GET") return new Response("in");
      asked++;
      return new Response(await request.text());
    },
  );
  const head = "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  // until the server has seen the others go
  const newcomer = async (): Promise<void> => {
    const request = utf8("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for (let answer = ""; !answer.includes("in");) answer = await raw(address.port, request);
  };
  for (const body of ["Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"]) {
    const held = [0, 1].map(() => raw(address.port, utf8(`POST / HTTP/1.1\r\n${head}${body}`)));
    for (const answer of await Promise.all(held)) assertStringIncludes(answer, "HTTP/1.1 400 ");
    await newcomer();
  }
  assertEquals(asked, 0);
  await close();
});

onMachine("half-sent messages and bodies are bounded over all connections: the oldest is cut off", async () => {
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string | null>();
  const { address, close } = await serveHttp(toReports, { ...FEW, connectionsMax: 10, requestTimeoutMs: 5_000 })(
    { hostname: "127.0.0.1", port: 0 },
    async (request, upgrade) => {
      if (request.method === "POST") return new Response(await request.text());
      if (!request.headers.has("upgrade")) return new Response("here");
      const { response, socket } = upgrade({ messageBytesMax: 100_000, pingMs: 60_000 });
      socket.then((socket) => (opened.resolve(), socket.receive())).then(ended.resolve);
      return response;
    },
  );
  const half = encodeFrame(OPCODE.text, new Uint8Array(9_000).fill(0x61), MASK).subarray(0, 8_000);
  const webSocket = raw(address.port, concat(utf8(UPGRADE), half));
  await opened.promise;
  // what was sent before has come
  await raw(address.port, utf8("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const body = "x".repeat(3_000);
  const post = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000\r\nConnection: close\r\n\r\n${body}`;
  assertStringIncludes(await raw(address.port, utf8(post)), body);
  assertEquals(await ended.promise, null);
  assertStringIncludes(await webSocket, "101");
  await close();
});

onMachine("a flood of pings or of fragments costs the connection", async () => {
  const fragment = encodeFrame(OPCODE.continuation, new Uint8Array(), MASK);
  fragment[0] = OPCODE.continuation; // not the last
  const first = fragment.slice();
  first[0] = OPCODE.text;
  const ping = encodeFrame(OPCODE.ping, new Uint8Array(), MASK);
  for (const [begin, frame] of [[new Uint8Array(), ping], [first, fragment]] as const) {
    const { listener, port, socket } = await serveSocket({ messageBytesMax: 1_000, pingMs: 60_000 });
    const flood = concatAll(Array<Uint8Array>(SOCKET_MINOR_FRAMES_MAX + 1).fill(frame));
    await raw(port, concat(utf8(UPGRADE), begin, flood)); // until it is cut
    assertEquals(await (await socket).receive(), null);
    await listener.close();
  }
});

onMachine(
  "a WebSocket message that does not end within six pings costs the connection, though pongs come",
  async () => {
    const { listener, port, socket } = await serveSocket({ messageBytesMax: 1_000, pingMs: 20 });
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const half = encodeFrame(OPCODE.text, new Uint8Array(100), MASK);
    half[0] = OPCODE.text; // not the last fragment
    await connection.write(concat(utf8(UPGRADE), half));
    let ended = false;
    const end = socket.then((socket) => socket.receive()).then((message) => {
      ended = true;
      return message;
    });
    const pong = encodeFrame(OPCODE.pong, new Uint8Array(), MASK);
    const buffer = new Uint8Array(1_000);
    let pings = 0;
    while (await connection.read(buffer).catch(() => null) !== null) {
      pings++;
      if (!ended) await connection.write(pong).catch(() => 0);
    }
    assert(pings >= 6 && pings <= 8, `${pings}`); // and the answer to the upgrade
    assertEquals(await end, null);
    await listener.close();
  },
);
