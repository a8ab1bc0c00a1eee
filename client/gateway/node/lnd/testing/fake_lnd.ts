/**
 * An LND's REST interface in memory: answers are scripted by path, in the words that LND 0.20 uses. Streams stay open
 * until the test ends them.
 */
import { assert } from "../../../../../core/assert.ts";
import { utf8 } from "../../../../../core/bytes.ts";
import { NetworkError } from "../../../../../actors/platform/error.ts";
import type { MessageSocket } from "../../../../../actors/platform/platform.ts";
import type { PinnedHttp } from "../../../../../actors/platform/pinned_http.ts";

export type FakeAnswer = { readonly status: number; readonly text: string };
/** What a request is answered with; a stream as its lines; `lost` for one that LND carries out and nobody hears of. */
export type FakeReply = FakeAnswer | FakeStream | "lost";

export const found = (text: string): FakeAnswer => ({ status: 200, text });
export const refused = (code: number, message: string, status = 500): FakeAnswer => ({
  status,
  text: JSON.stringify({ code, message, details: [] }),
});
/** How streams say it. */
export const refusedStream = (code: number, message: string, status = 500): FakeAnswer => ({
  status,
  text: JSON.stringify({ error: { code, message, details: [] } }),
});

const lost = (): NetworkError =>
  new NetworkError({ code: "unreachable", target: "lnd:8080" }, "lnd:8080 cannot be reached.");

export class FakeStream {
  readonly #lines: string[] = [];
  #end: "ended" | "broken" | null = null;
  #wake = Promise.withResolvers<void>();
  isRead = true;

  /** Messages as LND has them, in `result`. */
  constructor(...messages: string[]) {
    for (const message of messages) this.push(message);
  }

  push(message: string): this {
    this.#lines.push(`{"result":${message}}`);
    this.#wake.resolve();
    return this;
  }

  /** LND's no, as a line of the stream. */
  refuse({ text }: FakeAnswer): this {
    this.#lines.push(text);
    this.#wake.resolve();
    return this;
  }

  end(how: "ended" | "broken" = "ended"): this {
    this.#end = how;
    this.#wake.resolve();
    return this;
  }

  async *lines(signal: AbortSignal | undefined): AsyncGenerator<string> {
    signal?.addEventListener("abort", () => this.#wake.resolve(), { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        const line = this.#lines.shift();
        if (line !== undefined) {
          yield line;
          continue;
        }
        if (this.#end === "ended") return;
        if (this.#end === "broken") throw lost();
        await this.#wake.promise;
        this.#wake = Promise.withResolvers();
      }
    } finally {
      this.isRead = false;
    }
  }
}

class FakeSocket implements MessageSocket {
  readonly sent: string[] = [];
  readonly #messages: (string | null)[] = [];
  #reader: ((message: string | null) => void) | null = null;
  bufferedBytes = 0;
  isOver = false;

  push(message: string | null): void {
    const reader = this.#reader;
    this.#reader = null;
    if (reader === null) this.#messages.push(message);
    else reader(message);
  }

  send(message: string): void {
    this.sent.push(message);
  }

  arrival(): Promise<void> {
    throw new Error("nobody asks for it");
  }

  receive(): Promise<string | null> {
    const message = this.#messages.shift();
    return message !== undefined ? Promise.resolve(message) : new Promise((resolve) => this.#reader = resolve);
  }

  close(): void {
    this.isOver = true;
  }
}

export class FakeLnd {
  /** Every request: method, path, body. */
  readonly requests: string[] = [];
  readonly sockets: FakeSocket[] = [];
  readonly macaroons = new Set<string | undefined>();
  isUp = true;
  readonly #routes: { readonly path: RegExp; readonly reply: (request: string) => FakeReply }[] = [];

  /** The newest that fits is asked. @param path of method and path with query */
  on(path: RegExp, reply: FakeReply | ((request: string) => FakeReply)): this {
    this.#routes.unshift({ path, reply: typeof reply === "function" ? reply : () => reply });
    return this;
  }

  /** Requests so far whose method and path fit. */
  count(path: RegExp): number {
    return this.requests.filter((request) => path.test(request)).length;
  }

  readonly http: PinnedHttp = {
    fetch: async (path, { method = "GET", headers, body = "", signal }) => {
      const reply = await this.#reply(`${method} ${path} ${body}`, headers, signal);
      assert(!(reply instanceof FakeStream), "that path is a stream");
      return { status: reply.status, body: utf8(reply.text) };
    },
    lines: async (path, { method = "GET", headers, body = "", signal }) => {
      const reply = await this.#reply(`${method} ${path} ${body}`, headers, signal);
      if (reply instanceof FakeStream) return { status: 200, lines: reply.lines(signal) };
      return { status: reply.status, lines: ReadableStream.from([reply.text]) };
    },
    openWebSocket: (path, { headers }) => {
      this.requests.push(`SOCKET ${path} `);
      this.macaroons.add(headers["grpc-metadata-macaroon"]);
      if (!this.isUp) return Promise.reject(lost());
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return Promise.resolve(socket);
    },
    close: () => undefined,
  };

  async #reply(
    request: string,
    headers: Readonly<Record<string, string>> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FakeAnswer | FakeStream> {
    await Promise.resolve();
    signal?.throwIfAborted();
    this.requests.push(request);
    this.macaroons.add(headers?.["grpc-metadata-macaroon"]);
    if (!this.isUp) throw lost();
    const route = this.#routes.find(({ path }) => path.test(request));
    const reply = route?.reply(request) ?? refused(5, "Not Found", 404);
    if (reply === "lost") throw lost();
    return reply;
  }
}
