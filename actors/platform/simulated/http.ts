/**
 * HTTP between simulated machines: a connection carries one request, its answer and, when that is 101, WebSocket
 * messages. Requests and responses are the runtime's own objects; their bodies are read before they travel. `https:`
 * and `wss:` differ from `http:` and `ws:` by their default port only, and a redirect is handed to the caller.
 */
import { type Bytes, utf8 } from "../../../core/bytes.ts";
import { basicAuthorization } from "../../../core/basic_auth.ts";
import { boundedBody, readBody } from "../body.ts";
import { NetworkError } from "../error.ts";
import { answerOf, isGivenUp } from "../http_handling.ts";
import { HTTP_BODY_BYTES_MAX } from "../limits.ts";
import type { Address, HttpHandler, Network, Upgrade } from "../platform.ts";
import { retryAfterOf } from "../retry_after.ts";
import { offerUpgrade, type UpgradeOffer } from "../upgrade.ts";
import { dial, type End } from "./connection.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Life } from "./machine.ts";
import { listenAt } from "./ports.ts";
import { SimulatedSocket } from "./websocket.ts";

type RequestItem = {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Bytes | null;
};
type ResponseItem = {
  readonly status: number;
  readonly body: Bytes;
  readonly retryAfterMs?: number;
  readonly location?: string;
};

export function simulatedServeHttp(life: Life): Network["serveHttp"] {
  return (at, handler) =>
    new Promise((resolve) => {
      if (!life.alive) return;
      resolve(listenAt(life, at, {
        protocol: "http",
        accept: (end, _hello, remote) => {
          const left = new AbortController();
          end.handler = {
            item: (value) => {
              answer(life, end, value as RequestItem, handler, remote, left.signal).catch((error) => {
                end.close();
                if (!isGivenUp(error)) life.universe.report("answering an HTTP request", error);
              });
            },
            ended: () => left.abort(),
            reset: () => left.abort(),
          };
        },
      }));
    });
}

async function answer(
  life: Life,
  end: End,
  item: RequestItem,
  handler: HttpHandler,
  remote: Address,
  signal: AbortSignal,
): Promise<void> {
  const body = item.body === null ? null : boundedBody(streamOf(item.body), HTTP_BODY_BYTES_MAX, item.url);
  const headers = item.headers.map(([name, value]): [string, string] => [name, value]);
  const request = new Request(item.url, { method: item.method, headers, body, signal });
  let offer: UpgradeOffer | undefined;
  const upgrade: Upgrade = (options) => (offer = offerUpgrade(request, options)).answer;
  const response = await answerOf(request, handler, upgrade, remote, life.universe.report);
  if (!life.alive) return;
  if (offer !== undefined && response.status === 101) {
    end.send({ log: "response 101", value: { status: 101, body: new Uint8Array() } satisfies ResponseItem });
    offer.accept(new SimulatedSocket(life, end, { side: "server", ...offer.options }));
    return;
  }
  offer?.refuse(response.status);
  // Bounded by the side that reads it; ours may say what it likes.
  const answered = response.body === null ? new Uint8Array() : await readBody(response.body, Infinity, item.url);
  if (!life.alive) return;
  const location = response.headers.get("location");
  end.send({
    log: `response ${response.status} ${answered.length} ${fingerprint(answered)}`,
    value: {
      status: response.status,
      body: answered,
      ...retryAfterOf(response.headers.get("retry-after"), life.clock.nowMs()),
      ...(location !== null && { location }),
    } satisfies ResponseItem,
  });
  end.close();
}

export function simulatedFetch(life: Life): Network["fetch"] {
  return (url, options) =>
    new Promise((resolve, reject) => {
      if (!life.alive) return;
      options.signal?.throwIfAborted();
      const onAbort = (): void => exchange.fail(options.signal!.reason);
      options.signal?.addEventListener("abort", onAbort, { once: true });
      const request = {
        method: options.method ?? "GET",
        url,
        headers: Object.entries(options.headers ?? {}),
        body: typeof options.body === "string" ? utf8(options.body) : options.body?.slice() ?? null,
      };
      const exchange = ask(life, request, options.timeoutMs, {
        answered: (response, end) => {
          options.signal?.removeEventListener("abort", onAbort);
          end.close();
          const { location, ...followed } = response;
          if (response.body.length <= options.bodyBytesMax) {
            return resolve(options.redirects === "tell" && location !== undefined ? response : followed);
          }
          const target = targetOf(url);
          const message = `More than ${options.bodyBytesMax} bytes from ${target}.`;
          reject(new NetworkError({ code: "too_large", target }, message));
        },
        failed: (error) => {
          options.signal?.removeEventListener("abort", onAbort);
          reject(error);
        },
      });
    });
}

export function simulatedOpenWebSocket(life: Life): Network["openWebSocket"] {
  return (url, options) =>
    new Promise((resolve, reject) => {
      if (!life.alive) return;
      const headers = {
        ...authorizationOf(url),
        ...options.headers,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": life.dice.bytes(16).toBase64(),
      };
      const request = { method: "GET", url, headers: Object.entries(headers), body: null };
      ask(life, request, options.timeoutMs, {
        answered: (response, end) => {
          if (response.status === 101) {
            resolve(new SimulatedSocket(life, end, { side: "client", messageBytesMax: options.messageBytesMax }));
            return;
          }
          end.close();
          const facts = { code: "refused", target: targetOf(url), status: response.status } as const;
          reject(new NetworkError(facts, `${facts.target} answered ${facts.status} and no WebSocket.`));
        },
        failed: reject,
      });
    });
}

/** One request on a connection of its own. One of the two handlers is called, once. */
function ask(
  life: Life,
  request: RequestItem,
  timeoutMs: number,
  handlers: {
    readonly answered: (response: ResponseItem, end: End) => void;
    readonly failed: (error: unknown) => void;
  },
): { fail(error: unknown): void } {
  const target = targetOf(request.url);
  let settled = false;
  const fail = (error: unknown): void => {
    if (settled) return;
    settled = true;
    timer.cancel();
    end?.close();
    handlers.failed(error);
  };
  const unreachable = (why: string): void =>
    fail(new NetworkError({ code: "unreachable", target }, `${target} cannot be reached: ${why}.`));
  const timer = life.after(timeoutMs, () => {
    fail(new NetworkError({ code: "timeout", target }, `${target} did not answer within ${timeoutMs} ms.`));
  });
  const to = addressOf(request.url);
  const end = to === undefined ? undefined : dial(life, to, "http", null, {
    accepted: () => end!.send({ log: `request ${request.method} ${contentMark(request)}`, value: inHttp(request) }),
    refused: unreachable,
  });
  if (end === undefined) {
    if (to === undefined) life.after(0, () => unreachable("malformed URL"));
    return { fail };
  }
  end.handler = {
    item: (value) => {
      if (settled) return;
      settled = true;
      timer.cancel();
      handlers.answered(value as ResponseItem, end);
    },
    ended: () => unreachable("it closed without an answer"),
    reset: () => unreachable("the connection broke"),
  };
  return { fail };
}

/** A `Request` has only these schemes, and no user in its URL. */
function inHttp(request: RequestItem): RequestItem {
  const url = new URL(request.url);
  url.username = "";
  url.password = "";
  return { ...request, url: url.href.replace(/^ws/, "http") };
}

function contentMark({ url, headers, body }: RequestItem): string {
  return `${fingerprint(`${url} ${JSON.stringify(headers)}`)} ${fingerprint(body ?? "")}`;
}

function streamOf(bytes: Bytes): ReadableStream<Bytes> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}

function addressOf(url: string): Address | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const defaultPort = protocol === "https:" || protocol === "wss:" ? 443 : 80;
  return { hostname, port: port === "" ? defaultPort : Number(port) };
}

function authorizationOf(url: string): Record<string, string> {
  if (!URL.canParse(url)) return {};
  const { username, password } = new URL(url);
  if (username === "" && password === "") return {};
  return { authorization: basicAuthorization(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`) };
}

function targetOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "a malformed URL";
}
