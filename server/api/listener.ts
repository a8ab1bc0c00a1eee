/**
 * The API's port: WebSocket on any path, JSON-RPC by POST as well. Refuses strangers of a private federation (401) and
 * connections above the limit (429). fedimint-server `net/api/mod.rs`; docs/protocol/02-api.md §1.
 */
import { Hono } from "hono";
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Handover } from "../../actors/handover.ts";
import { limitedLogger } from "../../actors/limited_log.ts";
import type { Logger } from "../../actors/logger.ts";
import { connectionsWithin } from "../../actors/platform/open_files.ts";
import type { Address, Listener, Upgrade } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import { child } from "../../actors/supervisor.ts";
import type { Result } from "../../core/result.ts";
import type { Answering } from "./answer_in_time.ts";
import { answerInTime } from "./answer_in_time.ts";
import type { Client } from "./connection.ts";
import { apiConnection, hangUp } from "./connection.ts";
import type { Incoming, Methods } from "./dispatch.ts";
import { Callers } from "./callers.ts";
import { answerUnits, overloaded, parseMessage, priceOf, TOO_BIG_REQUEST } from "./dispatch.ts";
import type { Message } from "./encoded.ts";
import { postedAnswer } from "./posted_answer.ts";
import { API_PART_OF_CONNECTIONS, PING_MS, REQUEST_BYTES_READ_MAX } from "./limits.ts";
import { isAuthorized } from "./secrets.ts";

export type ApiListenerMessage =
  /** Somebody has connected. `id` in the handover. */
  | Cast<"opened", { id: number }>
  | Cast<"started", { outcome: Result<void, unknown> }>;

export type ApiListenerArgs = {
  readonly bind: Address;
  readonly methods: Methods;
  readonly connectionsMax: number;
  /** Of one public address. */
  readonly connectionsPerAddress: number;
  /** Accepted secrets of a private federation. Secret. */
  readonly apiSecrets: readonly string[];
  /** Path of the supervisor under which connections live. */
  readonly supervisor: string;
  /** Who has connected and has no actor yet. Of all lives of the listener: a number never comes again. */
  readonly handover: Handover<Client>;
};

type State = {
  readonly args: ApiListenerArgs;
  readonly listener: Listener;
  readonly callers: Callers;
  readonly log: Logger;
};

/** Who asks, and what is done for it. */
type Asking = Pick<Answering, "source" | "onWork">;

type Bindings = { readonly upgrade: Upgrade; readonly remote: Address };

function unauthorized(): Response {
  return new Response("Unauthorized", {
    status: 401,
    headers: { "WWW-Authenticate": 'Basic realm="Authentication needed"' },
  });
}

function tooMany(): Response {
  return new Response("Too many connections or requests: try again later", {
    status: 429,
    headers: { connection: "close" },
  });
}

/** Connections that the API takes: as many as configured, if the process may have so many files open. */
async function placesOf(configured: number, { platform, log }: ActorContext<ApiListenerMessage>): Promise<number> {
  const openFiles = await platform.files.openFilesMax();
  const places = Math.floor(connectionsWithin(openFiles, Infinity) * API_PART_OF_CONNECTIONS);
  if (places >= configured) return configured;
  log.warn("Too few files may be open for the configured connections: raise the limit of open files", {
    openFiles,
    configured,
    connections: places,
  });
  return places;
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
  callers: Callers,
  tools: {
    readonly opened: (client: Client) => void;
    readonly answer: (incoming: Incoming, asking: Asking, gone: AbortSignal) => Promise<Message | null>;
  },
): Hono<{ Bindings: Bindings }> {
  const app = new Hono<{ Bindings: Bindings }>();
  app.use("*", async (c, proceed) => {
    if (!await callers.mayAsk(c.env.remote, c.req.raw.signal)) return tooMany();
    if (!isAuthorized(c.req.header("authorization") ?? null, args.apiSecrets)) return unauthorized();
    return await proceed();
  });
  app.get("*", (c) => {
    if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a Fedimint guardian's API: connect by WebSocket", { status: 405 });
    }
    let isEvicted = false;
    let evict = (): void => {
      isEvicted = true;
    };
    const caller = callers.connect(c.env.remote, () => evict());
    if (!caller) return tooMany();
    const { response, socket } = c.env.upgrade({ messageBytesMax: REQUEST_BYTES_READ_MAX, pingMs: PING_MS });
    socket.then((socket) => {
      if (isEvicted) return socket.close();
      evict = () => socket.close();
      tools.opened({ socket, caller });
    }, () => caller.leave());
    return response;
  });
  app.post("*", async (c) => {
    if (!c.req.header("content-type")?.startsWith("application/json")) {
      return new Response("Expected application/json", { status: 415 });
    }
    const text = await readBounded(c.req.raw.body);
    if (text === null) return c.json({ jsonrpc: "2.0", id: null, error: TOO_BIG_REQUEST });
    // a request takes a place like a connection, until its answer is taken in
    const cutting = new AbortController(), cut = (): void => cutting.abort();
    const caller = callers.connect(c.env.remote, cut);
    if (!caller) return tooMany();
    const gone = AbortSignal.any([c.req.raw.signal, cutting.signal]);
    gone.addEventListener("abort", () => caller.leave(), { once: true });
    if (caller.waitMs() > 0) {
      caller.leave();
      return tooMany();
    }
    const incoming = parseMessage(text, args.methods);
    const begun = caller.begin(incoming.calls.length, priceOf(incoming, args.methods, text.length));
    const asking = { source: caller.source, onWork: (work: Promise<unknown>) => begun?.works(work) };
    const answer = begun ? await tools.answer(incoming, asking, gone) : overloaded(incoming);
    begun?.end(answerUnits(answer));
    return new Response(postedAnswer(answer ?? "", caller, { cut: gone, end: cut }), {
      headers: { "content-type": "application/json; charset=utf-8" },
    });
  });
  return app;
}

export const apiListener = defineActor<ApiListenerMessage, ApiListenerArgs, State>({
  name: "listener",
  init: async (ctx, args) => {
    const log = limitedLogger(ctx.log, ctx.platform.clock);
    const connectionsMax = await placesOf(args.connectionsMax, ctx);
    const callers = new Callers({ ...args, connectionsMax }, ctx.platform.clock);
    const app = routes(args, callers, {
      opened: (client) => {
        if (ctx.signal.aborted) hangUp(client);
        else ctx.tell(ctx.self, "opened", { id: args.handover.put(client) });
      },
      answer: (incoming, asking, gone) =>
        answerInTime(
          incoming,
          { ...asking, methods: args.methods, clock: ctx.platform.clock, log },
          AbortSignal.any([gone, ctx.signal]),
        ),
    });
    const listener = await ctx.platform.network.serveHttp(
      { ...args.bind, connectionsMax, sourceConnectionsMax: args.connectionsPerAddress },
      (request, upgrade, remote) => app.fetch(request, { upgrade, remote }),
    );
    // also after a crash, where nothing is terminated: the next life listens at the same address
    ctx.signal.addEventListener("abort", () => {
      args.handover.clear(hangUp);
      void listener.close();
    }, { once: true });
    ctx.log.info("API is listening", { address: `${listener.address.hostname}:${listener.address.port}` });
    return { args, listener, callers, log };
  },
  handle: {
    opened: (state, { id }, ctx) => {
      const { args: { methods, handover }, log } = state;
      // not after a crash: the client was hung up on then
      if (!handover.has(id)) return next(state);
      const spec = child(apiConnection, {
        id: `connection:${id}`,
        args: { handover, id, methods, log },
        restart: "temporary",
        shutdownMs: 100,
      });
      ctx.run(() => ctx.startChild(state.args.supervisor, spec), (outcome) => ({ type: "started", args: { outcome } }));
      return next(state);
    },
    started: (state, { outcome }) => {
      if (!outcome.ok) throw outcome.error;
      return next(state);
    },
  },
  terminate: (state) => state.listener.close(),
  // no more than there are places
  mailbox: { max: 1, full: "refuse", always: ["opened"] },
  inspect: ({ callers }) => ({ connections: callers.connections }),
});
