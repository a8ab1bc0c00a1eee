/**
 * What actors are given to touch the world: one clock, one dice, one wire, one set of files. `real.ts` has the
 * machine's own, `simulated/` those of a world on virtual time from one seed. Nothing outside this folder touches
 * `Date`, `performance`, timers, `Math.random`, `crypto.getRandomValues`, sockets or files; `deno task check` holds
 * this.
 */
import type { Bytes } from "../../core/bytes.ts";

/** Everything outside, as it is handed in. */
export interface Platform {
  /** Time. */
  readonly clock: Clock;
  /** Randomness. */
  readonly dice: Dice;
  /** Sockets and HTTP. */
  readonly network: Network;
  /** Files of this machine. */
  readonly files: Files;
  /** Computations that take long. */
  readonly threads: Threads;
}

/** The one clock. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  nowMs(): number;
  /** Never goes back; for durations. Milliseconds with a fraction. */
  monotonicMs(): number;
  /** Calls `fire` once after `delayMs` (≥ 0). */
  setTimer(delayMs: number, fire: () => void): Timer;
}

/** A timer that was set. */
export interface Timer {
  /** It fires no more, if it has not fired already. */
  cancel(): void;
}

/** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      timer.cancel();
      reject(signal!.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Randomness. */
export interface Dice {
  /** Unpredictable bytes: keys and nonces come from here. */
  bytes(size: number): Bytes;
  /** Uniform in [0, 1): jitter, choice of a peer. Not for secrets. */
  fraction(): number;
  /** Uniform integer 0 … bound − 1. */
  below(bound: number): number;
}

/** Where something listens. */
export type Address = { readonly hostname: string; readonly port: number };

/** Something that listens. */
export interface Listener {
  /** Where, with the port that the system gave. */
  readonly address: Address;
  /** Stops accepting; open connections go on. Resolves when the port is free. */
  close(): Promise<void>;
}

/** A connected byte stream that keeps order. Reading and writing are independent of each other. */
export interface ByteStream {
  /** DER of the certificate that the other side proved to own. */
  readonly peerCertificate: Bytes;
  /** The next bytes as they come, null at the end. @throws {NetworkError} `reset` */
  read(): Promise<Bytes | null>;
  /** Resolves when the stream takes more (back-pressure). @throws {NetworkError} `reset` */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends it in both directions. */
  close(): void;
}

/** A certificate and its key. */
export type TlsIdentity = {
  /** DER, X.509 self-signed, ECDSA P-256 */
  readonly certificate: Bytes;
  /** DER, PKCS#8. Secret. */
  readonly privateKey: Bytes;
};

/** An ordered socket of whole messages (WebSocket). */
export interface MessageSocket {
  /** A text, or the pieces of one, each of them UTF-8 by itself: what many are sent is held once. */
  send(message: string | readonly Bytes[]): void;
  /** Bytes that were sent and have not left yet. */
  readonly bufferedBytes: number;
  /** Either side has closed it, or it was cut: what is sent reaches nobody. */
  readonly isOver: boolean;
  /**
   * Resolves when a message can be received, or none comes any more: one at a time. Who then receives it decides when.
   */
  arrival(): Promise<void>;
  /** The next message, null once closed. Messages that nobody reads are kept (the sender's bound applies). */
  receive(): Promise<string | null>;
  /** Ends it; the other side is told the code and the reason. */
  close(code?: number, reason?: string): void;
}

/** Makes a WebSocket of a request. */
export type Upgrade = (options: { readonly messageBytesMax: number; readonly pingMs: number }) => {
  readonly response: Response;
  readonly socket: Promise<MessageSocket>;
};
/**
 * An HTTP request handler; `upgrade` turns the request into a WebSocket and must then be answered by its `response`.
 */
export type HttpHandler = (request: Request, upgrade: Upgrade, remote: Address) => Response | Promise<Response>;

/** The one wire. */
export interface Network {
  /**
   * Both sides show a certificate; whose it is the caller decides by its bytes. TLS 1.2 or 1.3, no ALPN. Connections
   * whose certificate `isKnown` (default all) have places of their own; all others share some with those that have
   * shown none yet, the oldest of which gives way to a newcomer. Who comes from where a known one is expected (host
   * names or addresses) needn't wait for strangers' handshakes.
   */
  listenTls(
    options: Address & {
      readonly identity: TlsIdentity;
      readonly isKnown?: (certificate: Bytes) => boolean;
      readonly expected?: readonly string[];
    },
    onConnection: (stream: ByteStream, remote: Address) => void,
  ): Promise<Listener>;
  /** Connects, and proves the own certificate. @throws {NetworkError} `unreachable` · `timeout` · `tls` */
  dialTls(
    options: Address & { readonly identity: TlsIdentity; readonly serverName: string; readonly timeoutMs: number },
  ): Promise<ByteStream>;
  /** A fresh self-signed certificate with one DNS name. */
  makeTlsIdentity(dnsName: string): Promise<TlsIdentity>;
  /**
   * HTTP/1.1 and WebSocket. There are places for some more connections than the handler is going to take
   * (`connectionsMax`, and from one public address `sourceConnectionsMax`), so that it can refuse them with an answer.
   * @throws {NetworkError} `address_in_use`
   */
  serveHttp(
    options: Address & { readonly connectionsMax?: number; readonly sourceConnectionsMax?: number },
    handler: HttpHandler,
  ): Promise<Listener>;
  /** Opens a WebSocket. @throws {NetworkError} `unreachable` · `timeout` · `refused` (with the HTTP status) */
  openWebSocket(
    url: string,
    options: {
      readonly headers?: Record<string, string>;
      readonly timeoutMs: number;
      readonly messageBytesMax: number;
    },
  ): Promise<MessageSocket>;
  /**
   * One HTTP request. With `redirects: "tell"` the answer may be a 3xx, handed over as it is; else the machine's own
   * network follows it.
   * @throws {NetworkError} `unreachable` · `timeout` · `too_large`
   */
  fetch(
    url: string,
    options: {
      readonly method?: "GET" | "POST" | "PUT";
      readonly headers?: Record<string, string>;
      readonly body?: string | Bytes;
      readonly timeoutMs: number;
      readonly bodyBytesMax: number;
      readonly redirects?: "tell";
      readonly signal?: AbortSignal;
    },
  ): Promise<{
    readonly status: number;
    readonly body: Bytes;
    /** For how long the server wants to be left alone (`Retry-After`), where it says so. */
    readonly retryAfterMs?: number;
    /** Where a redirect leads that was to be told (`Location`), as the server wrote it. */
    readonly location?: string;
  }>;
  /** IP addresses of a host by its name, as the system finds them. @throws {NetworkError} `unreachable` */
  resolve(hostname: string): Promise<readonly string[]>;
}

/** The files of this machine. */
export interface Files {
  /** Undefined when there is no such file. @throws {FilesError} `too_large` · `denied` */
  read(path: string, bytesMax: number): Promise<Bytes | undefined>;
  /**
   * Writes a file that must not exist, durable when it returns. `secret` files are readable by the owner alone (0600).
   * @throws {FilesError} `exists`
   */
  create(path: string, bytes: Uint8Array, options?: { readonly secret?: boolean }): Promise<void>;
  /** Replaces a file as a whole or not at all, also after a power cut. */
  replace(path: string, bytes: Uint8Array, options?: { readonly secret?: boolean }): Promise<void>;
  /**
   * Makes a file readable by its owner alone, or a folder (0700).
   * @returns whether others could read it before; false when there is none
   */
  makeSecret(path: string): Promise<boolean>;
  /** Whether every user of this machine can read the file; false where there is none, or no such modes. */
  isPublic(path: string): Promise<boolean>;
  /** Removes a file. Nothing happens when there is none. */
  remove(path: string): Promise<void>;
  /** Names in a folder; undefined when there is none. */
  list(path: string): Promise<string[] | undefined>;
  /** With parents; 0700 when `secret`. */
  makeDirectory(path: string, options?: { readonly secret?: boolean }): Promise<void>;
  /**
   * Room on the disk with this file or folder, for processes without privileges, in bytes; null where the system
   * doesn't tell.
   * @throws {FilesError}
   */
  freeBytes(path: string): Promise<number | null>;
  /** Files and connections that this process may have open at a time; null where the system doesn't tell. */
  openFilesMax(): Promise<number | null>;
}

/**
 * A computation that takes long: from plain data to plain data (`structuredClone`), so that it can run on a thread of
 * its own.
 */
export type Task<In, Out> = {
  /** URL of the module that serves it on a thread by `serveTask`. */
  readonly module: string;
  /** The same computation, here. */
  readonly run: (input: In) => Out;
};

/** A thread for one task. It must be closed. */
export interface Thread<In, Out> {
  /** Calls run one after the other. @throws {ThreadError} `closed` · `failed`: what asked may run the task itself */
  run(input: In): Promise<Out>;
  /** Ends it in the midst of its work. */
  close(): void;
}

/** The threads of this machine. */
export interface Threads {
  /** Threads that run at once: more than that don't make it faster. At least 1. */
  readonly cores: number;
  /** A simulated thread computes in place and takes no simulated time. @throws {ThreadError} `failed` */
  open<In, Out>(task: Task<In, Out>): Thread<In, Out>;
}
