/** What `Network` promises of HTTP and WebSockets, on real sockets and on simulated ones. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { utf8 } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";
import { type HttpHandler, type MessageSocket, sleep } from "./platform.ts";
import { onBoth, rejection, type Stage } from "./testing/stages.ts";

const SOCKET = { messageBytesMax: 1_000, pingMs: 10_000 };
const OPEN = { timeoutMs: 60_000, messageBytesMax: 1_000 };
const FETCH = { timeoutMs: 60_000, bodyBytesMax: 1_000 };

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, NetworkError)).code;
}

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

onBoth("fetch hands over a redirect that it is to tell, and asks nobody else", async (stage) => {
  const asked: string[] = [];
  const { listener, url } = await serve(stage, (request) => {
    asked.push(new URL(request.url).pathname);
    return new Response(null, { status: 307, headers: { location: "/elsewhere" } });
  });
  const told = await stage.client.network.fetch(`${url}/here`, { ...FETCH, method: "POST", redirects: "tell" });
  assertEquals({ status: told.status, asked }, { status: 307, asked: ["/here"] });
  assertEquals(told.location, "/elsewhere");
  await listener.close();
});

onBoth("fetch tells how long the server wants to be left alone, in seconds or until a date", async (stage) => {
  let header: string | null = null;
  const { listener, url } = await serve(
    stage,
    () => new Response("", { status: 429, ...(header !== null && { headers: { "retry-after": header } }) }),
  );
  const told = async (value: string | null): Promise<number | undefined> => {
    header = value;
    return (await stage.client.network.fetch(url, FETCH)).retryAfterMs;
  };
  assertEquals(await told(null), undefined);
  assertEquals(await told("120"), 120_000);
  assertEquals(await told("soon"), undefined);
  assertEquals(await told("Mon, 01 Jan 1990 00:00:00 GMT"), 0);
  assert(await told("Mon, 01 Jan 2990 00:00:00 GMT") ?? 0 > 1_000_000);
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

onBoth("a message in pieces comes as one, whoever sends it, and the pieces stay as they are", async (stage) => {
  const { listener, url, next } = await serveSockets(stage);
  const client = await stage.client.network.openWebSocket(url.replace("http", "ws"), OPEN);
  const server = await next();
  const pieces = [utf8('{"a":'), utf8("ü".repeat(200)), utf8("}")];
  const text = `{"a":${"ü".repeat(200)}}`;
  for (const [from, to] of [[server, client], [client, server]] as const) {
    for (let times = 0; times < 2; times++) {
      from.send(pieces);
      assertEquals(await to.receive(), text);
    }
  }
  client.close();
  await server.receive();
  await listener.close();
});

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
  assertEquals([server.isOver, client.isOver], [true, true]);
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

onBoth(
  "a WebSocket tells that a message has come, and keeps it until it is received; the same at its end",
  async (stage) => {
    const { listener, ws, next } = await serveSockets(stage);
    const client = await stage.client.network.openWebSocket(ws, OPEN);
    const server = await next();
    for (const [from, to] of [[server, client], [client, server]] as const) {
      let told = 0;
      const arrival = to.arrival().then(() => told++);
      await sleep(stage.client.clock, 50);
      assertEquals(told, 0);
      from.send("a");
      from.send("b");
      await arrival;
      await to.arrival(); // it is there still
      assertEquals([await to.receive(), await to.receive()], ["a", "b"]);
    }
    const atEnd = server.arrival();
    client.close();
    await atEnd;
    await server.arrival();
    await client.arrival();
    assertEquals([await server.receive(), await client.receive()], [null, null]);
    await listener.close();
  },
);

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

onBoth("a host's name leads to its addresses, and a name that is nobody's to an error", async ({ client, host }) => {
  assert((await client.network.resolve("localhost")).some((address) => address === "127.0.0.1" || address === "::1"));
  const [address] = await client.network.resolve(host);
  assertMatch(address!, /^(127|10)[.]\d+[.]\d+[.]\d+$/);
  assertEquals(await code(client.network.resolve("nobody.invalid")), "unreachable");
});
