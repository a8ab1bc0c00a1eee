/**
 * The gateway's port. Every route stands at the root and under `/v1`: clients join routes to the host, whatever path
 * the gateway's URL has. docs/protocol/06-lightning-meta.md §D.1.
 */
import { defineActor, next } from "../../actors/actor.ts";
import { limitedLogger } from "../../actors/limited_log.ts";
import type { Logger } from "../../actors/logger.ts";
import type { Address, Listener } from "../../actors/platform/platform.ts";
import { NetworkError } from "../../actors/platform/error.ts";
import type { Cast } from "../../actors/protocol.ts";
import { errorText } from "../../core/result.ts";
import { BadRequest, preflight, textAnswer } from "./answers.ts";

/** A route's answer; null when there is no such route. `path`: without `/v1`. */
export type Answerer = (path: string, request: Request, remote: Address) => Promise<Response | null>;

export type HttpArgs = {
  readonly bind: Address;
  readonly answer: Answerer;
  /** Told where it listens. */
  readonly listening: (address: Address) => void;
};

/** Nothing is ever told to it: requests are answered beside the mailbox. */
export type HttpMessage = Cast<"never", null>;

/** The same path without one leading `/v1`. */
function unversioned(path: string): string {
  return path.startsWith("/v1/") ? path.slice(3) : path;
}

async function handle({ answer }: HttpArgs, request: Request, remote: Address, log: Logger): Promise<Response> {
  if (request.method === "OPTIONS") return preflight();
  try {
    return await answer(unversioned(new URL(request.url).pathname), request, remote) ?? textAnswer(404, "");
  } catch (thrown) {
    if (thrown instanceof BadRequest) return textAnswer(thrown.facts.status, thrown.message);
    if (thrown instanceof NetworkError) throw thrown;
    // nobody waits for the answer any more
    if (request.signal.aborted) return textAnswer(499, "");
    // whoever asks hears no more than that: it may be about the node, or the disk
    log.error("A request failed", { reason: errorText(thrown) });
    return textAnswer(500, "Gateway internal error");
  }
}

export const httpListener = defineActor<HttpMessage, HttpArgs, Listener>({
  name: "http",
  init: async (ctx, args) => {
    const log = limitedLogger(ctx.log, ctx.platform.clock);
    const listener = await ctx.platform.network.serveHttp(
      args.bind,
      (request, _, remote) => handle(args, request, remote, log),
    );
    // also after a crash, where nothing is terminated: the next life listens at the same address
    ctx.signal.addEventListener("abort", () => void listener.close(), { once: true });
    ctx.log.info("Gateway is listening", { address: `${listener.address.hostname}:${listener.address.port}` });
    args.listening(listener.address);
    return listener;
  },
  handle: { never: (state) => next(state) },
  terminate: (listener) => listener.close(),
});
