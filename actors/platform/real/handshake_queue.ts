/**
 * Connections at a TLS listener that have said something and wait for their handshake: until its turn a connection costs no more
 * than what it said first. Whoever says nothing waits for no turn.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { TLS_LISTENER } from "../limits.ts";
import { Turns } from "../turns.ts";

export class HandshakeQueue {
  readonly #turns: Turns;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(terms: typeof TLS_LISTENER["handshakes"]) {
    this.#turns = new Turns(terms, performance.now());
  }

  /** @param begin called in its turn, if the connection is still there; what was said is to be read then */
  atFirstWord(tcp: Socket, source: string | null, begin: () => void): void {
    tcp.once("data", (chunk: Buffer) => {
      tcp.pause();
      tcp.unshift(chunk);
      const waiting = this.#turns.enter(source, begin);
      tcp.once("close", () => this.#turns.leave(waiting));
      this.#serve();
    });
  }

  /** A guardian has come from there. */
  trust(source: string | null): void {
    this.#turns.trust(source);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#turns.next(performance.now()); next; next = this.#turns.next(performance.now())) next.begin();
    if (this.#timer) clearTimeout(this.#timer);
    const waitMs = this.#turns.waitMs(performance.now());
    this.#timer = waitMs === null ? null : setTimeout(() => this.#serve(), Math.max(1, waitMs));
  }
}
