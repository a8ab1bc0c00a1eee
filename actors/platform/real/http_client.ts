/**
 * HTTP requests and WebSockets to others. TLS trusts the runtime's own list of authorities (Mozilla's), not the
 * system's.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { basicAuthorization } from "../../../core/basic_auth.ts";
import { errorText } from "../../../core/result.ts";
import { readBody } from "../body.ts";
import { NetworkError } from "../error.ts";
import { HTTP_HEADER_BYTES_MAX, KEEP_ALIVE_MS } from "../limits.ts";
import type { MessageSocket, Network } from "../platform.ts";
import { retryAfterOf } from "../retry_after.ts";
import { acceptKey } from "../upgrade.ts";
import { realDice } from "./dice.ts";
import { WebSocketConnection } from "./websocket.ts";

export const fetchBounded: Network["fetch"] = async (url, options) => {
  options.signal?.throwIfAborted();
  if (!URL.canParse(url)) throw malformed();
  const target = new URL(url).host;
  const ended = new AbortController();
  // made only when it is thrown: an error takes a look at the stack
  const late = (): void =>
    ended.abort(
      new NetworkError({ code: "timeout", target }, `${target} did not answer within ${options.timeoutMs} ms.`),
    );
  const timer = setTimeout(late, options.timeoutMs);
  const onAbort = (): void => ended.abort(options.signal!.reason);
  options.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const response = await fetch(url, {
      method: options.method ?? "GET",
      headers: options.headers ?? {},
      body: options.body ?? null,
      redirect: options.redirects === "tell" ? "manual" : "follow",
      signal: ended.signal,
    });
    const body = response.body === null
      ? new Uint8Array(0)
      : await readBody(response.body, options.bodyBytesMax, target);
    const location = options.redirects === "tell" ? response.headers.get("location") : null;
    return {
      status: response.status,
      body,
      ...retryAfterOf(response.headers.get("retry-after"), Date.now()),
      ...(location !== null && { location }),
    };
  } catch (thrown) {
    if (ended.signal.aborted) throw ended.signal.reason;
    if (thrown instanceof NetworkError) throw thrown;
    const cause = new Error(withoutUrls(errorText(thrown), target));
    throw new NetworkError({ code: "unreachable", target }, `${target} cannot be reached.`, { cause });
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
  }
};

export const openWebSocket: Network["openWebSocket"] = (url, options) => openWebSocketWith(url, options, {});

/** @param trust what TLS takes for the server's certificate; default: what the runtime's authorities vouch for */
export function openWebSocketWith(
  url: string,
  options: Parameters<Network["openWebSocket"]>[1],
  trust: Pick<RequestOptions, "ca" | "checkServerIdentity">,
): Promise<MessageSocket> {
  return new Promise((resolve, reject) => {
    if (!URL.canParse(url)) return reject(malformed());
    const target = new URL(url).host;
    const unreachable = (cause: unknown): void =>
      reject(new NetworkError({ code: "unreachable", target }, `${target} cannot be reached.`, { cause }));
    const key = realDice.bytes(16).toBase64();
    let request: ClientRequest;
    try {
      request = upgradeRequest(new URL(url), key, options.headers ?? {}, trust);
    } catch (thrown) {
      return unreachable(thrown);
    }
    const settle = (): void => {
      clearTimeout(timer);
      request.on("error", () => undefined); // told already, or by the destruction
    };
    const timer = setTimeout(() => {
      settle();
      request.destroy();
      const message = `${target} did not answer within ${options.timeoutMs} ms.`;
      reject(new NetworkError({ code: "timeout", target }, message));
    }, options.timeoutMs);
    request.once("error", (cause) => {
      settle();
      unreachable(cause);
    });
    request.once("response", (response: IncomingMessage) => {
      settle();
      response.destroy();
      const status = response.statusCode ?? 0;
      const message = `${target} answered ${status} and no WebSocket.`;
      reject(new NetworkError({ code: "refused", target, status }, message));
    });
    request.once("upgrade", (response: IncomingMessage, socket: Socket, head: Uint8Array) => {
      settle();
      const accepted = response.headers["sec-websocket-accept"] === acceptKey(key);
      const extended = response.headers["sec-websocket-extensions"] !== undefined;
      if (response.statusCode !== 101 || !accepted || extended) {
        socket.destroy();
        return unreachable(new Error("The answer is no WebSocket handshake."));
      }
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.setNoDelay(true);
      resolve(new WebSocketConnection(socket, head, { side: "client", messageBytesMax: options.messageBytesMax }));
    });
    request.end();
  });
}

/** User and password in the URL become the `Authorization` header, as browsers do; a header given wins. */
function upgradeRequest(
  url: URL,
  key: string,
  headers: Record<string, string>,
  trust: Pick<RequestOptions, "ca" | "checkServerIdentity">,
): ClientRequest {
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError("The URL begins neither with ws: nor wss:.");
  }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const authorization = credentials === ":" ? {} : { authorization: basicAuthorization(credentials) };
  const secure = url.protocol === "wss:";
  return (secure ? requestHttps : requestHttp)({
    ...trust,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    agent: false,
    maxHeaderSize: HTTP_HEADER_BYTES_MAX,
    headers: {
      host: url.host,
      ...authorization,
      ...headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": key,
    },
  });
}

/**
 * Errors name the host alone: user, password, path and query may be secrets, and the runtime's own messages have the
 * whole URL.
 */
function withoutUrls(text: string, target: string): string {
  return text.replace(/[a-z]+:\/\/\S+/gi, target);
}

function malformed(): NetworkError {
  return new NetworkError({ code: "unreachable", target: "a malformed URL" }, "The URL is malformed.");
}
