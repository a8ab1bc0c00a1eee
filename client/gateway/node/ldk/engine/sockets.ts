/**
 * Peers' sockets. LDK is given what comes in and says what goes out; a byte leaves when all that it rests on is
 * durable.
 */
import { NetworkError } from "../../../../../actors/platform/error.ts";
import type { Address, Listener } from "../../../../../actors/platform/platform.ts";
import type { Tcp, TcpStream } from "../../../../../actors/platform/tcp.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import {
  DIAL_TIMEOUT_MS,
  SEND_QUEUE_BYTES_LOW,
  SEND_QUEUE_BYTES_MAX,
  SOCKETS_MAX,
  SOCKETS_OF_SOURCE_MAX,
} from "../limits.ts";
import { ldk } from "./bindings.ts";
import type { Disk } from "./disk.ts";

type Parts = {
  readonly tcp: Tcp;
  readonly disk: Disk;
  readonly peers: ldk.PeerManager;
  /** LDK has something to do. */
  readonly poke: () => void;
  /** Work that nobody awaits has failed: the process ends. */
  readonly fail: (thrown: unknown) => void;
};

export class Sockets {
  readonly #parts: Parts;
  readonly #open = new Set<Socket>();
  readonly #ports: Port[] = [];
  #listener: Listener | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @returns where; null without a listener */
  get address(): Address | null {
    return this.#listener?.address ?? null;
  }

  async listen(at: Address): Promise<void> {
    this.#listener = await this.#parts.tcp.listen(at, (stream) => this.#accept(stream));
  }

  isConnected(nodeId: string): boolean {
    return this.#parts.peers.list_peers().some((peer) => toHex(peer.get_counterparty_node_id()) === nodeId);
  }

  #accept(stream: TcpStream): void {
    const ofSource = [...this.#open].filter(({ source }) => source === stream.remote.hostname).length;
    if (this.#open.size >= SOCKETS_MAX || ofSource >= SOCKETS_OF_SOURCE_MAX) {
      stream.close();
      return;
    }
    const socket = this.#socket(stream, stream.remote.hostname);
    const none = ldk.Option_SocketAddressZ.constructor_none();
    if (this.#parts.peers.new_inbound_connection(socket.descriptor, none).is_ok()) socket.start();
    else socket.drop();
  }

  /** @throws {NetworkError} `unreachable` · `timeout` */
  async dial(nodeId: Bytes, to: Address): Promise<void> {
    const stream = await this.#parts.tcp.dial(to, DIAL_TIMEOUT_MS);
    const socket = this.#socket(stream, null);
    const none = ldk.Option_SocketAddressZ.constructor_none();
    const begun = this.#parts.peers.new_outbound_connection(nodeId, socket.descriptor, none);
    if (!begun.is_ok()) {
      socket.drop();
      const target = `${to.hostname}:${to.port}`;
      throw new NetworkError({ code: "unreachable", target }, `LDK refuses a connection with ${target}.`);
    }
    socket.send((begun as ldk.Result_CVec_u8ZPeerHandleErrorZ_OK).res as Bytes);
    socket.start();
  }

  #socket(stream: TcpStream, source: string | null): Socket {
    let port = this.#ports.find((each) => each.socket === null);
    if (port === undefined) {
      port = new Port(BigInt(this.#ports.length));
      this.#ports.push(port);
    }
    const socket = new Socket(port, stream, source, this.#parts, () => this.#open.delete(socket));
    this.#open.add(socket);
    return socket;
  }

  async close(): Promise<void> {
    const closed = this.#listener?.close();
    for (const socket of [...this.#open]) socket.drop();
    await closed;
  }
}

/**
 * What LDK knows a socket by: one at a time, and another one when LDK has done with it. The bindings never free a
 * place that one has taken, and look through all of them to make one.
 */
class Port {
  readonly descriptor: ldk.SocketDescriptor;
  socket: Socket | null = null;

  constructor(id: bigint) {
    this.descriptor = ldk.SocketDescriptor.new_impl({
      send_data: (data, resumeRead) => this.socket?.take(data, Boolean(resumeRead)) ?? 0,
      disconnect_socket: () => this.socket?.cut(),
      eq: (other) => other.hash() === id,
      hash: () => id,
    });
  }
}

class Socket {
  readonly #port: Port;
  /** Null for one that we have dialed. */
  readonly source: string | null;
  readonly #stream: TcpStream;
  readonly #parts: Parts;
  readonly #ended: () => void;
  readonly #queue: { readonly bytes: Uint8Array; readonly mark: number }[] = [];
  #queuedBytes = 0;
  #isFull = false;
  #isWriting = false;
  #isOver = false;
  /** LDK wants no more to read until it is called. */
  #resume: (() => void) | null = null;

  constructor(port: Port, stream: TcpStream, source: string | null, parts: Parts, ended: () => void) {
    this.#port = port;
    port.socket = this;
    this.source = source;
    this.#stream = stream;
    this.#parts = parts;
    this.#ended = ended;
  }

  get descriptor(): ldk.SocketDescriptor {
    return this.#port.descriptor;
  }

  start(): void {
    this.#read().catch(this.#parts.fail);
  }

  /** LDK ends it, inside a call. */
  cut(): void {
    this.#isOver = true;
    queueMicrotask(() => this.drop());
  }

  /** LDK sends. @returns how many bytes are taken */
  take(data: Uint8Array, resumeRead: boolean): number {
    if (resumeRead && this.#resume !== null) {
      queueMicrotask(this.#resume);
      this.#resume = null;
    }
    if (this.#isOver) return 0;
    if (this.#queuedBytes >= SEND_QUEUE_BYTES_MAX) {
      this.#isFull = true;
      return 0;
    }
    this.send(data);
    return data.length;
  }

  send(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#queue.push({ bytes: data.slice(), mark: this.#parts.disk.mark });
    this.#queuedBytes += data.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#write().catch(this.#parts.fail);
  }

  async #write(): Promise<void> {
    // never inside a call of LDK's
    await Promise.resolve();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await this.#parts.disk.whenDurable(next.mark);
      if (this.#isOver) break;
      if (!await this.#stream.write(next.bytes)) {
        this.#lost();
        break;
      }
      if (this.#isOver) break;
      this.#queuedBytes -= next.bytes.length;
      if (this.#isFull && this.#queuedBytes <= SEND_QUEUE_BYTES_LOW) {
        this.#isFull = false;
        // a refusal is followed by `disconnect_socket`
        this.#parts.peers.write_buffer_space_avail(this.descriptor);
        this.#parts.poke();
      }
    }
    this.#isWriting = false;
  }

  async #read(): Promise<void> {
    for (let bytes = await this.#stream.read(); bytes !== null; bytes = await this.#stream.read()) {
      if (this.#isOver) break;
      const read = this.#parts.peers.read_event(this.descriptor, bytes);
      this.#parts.poke();
      if (!read.is_ok()) {
        // LDK has forgotten it
        this.#isOver = true;
        break;
      }
      if ((read as ldk.Result_boolPeerHandleErrorZ_OK).res) {
        await new Promise<void>((resolve) => this.#resume = resolve);
      }
    }
    this.#lost();
  }

  #lost(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#parts.peers.socket_disconnected(this.descriptor);
      this.#parts.poke();
    }
    this.drop();
  }

  /** Ends the connection without a word to LDK, which knows of its end or hasn't begun with it. */
  drop(): void {
    this.#isOver = true;
    if (this.#port.socket === this) this.#port.socket = null;
    this.#resume?.();
    this.#resume = null;
    this.#stream.close();
    this.#ended();
  }
}
