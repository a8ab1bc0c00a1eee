/** For tests: a network in which only HTTP servers are that a test puts there. */
import { NetworkError } from "../../../actors/platform/error.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Clock, Network } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";

export type HttpServer = (request: Request) => Promise<Response>;

function absent(): never {
  throw new Error("This test has no network but for HTTP");
}

/** @param servers by host */
export function httpNetwork(clock: Clock, servers: ReadonlyMap<string, HttpServer>): Network {
  return {
    listenTls: absent,
    dialTls: absent,
    makeTlsIdentity: absent,
    serveHttp: absent,
    openWebSocket: absent,
    resolve: absent,
    fetch: async (url, { method = "GET", headers = {}, body, timeoutMs, bodyBytesMax, redirects, signal }) => {
      const target = new URL(url).host, server = servers.get(target);
      if (!server) throw new NetworkError({ code: "unreachable", target }, `${target} cannot be reached`);
      const done = new AbortController(), until = AbortSignal.any([done.signal, ...signal ? [signal] : []]);
      const late = sleep(clock, timeoutMs, until).then(() => {
        throw new NetworkError({ code: "timeout", target }, `${target} did not answer within ${timeoutMs} ms.`);
      });
      late.catch(() => undefined);
      try {
        const request = new Request(url, { method, headers, body: body ?? null });
        const response = await Promise.race([server(request), late]);
        const answered = new Uint8Array(await response.arrayBuffer()) as Bytes;
        const location = redirects === "tell" ? response.headers.get("location") : null;
        if (answered.length <= bodyBytesMax) {
          return { status: response.status, body: answered, ...(location !== null && { location }) };
        }
        throw new NetworkError({ code: "too_large", target }, `More than ${bodyBytesMax} bytes from ${target}.`);
      } finally {
        done.abort();
      }
    },
  };
}
