/**
 * The server's half of the WebSocket handshake (RFC 6455, 4.2), real and simulated alike: what the handler is handed,
 * and what becomes of it when the handler has answered.
 */
import { sha1 } from "@noble/hashes/legacy.js";
import { utf8 } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";
import type { MessageSocket, Upgrade } from "./platform.ts";

export type UpgradeOffer = {
  /** For the handler. */
  readonly answer: ReturnType<Upgrade>;
  readonly options: Parameters<Upgrade>[0];
  /** The handler answered by our response: here is the socket. */
  accept(socket: MessageSocket): void;
  /** It answered something else. */
  refuse(status: number): void;
};

const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** @param request undefined when it did not ask for an upgrade */
export function offerUpgrade(request: Request | undefined, options: Parameters<Upgrade>[0]): UpgradeOffer {
  const target = request?.url ?? "";
  const { promise, resolve, reject } = Promise.withResolvers<MessageSocket>();
  promise.catch(() => undefined); // a handler that was refused an upgrade may drop it: the response says it all
  const refuse = (status: number): void =>
    reject(new NetworkError({ code: "refused", target, status }, `The WebSocket request was answered with ${status}.`));
  const response = request === undefined ? refusal(426, "Upgrade Required") : handshakeResponse(request);
  if (response.status !== 101) refuse(response.status);
  return { answer: { response, socket: promise }, options, accept: resolve, refuse };
}

/** What the client must find in `Sec-WebSocket-Accept`. */
export function acceptKey(key: string): string {
  return sha1(utf8(key + WEBSOCKET_GUID)).toBase64();
}

function handshakeResponse(request: Request): Response {
  const key = request.headers.get("sec-websocket-key") ?? "";
  if (!hasToken(request, "upgrade", "websocket") || !hasToken(request, "connection", "upgrade")) {
    return refusal(426, "Upgrade Required");
  }
  if (request.method !== "GET" || !/^[A-Za-z0-9+/]{22}==$/.test(key)) return refusal(400, "Bad Request");
  if (request.headers.get("sec-websocket-version") !== "13") return refusal(426, "Upgrade Required");
  return new Response(null, {
    status: 101,
    headers: { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": acceptKey(key) },
  });
}

function refusal(status: number, text: string): Response {
  const headers = status === 426 ? { upgrade: "websocket", "sec-websocket-version": "13" } : {};
  return new Response(text, { status, headers });
}

function hasToken(request: Request, header: string, token: string): boolean {
  return (request.headers.get(header) ?? "").toLowerCase().split(",").some((part) => part.trim() === token);
}
