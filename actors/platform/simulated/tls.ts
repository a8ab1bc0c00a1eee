/**
 * TLS between simulated machines, without the cryptography: a certificate is 64 bytes that only the holder of its key
 * can show, so that here as there nobody is dialled or accepted under another's certificate.
 */
import { createHash } from "node:crypto";
import { assert } from "../../../core/assert.ts";
import { type Bytes, concat, concatAll, equalBytes } from "../../../core/bytes.ts";
import { NetworkError } from "../error.ts";
import { TLS_UNREAD_BYTES_MAX } from "../limits.ts";
import type { ByteStream, Network, TlsIdentity } from "../platform.ts";
import { dial, type End, type EndHandler } from "./connection.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Life } from "./machine.ts";
import { listenAt } from "./ports.ts";

/**
 * Bytes that may be on their way or unread before a writer waits; what real systems buffer, but less, to meet it more
 * often.
 */
const WINDOW_BYTES = 4 * TLS_UNREAD_BYTES_MAX;
/**
 * Bytes read before the other side is told: each time is an event. Less than the window, or its writer would wait for
 * ever.
 */
const ACKNOWLEDGE_BYTES = WINDOW_BYTES / 4;

export function simulatedListenTls(life: Life): Network["listenTls"] {
  return (options, onConnection) => {
    return new Promise((resolve) => {
      if (!life.alive) return;
      const certificate = ownedCertificate(options.identity, `${options.hostname}:${options.port}`);
      resolve(listenAt(life, options, {
        protocol: "tls",
        accept: (end, hello, remote) => {
          onConnection(new SimulatedStream(life, end, `${remote.hostname}:${remote.port}`, hello as Bytes), remote);
          return certificate;
        },
      }));
    });
  };
}

export function simulatedDialTls(life: Life): Network["dialTls"] {
  return (options) =>
    new Promise((resolve, reject) => {
      if (!life.alive) return;
      const target = `${options.hostname}:${options.port}`;
      const end = dial(life, options, "tls", ownedCertificate(options.identity, target), {
        accepted: (welcome) => {
          timer.cancel();
          resolve(new SimulatedStream(life, end!, target, welcome as Bytes));
        },
        refused: (why) => {
          timer.cancel();
          const code = why === "other_protocol" ? "tls" : "unreachable";
          reject(new NetworkError({ code, target }, `${target} cannot be reached: ${why}.`));
        },
      });
      const timer = life.after(options.timeoutMs, () => {
        end?.close();
        const message = `${target} did not answer within ${options.timeoutMs} ms.`;
        reject(new NetworkError({ code: "timeout", target }, message));
      });
    });
}

export function simulatedTlsIdentity(life: Life): Network["makeTlsIdentity"] {
  return (dnsName) => {
    const privateKey = life.dice.bytes(32);
    return Promise.resolve({ privateKey, certificate: certificateOf(privateKey, hash(dnsName)) });
  };
}

/** Hash of the name, hash of key and name: nobody finds the key from it. */
function certificateOf(privateKey: Uint8Array, name: Bytes): Bytes {
  return concat(name, hash(concat(privateKey, name)));
}

function ownedCertificate({ certificate, privateKey }: TlsIdentity, target: string): Bytes {
  if (!equalBytes(certificateOf(privateKey, certificate.slice(0, 32)), certificate)) {
    throw new NetworkError({ code: "tls", target }, "The private key does not belong to the certificate.");
  }
  return certificate.slice();
}

function hash(data: string | Uint8Array): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

type Waiter<T> = { readonly resolve: (value: T) => void; readonly reject: (error: NetworkError) => void };

class SimulatedStream implements ByteStream, EndHandler {
  readonly peerCertificate: Bytes;
  readonly #life: Life;
  readonly #end: End;
  readonly #target: string;
  #unread: Bytes[] = [];
  #reader: Waiter<Bytes | null> | undefined;
  #writers: Waiter<void>[] = [];
  /** Sent by us and not yet read there. */
  #outstandingBytes = 0;
  /** Read by us and not yet told. */
  #readBytes = 0;
  #state: "open" | "ended" | "reset" | "closed" = "open";

  constructor(life: Life, end: End, target: string, peerCertificate: Bytes) {
    this.#life = life;
    this.#end = end;
    this.#target = target;
    this.peerCertificate = peerCertificate;
    end.handler = this;
  }

  read(): Promise<Bytes | null> {
    assert(this.#reader === undefined, "one read at a time: two would tear the stream apart");
    return new Promise((resolve, reject) => {
      if (!this.#life.alive) return;
      this.#reader = { resolve, reject };
      this.#serveReader();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#life.alive) return;
      if (this.#state !== "open") return reject(this.#resetError());
      // TCP keeps no borders: one write in four comes in two pieces, and reads join what has come.
      const split = this.#life.dice.below(4) > 0 ? 0 : this.#life.dice.below(bytes.length + 1);
      for (const piece of [bytes.slice(0, split), bytes.slice(split)]) {
        if (piece.length > 0) this.#end.send({ log: `bytes ${piece.length} ${fingerprint(piece)}`, value: piece });
      }
      this.#outstandingBytes += bytes.length;
      if (this.#state !== "open" || this.#outstandingBytes <= WINDOW_BYTES) return resolve();
      this.#writers.push({ resolve, reject });
    });
  }

  close(): void {
    if (this.#state === "closed" || !this.#life.alive) return;
    this.#state = "closed";
    this.#unread = [];
    this.#end.close();
    this.#serveReader();
    this.#failWriters();
  }

  item(value: unknown): void {
    if (typeof value === "number") return this.#acknowledged(value);
    this.#unread.push(value as Bytes);
    this.#serveReader();
  }

  ended(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#serveReader();
    this.#failWriters();
  }

  reset(): void {
    if (this.#state !== "open") return;
    this.#state = "reset";
    this.#serveReader();
    this.#failWriters();
  }

  #serveReader(): void {
    const reader = this.#reader;
    if (reader === undefined || (this.#unread.length === 0 && this.#state === "open")) return;
    this.#reader = undefined;
    if (this.#unread.length > 0) {
      const bytes = concatAll(this.#unread);
      this.#unread = [];
      this.#acknowledge(bytes.length);
      reader.resolve(bytes);
    } else if (this.#state === "reset") reader.reject(this.#resetError());
    else reader.resolve(null);
  }

  #acknowledge(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#readBytes < ACKNOWLEDGE_BYTES) return;
    this.#end.send({ log: `read ${this.#readBytes}`, value: this.#readBytes });
    this.#readBytes = 0;
  }

  #acknowledged(bytes: number): void {
    this.#outstandingBytes -= bytes;
    if (this.#outstandingBytes > WINDOW_BYTES) return;
    for (const writer of this.#writers) writer.resolve();
    this.#writers = [];
  }

  #failWriters(): void {
    for (const writer of this.#writers) writer.reject(this.#resetError());
    this.#writers = [];
  }

  #resetError(): NetworkError {
    const facts = { code: "reset", target: this.#target } as const;
    return new NetworkError(facts, `The connection with ${this.#target} is lost.`);
  }
}
