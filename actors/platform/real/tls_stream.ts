/**
 * A byte stream over TLS. Unread bytes are bounded: beyond `TLS_UNREAD_BYTES_MAX` the rest is left to TCP, which holds
 * the sender back. Reading and writing wait for different events and never for each other.
 */
import type { TLSSocket } from "node:tls";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { TLS_UNREAD_BYTES_MAX } from "../limits.ts";
import type { ByteStream } from "../platform.ts";
import { linger } from "./linger.ts";
import type { TlsTransport } from "./tls_transport.ts";

type Waiter<T> = { readonly resolve: (value: T) => void; readonly reject: (error: NetworkError) => void };

export class TlsStream implements ByteStream {
  readonly peerCertificate: Bytes;
  readonly #tls: TLSSocket;
  readonly #transport: TlsTransport;
  readonly #target: string;
  #reader: Waiter<Bytes | null> | undefined;
  #writers: Waiter<void>[] = [];
  /** Why nothing more can be read or written. */
  #failure: NetworkError | undefined;
  #ended = false;
  #closed = false;

  constructor(tls: TLSSocket, transport: TlsTransport, target: string, peerCertificate: Bytes) {
    this.#tls = tls;
    this.#transport = transport;
    this.#target = target;
    this.peerCertificate = peerCertificate;
    transport.holdWhile(() => tls.readableLength >= TLS_UNREAD_BYTES_MAX);
    tls.on("readable", () => this.#serveReader());
    tls.on("end", () => {
      this.#ended = true;
      this.#serveReader();
      this.#settleWriters(this.#reset(undefined));
    });
    tls.on("drain", () => this.#settleWriters());
    tls.on("error", (cause) => this.#fail(cause));
    tls.on("close", () => this.#fail(undefined));
  }

  read(): Promise<Bytes | null> {
    assert(this.#reader === undefined, "one read at a time: two would tear the stream apart");
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#serveReader();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    // An end is the end of both directions: nobody of ours closes one of them.
    if (this.#closed || this.#ended || this.#failure !== undefined) {
      return Promise.reject(this.#failure ?? this.#reset(undefined));
    }
    if (bytes.length === 0) return Promise.resolve();
    // The socket keeps what it is given until it left, and the caller may use its bytes again.
    if (this.#tls.write(bytes.slice())) return Promise.resolve();
    return new Promise((resolve, reject) => this.#writers.push({ resolve, reject }));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#serveReader();
    this.#settleWriters(this.#reset(undefined));
    this.#transport.holdWhile(() => false);
    linger(this.#tls);
  }

  #take(): Uint8Array | null {
    const bytes = this.#tls.read() as Uint8Array | null;
    this.#transport.release();
    return bytes;
  }

  #serveReader(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const bytes = this.#closed ? null : this.#take();
    if (bytes === null && !this.#closed && !this.#ended && this.#failure === undefined) return;
    this.#reader = undefined;
    if (bytes !== null) reader.resolve(new Uint8Array(bytes));
    else if (this.#closed || this.#ended) reader.resolve(null);
    else reader.reject(this.#failure!);
  }

  #settleWriters(error?: NetworkError): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) error === undefined ? writer.resolve() : writer.reject(error);
  }

  #fail(cause: unknown): void {
    this.#failure ??= this.#reset(cause);
    this.#serveReader();
    this.#settleWriters(this.#failure);
  }

  #reset(cause: unknown): NetworkError {
    const facts = { code: "reset", target: this.#target } as const;
    return new NetworkError(facts, `The connection with ${this.#target} is lost.`, { cause });
  }
}
