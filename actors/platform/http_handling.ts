/** What a server does around its handler, real and simulated alike. */
import { NetworkError } from "./error.ts";
import type { Address, HttpHandler, Upgrade } from "./platform.ts";

/** Told what goes wrong where no caller waits: a request handler that throws, a listener that can't accept. */
export type Report = (what: string, error: unknown) => void;

/** Characters of a path that a report shows: who asks chooses it. */
const PATH_SHOWN_MAX = 100;

/** What the handler answers; 413 when the body was larger than the server's bound, 500 when the handler has a bug. */
export async function answerOf(
  request: Request,
  handler: HttpHandler,
  upgrade: Upgrade,
  remote: Address,
  report: Report,
): Promise<Response> {
  try {
    return await handler(request, upgrade, remote);
  } catch (thrown) {
    if (thrown instanceof NetworkError && thrown.code === "too_large") {
      return new Response("Payload Too Large", { status: 413 });
    }
    report(`handling ${request.method} ${new URL(request.url).pathname.slice(0, PATH_SHOWN_MAX)}`, thrown);
    return new Response("Internal Server Error", { status: 500 });
  }
}

/** Whether the handler has given its answer up in the middle of it, as for a client that takes nothing in. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
