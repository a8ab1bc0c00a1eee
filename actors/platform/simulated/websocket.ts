/** A WebSocket between simulated machines: whole messages in order, the same bounds and pings as the real one. */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { fromUtf8, utf8 } from "../../../core/bytes.ts";
import {
  SOCKET_SILENT_PINGS_MAX,
  SOCKET_UNREAD_BYTES_MAX,
  SOCKET_UNREAD_MESSAGES_MAX,
  SOCKET_UNSENT_BYTES_MAX,
} from "../limits.ts";
import type { MessageSocket } from "../platform.ts";
import type { WebSocketRole } from "../websocket_role.ts";
import type { End, EndHandler } from "./connection.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Life } from "./machine.ts";

type SocketItem =
  | { readonly kind: "message"; readonly text: string; readonly bytes: number }
  | { readonly kind: "taken"; readonly bytes: number }
  | { readonly kind: "ping" | "pong" };

/** What the systems on the way hold; only what is sent beyond counts as buffered. */
const WINDOW_BYTES = 256 * 1024;

export class SimulatedSocket implements MessageSocket, EndHandler {
  readonly #life: Life;
  readonly #end: End;
  readonly #role: WebSocketRole;
  readonly #unread: { readonly text: string; readonly bytes: number }[] = [];
  #unreadBytes = 0;
  /** Taken in and not told yet, because too much is unread. */
  #untoldBytes = 0;
  /** Sent and not yet taken in by the other side. */
  #outstandingBytes = 0;
  #reader: ((message: string | null) => void) | undefined;
  #watcher: (() => void) | undefined;
  #open = true;
  #silentPings = 0;

  constructor(life: Life, end: End, role: WebSocketRole) {
    this.#life = life;
    this.#end = end;
    this.#role = role;
    end.handler = this;
    if (role.side === "server") this.#pingLater(role.pingMs);
  }

  get bufferedBytes(): number {
    return this.#open ? Math.max(0, this.#outstandingBytes - WINDOW_BYTES) : 0;
  }

  get isOver(): boolean {
    return !this.#open;
  }

  send(message: string | readonly Bytes[]): void {
    if (!this.#open || !this.#life.alive) return;
    const text = typeof message === "string" ? message : message.map(fromUtf8).join("");
    const bytes = utf8(text).length;
    this.#outstandingBytes += bytes;
    this.#send({ kind: "message", text, bytes }, `message ${bytes} ${fingerprint(text)}`);
    if (this.bufferedBytes > SOCKET_UNSENT_BYTES_MAX) this.#shut();
  }

  arrival(): Promise<void> {
    assert(this.#watcher === undefined, "one reader at a time");
    return new Promise((resolve) => {
      if (!this.#life.alive) return;
      if (this.#unread.length > 0 || !this.#open) resolve();
      else this.#watcher = resolve;
    });
  }

  receive(): Promise<string | null> {
    assert(this.#reader === undefined, "one receive at a time: two would share the messages out");
    return new Promise((resolve) => {
      if (!this.#life.alive) return;
      const message = this.#unread.shift();
      if (message !== undefined) {
        this.#unreadBytes -= message.bytes;
        this.#tellTaken();
        resolve(message.text);
      } else if (this.#open) this.#reader = resolve;
      else resolve(null);
    });
  }

  close(): void {
    if (!this.#open || !this.#life.alive) return;
    this.#unread.length = 0;
    this.#shut();
  }

  item(value: unknown): void {
    const item = value as SocketItem;
    this.#silentPings = 0;
    if (item.kind === "taken") this.#outstandingBytes -= item.bytes;
    if (item.kind === "ping") this.#send({ kind: "pong" }, "pong");
    if (item.kind === "message") this.#take(item);
  }

  ended(): void {
    this.#stop();
  }

  reset(): void {
    this.#stop();
  }

  #take(message: { readonly text: string; readonly bytes: number }): void {
    if (message.bytes > this.#role.messageBytesMax) return this.#shut();
    this.#untoldBytes += message.bytes;
    const reader = this.#reader;
    if (reader === undefined) {
      this.#unread.push(message);
      this.#unreadBytes += message.bytes;
    }
    this.#tellTaken();
    this.#reader = undefined;
    reader?.(message.text);
    if (!reader) this.#tellWatcher();
  }

  #tellTaken(): void {
    const full = this.#unread.length >= SOCKET_UNREAD_MESSAGES_MAX || this.#unreadBytes >= SOCKET_UNREAD_BYTES_MAX;
    if (full || this.#untoldBytes < WINDOW_BYTES / 4) return;
    this.#send({ kind: "taken", bytes: this.#untoldBytes }, `taken ${this.#untoldBytes}`);
    this.#untoldBytes = 0;
  }

  #pingLater(pingMs: number): void {
    this.#life.after(pingMs, () => {
      if (!this.#open) return;
      if (this.#silentPings >= SOCKET_SILENT_PINGS_MAX) return this.#shut();
      this.#silentPings++;
      this.#send({ kind: "ping" }, "ping");
      this.#pingLater(pingMs);
    });
  }

  #send(item: SocketItem, log: string): void {
    this.#end.send({ log, value: item });
  }

  #shut(): void {
    this.#end.close();
    this.#stop();
  }

  #stop(): void {
    this.#open = false;
    this.#reader?.(null);
    this.#reader = undefined;
    this.#tellWatcher();
  }

  #tellWatcher(): void {
    this.#watcher?.();
    this.#watcher = undefined;
  }
}
