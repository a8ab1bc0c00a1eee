/**
 * HTTPS to a server with a certificate of its own. LND's is marked as an authority and used as a server's; the
 * runtime's `fetch` and `Deno.connectTls` refuse that, `node:https` takes it.
 */
import { X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Agent, request as requestHttps, type RequestOptions } from "node:https";
import { errorText } from "../../../core/result.ts";
import { readBody } from "../body.ts";
import { NetworkError } from "../error.ts";
import {
  HTTP_HEADER_BYTES_MAX,
  KEEP_ALIVE_MS,
  LEFT_ANSWER_BYTES_MAX,
  LEFT_ANSWER_MS,
  PINNED_CONNECTIONS_MAX,
} from "../limits.ts";
import { linesOf } from "../lines.ts";
import type { PinnedHttp, PinnedRequest } from "../pinned_http.ts";
import { openWebSocketWith } from "./http_client.ts";

/** What `node:https` says of a certificate that isn't the pinned one, or is past its time. */
const TLS_CODES: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/**
 * @param server.url `https://host:port`
 * @param server.certificate PEM: the one that is trusted. It stands for the server whatever name it is reached by, so
 * names aren't compared
 * @throws {TypeError} for a URL that is none, or not of HTTPS, and for a text that is no certificate
 */
export function openPinnedHttp(server: { readonly url: string; readonly certificate: string }): PinnedHttp {
  const { url, certificate } = server;
  if (!URL.canParse(url) || new URL(url).protocol !== "https:") {
    throw new TypeError("The address is not of the form https://HOST:PORT.");
  }
  let expiry: Date;
  try {
    expiry = new Date(new X509Certificate(certificate).validTo);
  } catch (cause) {
    throw new TypeError("The file is no certificate (PEM).", { cause });
  }
  const { host: target, hostname, port } = new URL(url);
  const trust = { ca: certificate, checkServerIdentity: () => undefined };
  const agent = new Agent({ keepAlive: true, maxSockets: PINNED_CONNECTIONS_MAX, ...trust });
  const options = (path: string): RequestOptions => ({
    ...trust,
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? 443 : Number(port),
    path,
    agent,
    maxHeaderSize: HTTP_HEADER_BYTES_MAX,
  });
  const failure = (thrown: unknown): NetworkError => {
    if (thrown instanceof NetworkError) return thrown;
    const code = (thrown as { readonly code?: string }).code ?? "", cause = new Error(errorText(thrown));
    if (!TLS_CODES.has(code)) {
      return new NetworkError({ code: "unreachable", target }, `${target} cannot be reached.`, { cause });
    }
    const why = expiry.getTime() < Date.now()
      ? `the certificate that is trusted has expired (${expiry.toISOString().slice(0, 10)})`
      : "it shows another certificate than the one that is trusted";
    return new NetworkError({ code: "tls", target }, `${target} can't be trusted: ${why}.`, { cause });
  };
  const begin = (path: string, request: PinnedRequest & { readonly timeoutMs: number }): Promise<Begun> =>
    begun(target, options(path), request);
  return {
    fetch: async (path, request) => {
      try {
        const { response, late, end } = await begin(path, request);
        try {
          return {
            status: response.statusCode!,
            body: await readBody(bytesOf(response), request.bodyBytesMax, target),
          };
        } catch (thrown) {
          throw late() ?? thrown;
        } finally {
          end();
        }
      } catch (thrown) {
        request.signal?.throwIfAborted();
        throw failure(thrown);
      }
    },
    lines: async (path, request) => {
      try {
        const opened = await begin(path, request);
        opened.begun();
        return { status: opened.response.statusCode!, lines: linesUntil(opened, request, target) };
      } catch (thrown) {
        request.signal?.throwIfAborted();
        throw failure(thrown);
      }
    },
    openWebSocket: async (path, { headers, ...rest }) => {
      try {
        return await openWebSocketWith(`wss://${target}${path}`, { headers: { ...headers }, ...rest }, trust);
      } catch (thrown) {
        const { cause } = thrown as Error;
        throw TLS_CODES.has((cause as { readonly code?: string } | undefined)?.code ?? "") ? failure(cause) : thrown;
      }
    },
    close: () => agent.destroy(),
  };
}

type Begun = {
  readonly response: IncomingMessage;
  /** Its time is no longer measured. */
  begun(): void;
  /** Why it was ended, if its time was over. */
  late(): NetworkError | undefined;
  /** Ends it, wherever it is. */
  end(): void;
  /** Nobody reads it any more: most end right then by themselves, and give their connection back for the next. */
  leave(): void;
};

/** Resolves when the answer begins. */
function begun(
  target: string,
  options: RequestOptions,
  { method = "GET", headers, body, signal, timeoutMs }: PinnedRequest & { readonly timeoutMs: number },
): Promise<Begun> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let late: NetworkError | undefined, answer: IncomingMessage | undefined;
    const request = requestHttps({
      ...options,
      method,
      headers: { ...headers, ...(body !== undefined && { "content-length": new TextEncoder().encode(body).length }) },
    });
    const onAbort = (): void => {
      reject(signal!.reason);
      end();
    };
    const timer = setTimeout(() => {
      late = new NetworkError({ code: "timeout", target }, `${target} did not answer within ${timeoutMs} ms.`);
      request.destroy(late);
      reject(late);
    }, timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    let left: ReturnType<typeof setTimeout> | undefined;
    const end = (): void => {
      clearTimeout(timer);
      clearTimeout(left);
      signal?.removeEventListener("abort", onAbort);
      // one that was read to its end has given its connection back
      if (!answer?.complete) request.destroy();
    };
    const leave = (): void => {
      if (!answer || answer.complete || signal?.aborted) return end();
      let bytes = 0;
      left = setTimeout(end, LEFT_ANSWER_MS);
      answer.once("end", end).once("close", end).on("data", (chunk: Uint8Array) => {
        bytes += chunk.length;
        if (bytes > LEFT_ANSWER_BYTES_MAX) end();
      }).resume();
    };
    request.on("socket", (socket) => {
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.setNoDelay(true);
    });
    request.on("error", (thrown) => {
      end();
      reject(signal?.aborted ? signal.reason : late ?? thrown);
    });
    request.once("response", (response) => {
      answer = response;
      response.on("error", () => undefined); // told to who reads
      resolve({ response, begun: () => clearTimeout(timer), late: () => late, end, leave });
    });
    request.end(body);
  });
}

/** What comes, until the end of the answer: one that breaks off is no end. */
async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  // how it ends when it isn't read to its end is decided by who made the request
  for await (const chunk of response.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  if (!response.complete) throw new Error("the answer broke off");
}

function bytesOf(response: IncomingMessage): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunksOf(response));
}

async function* linesUntil(
  { response, end, leave }: Begun,
  { lineUnitsMax, signal }: PinnedRequest & { readonly lineUnitsMax: number },
  target: string,
): AsyncGenerator<string> {
  let isLeft = true;
  try {
    yield* linesOf(bytesOf(response), lineUnitsMax);
    isLeft = false;
    signal?.throwIfAborted();
  } catch (thrown) {
    isLeft = false;
    signal?.throwIfAborted();
    if (thrown instanceof Error && thrown.name === "LineError") throw thrown;
    throw new NetworkError({ code: "reset", target }, `${target} broke its answer off.`, { cause: thrown });
  } finally {
    if (isLeft) leave();
    else end();
  }
}
