/**
 * What TLS speaks through: a TCP socket that stops reading when its reader is full. The runtime's TLS goes on reading
 * from a socket of its own while nobody reads from it, without bound; over a stream of ours it takes what it is given.
 */
import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { KEEP_ALIVE_MS } from "../limits.ts";

export class TlsTransport extends Duplex {
  readonly #tcp: Socket;
  #mustHold = (): boolean => false;

  constructor(tcp: Socket) {
    super();
    this.#tcp = tcp;
    tcp.setNoDelay(true);
    tcp.setKeepAlive(true, KEEP_ALIVE_MS);
    tcp.on("data", (chunk: Uint8Array) => {
      if (!this.push(chunk) || this.#mustHold()) tcp.pause();
    });
    tcp.on("end", () => this.push(null));
    tcp.on("error", (error) => this.destroy(error));
    tcp.on("close", () => this.destroy());
  }

  /** While `mustHold()`, what comes is left to TCP, which holds the sender back. */
  holdWhile(mustHold: () => boolean): void {
    this.#mustHold = mustHold;
    this.release();
  }

  /** Reads on unless it must hold; called when that may have changed. */
  release(): void {
    if (!this.#mustHold()) this.#tcp.resume();
  }

  override _read(): void {
    this.release();
  }

  override _write(chunk: Uint8Array, _encoding: unknown, done: (error?: Error | null) => void): void {
    this.#tcp.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#tcp.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#tcp.destroy();
    done(error);
  }
}
