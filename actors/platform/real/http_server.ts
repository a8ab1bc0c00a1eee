/**
 * HTTP/1.1 server over `node:http`: web requests in, web responses out, and WebSockets of our own on the raw socket.
 * Headers, bodies, times and the number of connections are bounded here; what is tighter is the handler's.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import {
  HTTP_BODY_BYTES_MAX,
  HTTP_HEADER_BYTES_MAX,
  HTTP_REFUSAL_BYTES_MAX,
  HTTP_SERVER,
  KEEP_ALIVE_MS,
} from "../limits.ts";
import { boundedBody, readBody } from "../body.ts";
import { HalfSent } from "../half_sent.ts";
import { connectionsWithin } from "../open_files.ts";
import { type Place, Places } from "../places.ts";
import { sourceOf } from "../source.ts";
import type { HttpHandler, Network, Upgrade } from "../platform.ts";
import { answerOf, isGivenUp, type Report } from "../http_handling.ts";
import { offerUpgrade, type UpgradeOffer } from "../upgrade.ts";
import { realFiles } from "./files.ts";
import { linger } from "./linger.ts";
import { listen, remoteOf } from "./listen.ts";
import { WebSocketConnection } from "./websocket.ts";

export function serveHttp(report: Report, bounds = HTTP_SERVER): Network["serveHttp"] {
  return async (at, handler) => {
    const server = createServer({
      maxHeaderSize: HTTP_HEADER_BYTES_MAX,
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      connectionsCheckingInterval: bounds.timeoutCheckMs,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      noDelay: true,
    });
    const halfSent = new HalfSent(bounds.halfSentBytesMax);
    const places = new Places({
      max: connectionsWithin(
        await realFiles.openFilesMax(),
        placesFor(at.connectionsMax, bounds.connectionsMax, bounds),
      ),
      sourceMax: placesFor(at.sourceConnectionsMax, bounds.sourceConnectionsMax, bounds),
    });
    const placeOf = new WeakMap<Socket, Place>();
    server.on("connection", (socket: Socket) => {
      const place = places.take(sourceOf(remoteOf(socket)), () => socket.destroy());
      if (!place) {
        socket.destroy();
        return;
      }
      placeOf.set(socket, place);
      socket.on("close", () => place.release());
    });
    server.on("request", (incoming, outgoing) => {
      occupy(placeOf.get(incoming.socket), incoming, outgoing);
      answer(incoming, outgoing, handler, report, halfSent).catch((error) => {
        // The other side left, or the answer broke off after its head: no second answer can be given.
        if (!incoming.socket.destroyed && !isGivenUp(error)) report("answering an HTTP request", error);
        outgoing.destroy();
      });
    });
    server.on("upgrade", (incoming, socket: Socket, head) => {
      socket.on("error", () => socket.destroy()); // the other side left
      placeOf.get(socket)?.idle(false); // from here on the handler says who stays
      answerUpgrade(incoming, socket, head, handler, report, halfSent).catch((error) => {
        socket.destroy();
        report("answering a WebSocket request", error);
      });
    });
    server.on("clientError", (_error, socket) => socket.destroy()); // not HTTP: nobody to tell
    return await listen(server, at, report);
  };
}

/** @param handlers connections of the handler's @param least places that there are in any case */
function placesFor(handlers = 0, least: number, { timesHandlers }: typeof HTTP_SERVER): number {
  return Math.max(least, handlers * timesHandlers);
}

/** The connection is busy from when a request has come whole until it is answered. */
function occupy(place: Place | undefined, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (hasBody(incoming)) incoming.on("end", () => place?.idle(false));
  else place?.idle(false);
  outgoing.on("close", () => place?.idle(true));
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handler: HttpHandler,
  report: Report,
  halfSent: HalfSent,
): Promise<void> {
  const left = new AbortController();
  outgoing.on("close", () => left.abort());
  const request = toRequest(incoming, left.signal, halfSent);
  const response = request === undefined
    ? new Response("Bad Request", { status: 400 })
    : await answerOf(request, handler, refuseUpgrade, remoteOf(incoming.socket), report);
  dropRest(incoming); // what the handler did not read of the body
  outgoing.writeHead(response.status, headersOf(response));
  if (incoming.method === "HEAD" || response.body === null) {
    await response.body?.cancel();
    outgoing.end();
    return;
  }
  const body = response.body.getReader();
  // also while the other side takes nothing
  body.closed.catch((error) => isGivenUp(error) && outgoing.destroy());
  for (let chunk = await body.read(); !chunk.done; chunk = await body.read()) {
    if (outgoing.destroyed) return await body.cancel();
    if (!outgoing.write(chunk.value)) await drained(outgoing);
  }
  outgoing.end();
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      outgoing.off("drain", settle);
      outgoing.off("close", settle);
      resolve();
    };
    outgoing.on("drain", settle);
    outgoing.on("close", settle);
  });
}

/** Reads a body on for nobody: the next request stands behind it. How long that may take the server's timeout says. */
function dropRest(incoming: IncomingMessage): void {
  incoming.removeAllListeners("data");
  incoming.removeAllListeners("end");
  incoming.resume();
}

async function answerUpgrade(
  incoming: IncomingMessage,
  socket: Socket,
  head: Uint8Array,
  handler: HttpHandler,
  report: Report,
  halfSent: HalfSent,
): Promise<void> {
  const left = new AbortController();
  const leave = (): void => left.abort();
  socket.on("close", leave);
  const request = isHandshake(incoming) ? toRequest(incoming, left.signal, halfSent) : undefined;
  let offer: UpgradeOffer | undefined;
  const upgrade: Upgrade = (options) => (offer = offerUpgrade(request, options)).answer;
  const response = request === undefined
    ? new Response("Bad Request", { status: 400 })
    : await answerOf(request, handler, upgrade, remoteOf(socket), report);
  socket.off("close", leave);
  if (offer !== undefined && response.status === 101) {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(response)}\r\n`);
    offer.accept(new WebSocketConnection(socket, head, { side: "server", halfSent, ...offer.options }));
    return;
  }
  offer?.refuse(response.status);
  const body = response.body === null ? new Uint8Array(0) : await readBody(response.body, HTTP_REFUSAL_BYTES_MAX, "");
  response.headers.delete("transfer-encoding");
  response.headers.set("content-length", String(body.length));
  response.headers.set("connection", "close");
  socket.write(`HTTP/1.1 ${response.status} ${response.statusText}\r\n${headerLines(response)}\r\n`);
  socket.write(body);
  linger(socket);
}

/** A request without the `Upgrade` header does not come here by the raw socket, so that none can be given. */
const refuseUpgrade: Upgrade = (options) => offerUpgrade(undefined, options).answer;

/**
 * A handshake is a GET without a body (RFC 6455 4.1). Once the runtime has handed the socket over it reads no body any
 * more: a handler would wait for it without end, in a place that nobody gets back.
 */
function isHandshake(incoming: IncomingMessage): boolean {
  return incoming.method === "GET" && !saysBody(incoming);
}

/** Undefined when there is no such URL, header or method. */
function toRequest(incoming: IncomingMessage, signal: AbortSignal, halfSent: HalfSent): Request | undefined {
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.push([incoming.rawHeaders[i]!, incoming.rawHeaders[i + 1]!]);
  }
  const path = incoming.url ?? "/";
  const url = path.startsWith("/") ? `http://${incoming.headers.host ?? "localhost"}${path}` : path;
  const body = hasBody(incoming) ? bodyOf(incoming, halfSent) : null;
  try {
    return new Request(url, { method: incoming.method ?? "GET", headers, body, signal });
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

function hasBody(incoming: IncomingMessage): boolean {
  return incoming.method !== "GET" && incoming.method !== "HEAD" && saysBody(incoming);
}

function saysBody({ headers }: IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

function bodyOf(incoming: IncomingMessage, halfSent: HalfSent): ReadableStream<Uint8Array<ArrayBuffer>> {
  const held = halfSent.begin(() => incoming.destroy());
  const end = (): void => halfSent.end(held);
  incoming.on("close", end);
  const raw = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      incoming.pause();
      incoming.on("data", (chunk: Uint8Array) => {
        halfSent.set(held, held.bytes + chunk.length);
        controller.enqueue(new Uint8Array(chunk));
        if ((controller.desiredSize ?? 0) <= 0) incoming.pause();
      });
      incoming.on("end", () => {
        end();
        controller.close();
      });
      incoming.on("error", (error) => controller.error(error));
      incoming.pause();
    },
    pull() {
      incoming.resume();
    },
    cancel: () => {
      end();
      dropRest(incoming);
    },
  });
  return boundedBody(raw, HTTP_BODY_BYTES_MAX, incoming.url ?? "");
}

function headersOf(response: Response): [string, string][] {
  return [...response.headers];
}

function headerLines(response: Response): string {
  return headersOf(response).map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
