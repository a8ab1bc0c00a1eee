/** What `Network` promises, on real sockets and on simulated ones. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, concat, equalBytes, utf8 } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";
import { type ByteStream, type HttpHandler, type MessageSocket, sleep } from "./platform.ts";
import { onBoth, rejection, type Stage } from "./testing/stages.ts";

const SOCKET = { messageBytesMax: 1_000, pingMs: 10_000 };
const OPEN = { timeoutMs: 5_000, messageBytesMax: 1_000 };
const FETCH = { timeoutMs: 5_000, bodyBytesMax: 1_000 };

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, NetworkError)).code;
}

/** Both ends of a TLS connection, and who they are. */
async function connect({ server, client, host }: Stage) {
  const serverIdentity = await server.network.makeTlsIdentity("peerServer");
  const clientIdentity = await client.network.makeTlsIdentity("peerClient_1");
  const accepted = Promise.withResolvers<ByteStream>();
  const listener = await server.network.listenTls(
    { hostname: "127.0.0.1", port: 0, identity: serverIdentity },
    (stream) => accepted.resolve(stream),
  );
  const options = { hostname: host, port: listener.address.port, serverName: "peerServer", timeoutMs: 5_000 };
  const dialled = await client.network.dialTls({ ...options, identity: clientIdentity });
  return { listener, options, serverIdentity, clientIdentity, dialled, accepted: await accepted.promise };
}

async function readAll(stream: ByteStream): Promise<Bytes> {
  const parts: Bytes[] = [];
  for (let part = await stream.read(); part !== null; part = await stream.read()) parts.push(part);
  return concat(...parts);
}

async function readBytes(stream: ByteStream, length: number): Promise<number> {
  let count = 0;
  while (count < length) count += (await stream.read())?.length ?? length;
  return count;
}

/** Writes until a write waits: longer than any that is only slow. */
async function writeUntilFull(stage: Stage, stream: ByteStream, piece: Uint8Array) {
  for (let bytes = piece.length; bytes < 200 * piece.length; bytes += piece.length) {
    const last = stream.write(piece);
    const waits = sleep(stage.client.clock, 200).then(() => "waits");
    if (await Promise.race([last, waits]) === "waits") return { bytes, last };
  }
  throw new Error("The writer never had to wait.");
}

onBoth("TLS shows each side the certificate of the other", async (stage) => {
  const { listener, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  assert(equalBytes(dialled.peerCertificate, serverIdentity.certificate));
  assert(equalBytes(accepted.peerCertificate, clientIdentity.certificate));
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS shows the present certificate, not that of a connection before", async (stage) => {
  const { listener, options, dialled, accepted } = await connect(stage);
  await listener.close();
  const other = await stage.server.network.makeTlsIdentity("peerServer");
  const another = await stage.client.network.makeTlsIdentity("peerClient_1");
  const seen = Promise.withResolvers<ByteStream>();
  const again = await stage.server.network.listenTls(
    { hostname: "127.0.0.1", port: options.port, identity: other },
    (stream) => seen.resolve(stream),
  );
  const stream = await stage.client.network.dialTls({ ...options, identity: another });
  assert(equalBytes(stream.peerCertificate, other.certificate));
  assert(equalBytes((await seen.promise).peerCertificate, another.certificate));
  for (const open of [stream, await seen.promise, dialled, accepted]) open.close();
  await again.close();
});

onBoth("TLS refuses to dial under a certificate whose key one does not have", async (stage) => {
  const { listener, options, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  const stolen = { certificate: serverIdentity.certificate, privateKey: clientIdentity.privateKey };
  assertEquals(await code(stage.client.network.dialTls({ ...options, identity: stolen })), "tls");
  assertEquals(
    await code(stage.server.network.listenTls({ hostname: "127.0.0.1", port: 0, identity: stolen }, () => undefined)),
    "tls",
  );
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS carries bytes both ways, in order and whole, then the end", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const sent: Bytes[] = [];
  for (let size = 0; size < 60; size++) sent.push(stage.client.dice.bytes(size * size * 7));
  const echo = (async () => {
    for (let part = await accepted.read(); part !== null; part = await accepted.read()) await accepted.write(part);
    accepted.close();
  })();
  const received = readBytes(dialled, concat(...sent).length);
  for (const part of sent) await dialled.write(part);
  assertEquals(await received, concat(...sent).length);
  dialled.close();
  await echo;
  assertEquals(await dialled.read(), null);
  await listener.close();
});

onBoth("TLS delivers all that was written before close, then null", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const sent = stage.client.dice.bytes(200_000);
  await dialled.write(sent);
  dialled.close();
  assert(equalBytes(await readAll(accepted), sent));
  assertEquals(await accepted.read(), null);
  assertEquals(await dialled.read(), null);
  assertEquals(await code(dialled.write(utf8("late"))), "reset");
  assertEquals(await code(accepted.write(utf8("late"))), "reset");
  accepted.close();
  await listener.close();
});

onBoth("TLS takes bytes at once: the writer may use its buffer again", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const buffer = utf8("first");
  const written = dialled.write(buffer);
  buffer.fill(0);
  await written;
  dialled.close();
  assertEquals(await readAll(accepted), utf8("first"));
  accepted.close();
  await listener.close();
});

onBoth("a TLS writer waits while nobody reads, and goes on when somebody does", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const { bytes, last } = await writeUntilFull(stage, dialled, new Uint8Array(200_000));
  assertEquals(await readBytes(accepted, bytes), bytes);
  await last;
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("TLS reads while its own writer waits, so that two writers do not block each other", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const [there, back] = await Promise.all([
    writeUntilFull(stage, dialled, new Uint8Array(200_000)),
    writeUntilFull(stage, accepted, new Uint8Array(200_000)),
  ]);
  const read = await Promise.all([readBytes(accepted, there.bytes), readBytes(dialled, back.bytes)]);
  assertEquals(read, [there.bytes, back.bytes]);
  await Promise.all([there.last, back.last]);
  dialled.close();
  accepted.close();
  await listener.close();
});

onBoth("a waiting TLS writer fails when the other side closes", async (stage) => {
  const { listener, dialled, accepted } = await connect(stage);
  const { last } = await writeUntilFull(stage, dialled, new Uint8Array(200_000));
  const failed = rejection(last);
  accepted.close();
  await dialled.read().catch((thrown) => assertEquals(thrown.code, "reset"));
  const thrown = await failed;
  // What the other side drops while it closes may make room for the last bytes first.
  assert(thrown === "no rejection" || (thrown instanceof NetworkError && thrown.code === "reset"));
  assertEquals(await code(dialled.write(utf8("late"))), "reset");
  dialled.close();
  await listener.close();
});

onBoth("a TLS listener that closed refuses, its port is free, and its connections go on", async (stage) => {
  const { listener, options, serverIdentity, clientIdentity, dialled, accepted } = await connect(stage);
  const at = { hostname: "127.0.0.1", port: options.port, identity: serverIdentity };
  assertEquals(await code(stage.server.network.listenTls(at, () => undefined)), "address_in_use");
  await listener.close();
  assertEquals(await code(stage.client.network.dialTls({ ...options, identity: clientIdentity })), "unreachable");
  const again = await stage.server.network.listenTls(at, () => undefined);
  await dialled.write(utf8("still here"));
  assertEquals(await readBytes(accepted, 10), 10);
  dialled.close();
  accepted.close();
  await again.close();
});

onBoth("TLS dials nobody, no such name and no TLS listener with the right error", async (stage) => {
  const { client, server, host } = stage;
  const identity = await client.network.makeTlsIdentity("peerClient");
  const http = await server.network.serveHttp({ hostname: "127.0.0.1", port: 0 }, () => new Response());
  const options = { hostname: host, port: http.address.port, identity, serverName: "peerX", timeoutMs: 5_000 };
  assertEquals(await code(client.network.dialTls(options)), "tls");
  await http.close();
  assertEquals(await code(client.network.dialTls(options)), "unreachable");
  assertEquals(await code(client.network.dialTls({ ...options, hostname: "no.such.invalid" })), "unreachable");
});

async function serve({ server, host }: Stage, handler: HttpHandler) {
  const listener = await server.network.serveHttp({ hostname: "127.0.0.1", port: 0 }, handler);
  return { listener, url: `http://${host}:${listener.address.port}`, ws: `ws://${host}:${listener.address.port}` };
}

onBoth("fetch hands over method, path, headers and body, and gets status and body", async (stage) => {
  const { listener, url } = await serve(stage, async (request, _upgrade, remote) => {
    const { pathname, search } = new URL(request.url);
    assert(remote.port > 0 && remote.hostname !== "");
    const said = [request.method, pathname + search, request.headers.get("x-said"), await request.text()];
    return new Response(said.join("|"), { status: 203 });
  });
  const posted = await stage.client.network.fetch(`${url}/a/b?c=d`, {
    ...FETCH,
    method: "POST",
    headers: { "x-said": "yes" },
    body: "body",
  });
  assertEquals({ status: posted.status, body: posted.body }, { status: 203, body: utf8("POST|/a/b?c=d|yes|body") });
  const got = await stage.client.network.fetch(`${url}/`, FETCH);
  assertEquals(got.body, utf8("GET|/||"));
  const bytes = await stage.client.network.fetch(`${url}/`, { ...FETCH, method: "POST", body: utf8("bytes") });
  assertEquals(bytes.body, utf8("POST|/||bytes"));
  await listener.close();
});

onBoth("fetch takes a body of the allowed size and refuses one byte more", async (stage) => {
  const { listener, url } = await serve(stage, () => new Response(new Uint8Array(1_000)));
  assertEquals((await stage.client.network.fetch(url, FETCH)).body.length, 1_000);
  assertEquals(await code(stage.client.network.fetch(url, { ...FETCH, bodyBytesMax: 999 })), "too_large");
  await listener.close();
});

onBoth("fetch gives up after its time, on its signal, and where nobody is", async (stage) => {
  const { client } = stage;
  const stop = new AbortController();
  const { listener, url } = await serve(stage, () => sleep(stage.server.clock, 1_500).then(() => new Response("late")));
  assertEquals(await code(client.network.fetch(url, { ...FETCH, timeoutMs: 300 })), "timeout");
  const aborted = rejection(client.network.fetch(url, { ...FETCH, signal: stop.signal }));
  await sleep(client.clock, 100);
  stop.abort("enough");
  assertEquals(await aborted, "enough");
  assertEquals(await rejection(client.network.fetch(url, { ...FETCH, signal: stop.signal })), "enough");
  await sleep(client.clock, 1_500); // the handlers end
  await listener.close();
  assertEquals(await code(client.network.fetch(url, FETCH)), "unreachable");
  assertEquals(await code(client.network.fetch("http://no.such.invalid/", FETCH)), "unreachable");
  assertEquals(await code(client.network.fetch("nonsense", FETCH)), "unreachable");
});

onBoth("a handler that throws is answered with 500 and reported", async (stage) => {
  const { listener, url } = await serve(stage, () => {
    throw new Error("a bug");
  });
  assertEquals((await stage.client.network.fetch(`${url}/x`, FETCH)).status, 500);
  assertEquals(stage.reports, ["handling GET /x"]);
  await listener.close();
});

onBoth("a request body over the server's bound is answered with 413", async (stage) => {
  const { listener, url } = await serve(stage, async (request) => new Response(`${(await request.bytes()).length}`));
  const post = (size: number) =>
    stage.client.network.fetch(url, { ...FETCH, method: "POST", body: new Uint8Array(size) });
  assertEquals((await post(16 * 1024 * 1024)).body, utf8("16777216"));
  assertEquals((await post(16 * 1024 * 1024 + 1)).status, 413);
  assertEquals(stage.reports, []);
  await listener.close();
});

onBoth("an HTTP port is taken once", async (stage) => {
  const { listener } = await serve(stage, () => new Response());
  const { port } = listener.address;
  const again = stage.server.network.serveHttp({ hostname: "127.0.0.1", port }, () => new Response());
  assertEquals(await code(again), "address_in_use");
  await listener.close();
  const free = await stage.server.network.serveHttp({ hostname: "127.0.0.1", port }, () => new Response());
  await free.close();
});

/** A server whose sockets come out of `next()`. */
async function serveSockets(stage: Stage, options = SOCKET) {
  const sockets: MessageSocket[] = [];
  let waiting: ((socket: MessageSocket) => void) | undefined;
  const seen: Request[] = [];
  const served = await serve(stage, (request, upgrade) => {
    seen.push(request);
    const { response, socket } = upgrade(options);
    socket.then((open) => waiting === undefined ? sockets.push(open) : waiting(open), () => undefined);
    return response;
  });
  const next = (): Promise<MessageSocket> => {
    const open = sockets.shift();
    return open === undefined ? new Promise((resolve) => waiting = resolve) : Promise.resolve(open);
  };
  return { ...served, seen, next };
}

onBoth("a WebSocket carries texts both ways in order, of every size up to the bound", async (stage) => {
  const { listener, ws, next } = await serveSockets(stage, { ...SOCKET, messageBytesMax: 100_000 });
  const client = await stage.client.network.openWebSocket(ws, { ...OPEN, messageBytesMax: 100_000 });
  const server = await next();
  const texts = [
    "",
    "a",
    "ä€😀",
    "x".repeat(125),
    "x".repeat(126),
    "x".repeat(65_535),
    "x".repeat(65_536),
    "y".repeat(100_000),
  ];
  for (const text of texts) client.send(text);
  for (const text of texts) assertEquals(await server.receive(), text);
  for (const text of texts) server.send(text);
  for (const text of texts) assertEquals(await client.receive(), text);
  client.close();
  assertEquals(await server.receive(), null);
  assertEquals(await client.receive(), null);
  client.send("after the end"); // nothing happens
  server.close();
  await listener.close();
});

onBoth("a WebSocket keeps messages that nobody reads yet, also beyond the end", async (stage) => {
  const { listener, ws, next } = await serveSockets(stage);
  const client = await stage.client.network.openWebSocket(ws, OPEN);
  const server = await next();
  for (let i = 0; i < 3_000; i++) server.send(`${i}`);
  server.close();
  await sleep(stage.client.clock, 300);
  for (let i = 0; i < 3_000; i++) assertEquals(await client.receive(), `${i}`);
  assertEquals(await client.receive(), null);
  assertEquals(await client.receive(), null);
  await listener.close();
});

onBoth("a WebSocket closes when a message is larger than allowed, on either side", async (stage) => {
  const { listener, ws, next } = await serveSockets(stage);
  const client = await stage.client.network.openWebSocket(ws, OPEN);
  const server = await next();
  client.send("x".repeat(1_000));
  client.send("ä".repeat(501)); // 1,002 bytes
  client.send("never seen");
  assertEquals(await server.receive(), "x".repeat(1_000));
  assertEquals(await server.receive(), null);
  assertEquals(await client.receive(), null);

  const second = await stage.client.network.openWebSocket(ws, { ...OPEN, messageBytesMax: 10 });
  const secondServer = await next();
  secondServer.send("x".repeat(10));
  secondServer.send("x".repeat(11));
  assertEquals(await second.receive(), "x".repeat(10));
  assertEquals(await second.receive(), null);
  assertEquals(await secondServer.receive(), null);
  await listener.close();
});

onBoth("a WebSocket tells how much it could not send yet, and sends it when the other side reads", async (stage) => {
  const { listener, ws, next } = await serveSockets(stage, { ...SOCKET, messageBytesMax: 1_000_000 });
  const client = await stage.client.network.openWebSocket(ws, OPEN);
  const server = await next();
  assertEquals(client.bufferedBytes, 0);
  for (let i = 0; i < 20; i++) client.send(`${i}`.padEnd(1_000_000));
  await sleep(stage.client.clock, 500);
  assert(client.bufferedBytes > 1_000_000, `only ${client.bufferedBytes} bytes wait`);
  for (let i = 0; i < 20; i++) assertEquals((await server.receive())?.trim(), `${i}`);
  await sleep(stage.client.clock, 200);
  assertEquals(client.bufferedBytes, 0);
  client.close();
  server.close();
  await listener.close();
});

onBoth("a WebSocket whose other side does not read is cut off in the end", async (stage) => {
  const { listener, ws, next } = await serveSockets(stage, { ...SOCKET, messageBytesMax: 10_000_000 });
  const client = await stage.client.network.openWebSocket(ws, OPEN);
  const server = await next();
  const message = "x".repeat(8_000_000);
  for (let i = 0; i < 9; i++) client.send(message);
  assertEquals(await client.receive(), null);
  while (await server.receive() !== null); // what came before the cut, then the end
  await listener.close();
});

onBoth("a WebSocket request shows its headers, and user and password of its URL", async (stage) => {
  const { listener, ws, next, seen } = await serveSockets(stage);
  const plain = await stage.client.network.openWebSocket(ws, { ...OPEN, headers: { authorization: "Basic x" } });
  const inUrl = await stage.client.network.openWebSocket(ws.replace("//", "//fedimint:se%20cret@"), OPEN);
  assertEquals(seen.map((request) => request.headers.get("authorization")), [
    "Basic x",
    `Basic ${utf8("fedimint:se cret").toBase64()}`,
  ]);
  for (const socket of [plain, inUrl, await next(), await next()]) socket.close();
  await listener.close();
});

onBoth("a WebSocket that is refused tells the status", async (stage) => {
  const { listener, ws, url } = await serve(stage, (request, upgrade) => {
    if (request.headers.get("authorization") === "Basic right") return upgrade(SOCKET).response;
    return new Response("Unauthorized", { status: 401, headers: { "www-authenticate": "Basic" } });
  });
  for (const [path, headers, status] of [["/", {}, 401], ["/x", { authorization: "Basic wrong" }, 401]] as const) {
    const opening = stage.client.network.openWebSocket(ws + path, { ...OPEN, headers });
    const { facts } = await assertRejects(() => opening, NetworkError);
    assertEquals(facts, { code: "refused", target: new URL(url).host, status });
  }
  const right = await stage.client.network.openWebSocket(ws, { ...OPEN, headers: { authorization: "Basic right" } });
  right.close();
  await listener.close();
});

onBoth("an upgrade offered to a request that is none says 426, and one that is dropped rejects", async (stage) => {
  let socket: Promise<MessageSocket> | undefined;
  const { listener, ws, url } = await serve(stage, (request, upgrade) => {
    const offered = upgrade(SOCKET);
    socket = offered.socket;
    return new URL(request.url).pathname === "/drop" ? new Response("no", { status: 503 }) : offered.response;
  });
  assertEquals((await stage.client.network.fetch(url, FETCH)).status, 426);
  assertEquals(await code(socket!), "refused");
  assertEquals(await code(stage.client.network.openWebSocket(`${ws}/drop`, OPEN)), "refused");
  assertEquals(await code(socket!), "refused");
  await listener.close();
});

onBoth("a WebSocket gives up after its time and where nobody is", async (stage) => {
  const { client, server } = stage;
  const { listener, ws } = await serve(stage, () => sleep(server.clock, 800).then(() => new Response("late")));
  assertEquals(await code(client.network.openWebSocket(ws, { ...OPEN, timeoutMs: 300 })), "timeout");
  await sleep(client.clock, 800); // the handler ends
  await listener.close();
  assertEquals(await code(client.network.openWebSocket(ws, OPEN)), "unreachable");
  assertEquals(await code(client.network.openWebSocket("ws://no.such.invalid/", OPEN)), "unreachable");
  assertEquals(await code(client.network.openWebSocket("nonsense", OPEN)), "unreachable");
});

onBoth("the dice fill any size, and stay within their bounds", async ({ server: { dice } }) => {
  await Promise.resolve();
  assertEquals([0, 1, 5, 70_000].map((size) => dice.bytes(size).length), [0, 1, 5, 70_000]);
  assert(!equalBytes(dice.bytes(32), dice.bytes(32)));
  const seen = new Set<number>();
  for (let i = 0; i < 1_000; i++) {
    const fraction = dice.fraction();
    assert(fraction >= 0 && fraction < 1);
    seen.add(dice.below(7));
  }
  assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
});

onBoth("a timer fires once and not before its time, unless it is cancelled", async ({ server: { clock } }) => {
  const fired: string[] = [];
  const fromMs = clock.monotonicMs();
  clock.setTimer(20, () => fired.push("20"));
  clock.setTimer(10, () => fired.push("10"));
  const cancelled = clock.setTimer(5, () => fired.push("5"));
  clock.setTimer(3_000_000_000, () => fired.push("a month")).cancel();
  cancelled.cancel();
  await sleep(clock, 40);
  assert(clock.monotonicMs() - fromMs >= 39);
  assert(Number.isInteger(clock.nowMs()) && clock.nowMs() > 1_700_000_000_000);
  assertEquals(fired, ["10", "20"]);
});
