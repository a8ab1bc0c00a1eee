/**
 * The API's port: WebSocket on any path, JSON-RPC by POST as well. Refuses strangers of a private federation (401) and connections above
 * the limit (429). fedimint-server `net/api/mod.rs`; sheet "API" 1.
 */
import { Hono } from "hono";
import { defineActor, next } from "../../actors/actor.ts";
import type { Address, Listener, MessageSocket, Upgrade } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import { child } from "../../actors/supervisor.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { apiConnection } from "./connection.ts";
import type { Methods } from "./dispatch.ts";
import { answerMessage, parseMessage, TOO_BIG_REQUEST } from "./dispatch.ts";
import { PING_MS, REQUEST_BYTES_READ_MAX, REQUEST_TIMEOUT_MS } from "./limits.ts";
import { isAuthorized } from "./secrets.ts";

export type ApiListenerMessage =
  | Cast<"opened", { socket: MessageSocket }>
  | Cast<"started", { outcome: Result<void, unknown> }>;

export type ApiListenerArgs = {
  readonly bind: Address;
  readonly methods: Methods;
  readonly connectionsMax: number;
  /** Accepted secrets of a private federation. Secret. */
  readonly apiSecrets: readonly string[];
  /** Path of the supervisor under which connections live. */
  readonly supervisor: string;
};

type Counter = { open: number };
type State = {
  readonly args: ApiListenerArgs;
  readonly listener: Listener;
  readonly counter: Counter;
  readonly number: number;
};

type Bindings = { readonly upgrade: Upgrade };

function unauthorized(): Response {
  return new Response("Unauthorized", {
    status: 401,
    headers: { "WWW-Authenticate": 'Basic realm="Authentication needed"' },
  });
}

/** A body's text; null when it is longer than a request may be. Never holds more. */
async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<string | null> {
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > REQUEST_BYTES_READ_MAX) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** Answers HTTP; `opened` gets the sockets. */
function routes(
  args: ApiListenerArgs,
  counter: Counter,
  tools: {
    readonly opened: (socket: MessageSocket) => void;
    /** Runs `task` with a signal for the time that a request may take. */
    readonly inTime: <T>(task: (signal: AbortSignal) => Promise<T>) => Promise<T>;
    readonly onBug: (method: string, thrown: unknown) => void;
  },
): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  app.use("*", async (c, proceed) => {
    if (!isAuthorized(c.req.header("authorization") ?? null, args.apiSecrets)) return unauthorized();
    if (counter.open >= args.connectionsMax) return new Response("Too many connections", { status: 429 });
    return await proceed();
  });
  app.get("*", (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a Fedimint guardian's API: connect by WebSocket", { status: 405 });
    }
    const { response, socket } = c.env.upgrade({ messageBytesMax: REQUEST_BYTES_READ_MAX, pingMs: PING_MS });
    counter.open++;
    socket.then(tools.opened, () => counter.open--);
    return response;
  });
  app.post("*", async (c) => {
    if (!c.req.header("content-type")?.startsWith("application/json")) {
      return new Response("Expected application/json", { status: 415 });
    }
    // a request under way takes a place like a connection: its body and its answer are as large
    counter.open++;
    try {
      const text = await readBounded(c.req.raw.body);
      if (text === null) return c.json({ jsonrpc: "2.0", id: null, error: TOO_BIG_REQUEST });
      const { methods } = args;
      const answer = await tools.inTime((signal) =>
        answerMessage(parseMessage(text), { methods, signal, onBug: tools.onBug })
      );
      return new Response(answer ?? "", { headers: { "content-type": "application/json; charset=utf-8" } });
    } finally {
      counter.open--;
    }
  });
  return app;
}

export const apiListener = defineActor<ApiListenerMessage, ApiListenerArgs, State>({
  name: "listener",
  init: async (ctx, args) => {
    const counter: Counter = { open: 0 };
    const app = routes(args, counter, {
      opened: (socket) => ctx.tell(ctx.self, "opened", { socket }),
      inTime: async (task) => {
        const timeout = new AbortController();
        const timer = ctx.platform.clock.setTimer(REQUEST_TIMEOUT_MS, () => timeout.abort());
        try {
          return await task(AbortSignal.any([ctx.signal, timeout.signal]));
        } finally {
          timer.cancel();
        }
      },
      onBug: (method, thrown) => ctx.log.error("An endpoint failed", { method, reason: errorText(thrown) }),
    });
    const listener = await ctx.platform.network.serveHttp(
      args.bind,
      (request, upgrade) => app.fetch(request, { upgrade }),
    );
    ctx.log.info("API is listening", { address: `${listener.address.hostname}:${listener.address.port}` });
    return { args, listener, counter, number: 0 };
  },
  handle: {
    opened: (state, { socket }, ctx) => {
      const onEnd = (): void => {
        state.counter.open--;
      };
      const spec = child(apiConnection, {
        id: `connection:${state.number}`,
        args: { socket, methods: state.args.methods, onEnd },
        restart: "temporary",
        shutdownMs: 100,
      });
      ctx.run(() => ctx.startChild(state.args.supervisor, spec), (outcome) => ({ type: "started", args: { outcome } }));
      return next({ ...state, number: state.number + 1 });
    },
    started: (state, { outcome }) => {
      if (!outcome.ok) throw outcome.error;
      return next(state);
    },
  },
  terminate: (state) => state.listener.close(),
  inspect: ({ counter }) => ({ connections: counter.open }),
});
