/**
 * One HTTPS server that is known by its certificate and by no authority: a Lightning node, which makes its own. Main
 * programs are handed one by `openPinnedHttp`; connections are kept for the next request.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { MessageSocket } from "./platform.ts";

export type PinnedRequest = {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
};

/** Paths begin with a slash and may have a query. Errors name the host alone. */
export interface PinnedHttp {
  /**
   * One request and its whole answer.
   * @throws {NetworkError} `unreachable` · `timeout` · `tls` (another certificate) · `too_large`
   */
  fetch(
    path: string,
    request: PinnedRequest & { readonly timeoutMs: number; readonly bodyBytesMax: number },
  ): Promise<{ readonly status: number; readonly body: Bytes }>;
  /**
   * One request whose answer goes on, line by line. Who aborts ends it; so does who leaves off reading, unless it comes
   * to its own end within a moment.
   * @param request.timeoutMs until the answer begins
   * @param request.lineUnitsMax longest line, in UTF-16 units
   * @throws {NetworkError} as `fetch`; from the lines also `reset` and {LineError} `line_too_long`
   */
  lines(
    path: string,
    request: PinnedRequest & { readonly timeoutMs: number; readonly lineUnitsMax: number },
  ): Promise<{ readonly status: number; readonly lines: AsyncIterable<string> }>;
  /** @throws {NetworkError} as `fetch`, and `refused` (with the HTTP status) */
  openWebSocket(
    path: string,
    options: {
      readonly headers: Readonly<Record<string, string>>;
      readonly timeoutMs: number;
      readonly messageBytesMax: number;
    },
  ): Promise<MessageSocket>;
  /** Ends idle connections. */
  close(): void;
}
