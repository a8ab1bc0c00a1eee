/**
 * One WebSocket over a connected socket, server's or client's side. The runtime's own WebSocket has no bound for the
 * size of a message and reads on while nobody takes its messages; this one bounds both, and pings.
 */
import type { Duplex } from "node:stream";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../../core/bytes.ts";
import type { HalfSentEntry } from "../half_sent.ts";
import {
  SOCKET_MESSAGE_PINGS_MAX,
  SOCKET_MINOR_FRAMES_MAX,
  SOCKET_SILENT_PINGS_MAX,
  SOCKET_UNREAD_BYTES_MAX,
  SOCKET_UNREAD_MESSAGES_MAX,
  SOCKET_UNSENT_BYTES_MAX,
} from "../limits.ts";
import type { MessageSocket } from "../platform.ts";
import type { WebSocketRole } from "../websocket_role.ts";
import { realDice } from "./dice.ts";
import { linger } from "./linger.ts";
import { release } from "./release.ts";
import {
  CLOSE,
  encodeClosePayload,
  encodeFrame,
  FrameDecoder,
  type FrameEvent,
  headOfPieces,
  OPCODE,
} from "./websocket_frames.ts";

export class WebSocketConnection implements MessageSocket {
  readonly #socket: Duplex;
  readonly #role: WebSocketRole;
  readonly #decoder: FrameDecoder;
  readonly #unread: string[] = [];
  /** In UTF-16 units: never more than the bytes that came. */
  #unreadUnits = 0;
  #reader: ((message: string | null) => void) | undefined;
  /** Told when a message can be received. */
  #watcher: (() => void) | undefined;
  /** `closing`: our close frame is out. `closed`: nothing more comes or goes. */
  #state: "open" | "closing" | "closed" = "open";
  #silentPings = 0;
  #minorFramesAtPing = 0;
  #pinger: ReturnType<typeof setInterval> | undefined;
  /** The message under way at the last ping, and for how many pings it has been. */
  #slow = { message: null as number | null, pings: 0 };
  #held: HalfSentEntry | undefined;

  /** @param head what was read behind the handshake */
  constructor(socket: Duplex, head: Uint8Array, role: WebSocketRole) {
    this.#socket = socket;
    this.#role = role;
    this.#decoder = new FrameDecoder({ masked: role.side === "server", messageBytesMax: role.messageBytesMax });
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    socket.on("end", () => this.#end());
    socket.on("error", () => this.#cut()); // the reader is told by the end
    socket.on("close", () => this.#cut());
    if (role.side === "server") this.#pinger = setInterval(() => this.#ping(), role.pingMs);
    if (head.length > 0) this.#receive(head);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  get isOver(): boolean {
    return this.#state !== "open";
  }

  send(message: string | readonly Bytes[]): void {
    if (this.#state !== "open") return;
    if (typeof message === "string") return this.#write(OPCODE.text, utf8(message));
    if (this.#role.side === "client") return this.#write(OPCODE.text, utf8(message.map(fromUtf8).join("")));
    // unmasked and uncopied: a thousand sockets hold the same bytes
    this.#socket.cork();
    this.#socket.write(headOfPieces(OPCODE.text, message));
    for (const piece of message) this.#socket.write(piece);
    this.#socket.uncork();
    this.#checkUnsent();
  }

  arrival(): Promise<void> {
    assert(this.#watcher === undefined, "one reader at a time");
    if (this.#unread.length > 0 || this.#state !== "open") return Promise.resolve();
    return new Promise((resolve) => this.#watcher = resolve);
  }

  receive(): Promise<string | null> {
    assert(this.#reader === undefined, "one receive at a time: two would share the messages out");
    const message = this.#unread.shift();
    if (message !== undefined) {
      this.#unreadUnits -= message.length;
      this.#countHeld();
      if (this.#socket.isPaused() && !this.#isFull()) this.#socket.resume();
      return Promise.resolve(message);
    }
    if (this.#state !== "open") return Promise.resolve(null);
    return new Promise((resolve) => this.#reader = resolve);
  }

  close(code: number = CLOSE.normal, reason = ""): void {
    if (this.#state !== "open") return;
    this.#unread.length = this.#unreadUnits = 0;
    this.#startClosing(code, reason);
  }

  #receive(chunk: Uint8Array): void {
    this.#silentPings = 0;
    const events = this.#decoder.push(chunk);
    release(chunk); // the decoder has its own copy, and the socket reads into another one
    for (const event of events) this.#on(event);
    const minorFrames = this.#decoder.minorFrames - this.#minorFramesAtPing;
    if (this.#pinger !== undefined && minorFrames > SOCKET_MINOR_FRAMES_MAX) return this.#cut();
    if (this.#isFull()) this.#socket.pause();
    this.#countHeld();
  }

  /** Tells the server what this socket holds for somebody who has not sent all of it, or whom nobody reads. */
  #countHeld(): void {
    if (this.#role.side !== "server" || !this.#role.halfSent) return;
    const { halfSent } = this.#role;
    const bytes = this.#state === "open" ? this.#decoder.pendingBytes + this.#unreadUnits : 0;
    if (bytes === 0) {
      if (this.#held) halfSent.end(this.#held);
      this.#held = undefined;
      return;
    }
    this.#held ??= halfSent.begin(() => this.#cut());
    halfSent.set(this.#held, bytes);
  }

  #on(event: FrameEvent): void {
    if (event.kind === "ping" && this.#state === "open") return this.#write(OPCODE.pong, event.payload);
    if (event.kind === "message" && this.#state === "open") return this.#deliver(event.text);
    if (event.kind === "broken") return this.#startClosing(event.code, event.reason);
    if (event.kind === "close") {
      this.#end();
    }
  }

  #deliver(text: string): void {
    const reader = this.#reader;
    if (reader === undefined) {
      this.#unread.push(text);
      this.#unreadUnits += text.length;
      this.#tellWatcher();
      return;
    }
    this.#reader = undefined;
    reader(text);
  }

  #isFull(): boolean {
    if (this.#state !== "open") return false; // what comes now is dropped
    return this.#unread.length >= SOCKET_UNREAD_MESSAGES_MAX || this.#unreadUnits >= SOCKET_UNREAD_BYTES_MAX;
  }

  #ping(): void {
    if (this.#socket.isPaused()) return; // we do not listen: silence says nothing
    if (this.#silentPings >= SOCKET_SILENT_PINGS_MAX) return this.#cut();
    const message = this.#decoder.pendingMessage;
    this.#slow = { message, pings: message !== null && message === this.#slow.message ? this.#slow.pings + 1 : 0 };
    if (this.#slow.pings >= SOCKET_MESSAGE_PINGS_MAX) return this.#cut();
    this.#minorFramesAtPing = this.#decoder.minorFrames;
    this.#silentPings++;
    this.#write(OPCODE.ping, new Uint8Array(0));
  }

  #startClosing(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#write(OPCODE.close, encodeClosePayload(code, utf8(reason)));
    this.#state = "closing";
    this.#stop();
    linger(this.#socket);
  }

  /** The other side has said its last. */
  #end(): void {
    this.#startClosing(CLOSE.normal, "");
    this.#state = "closed";
  }

  #cut(): void {
    this.#state = "closed";
    this.#stop();
    this.#socket.destroy();
  }

  #stop(): void {
    clearInterval(this.#pinger);
    this.#countHeld();
    this.#reader?.(null);
    this.#reader = undefined;
    this.#tellWatcher();
  }

  #tellWatcher(): void {
    this.#watcher?.();
    this.#watcher = undefined;
  }

  #write(opcode: number, payload: Uint8Array): void {
    const mask = this.#role.side === "client" ? realDice.bytes(4) : undefined;
    this.#socket.write(encodeFrame(opcode, payload, mask));
    this.#checkUnsent();
  }

  /** Also by answers to a flood of pings. */
  #checkUnsent(): void {
    if (this.bufferedBytes > SOCKET_UNSENT_BYTES_MAX) this.#cut();
  }
}
