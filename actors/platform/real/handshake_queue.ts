/**
 * Connections at a TLS listener that have said something and wait for their handshake: until its turn a connection
 * costs no more than what it said first, and whoever says nothing waits for no turn. Sources are served in turn. Those
 * from which a known certificate has come, or is expected, have turns of their own besides, so that a crowd of
 * strangers doesn't keep them waiting.
 */
import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Turns } from "../../turns.ts";
import type { TLS_LISTENER } from "../limits.ts";
import type { Clock } from "../platform.ts";
import { UNNAMED_SOURCE } from "../source.ts";

export class HandshakeQueue {
  readonly #all: Turns;
  readonly #trusted: Turns;
  readonly #trustedMax: number;
  /** The longest trusted first. */
  readonly #sources = new Set<string>();
  #expected: ReadonlySet<string> = new Set();

  constructor(clock: Clock, { all, trusted, trustedMax }: typeof TLS_LISTENER["handshakes"]) {
    this.#all = new Turns(clock, all);
    this.#trusted = new Turns(clock, trusted);
    this.#trustedMax = trustedMax;
  }

  /** @param begin called in its turn, if the connection is still there; what was said is to be read then */
  atFirstWord(tcp: Pick<Socket, "once" | "pause" | "unshift">, source: string | null, begin: () => void): void {
    tcp.once("data", (chunk: Buffer) => {
      tcp.pause();
      tcp.unshift(chunk);
      const giveUp = this.#wait(source ?? UNNAMED_SOURCE, begin);
      tcp.once("close", giveUp);
    });
  }

  #wait(source: string, begin: () => void): () => void {
    const places: (() => void)[] = [];
    let isOver = false;
    const leave = (): void => {
      isOver = true;
      for (const giveUp of places) giveUp();
    };
    for (const turns of this.#isTrusted(source) ? [this.#trusted, this.#all] : [this.#all]) {
      if (isOver) break;
      places.push(turns.wait(source, () => {
        if (isOver) return;
        leave();
        begin();
      }));
    }
    return leave;
  }

  #isTrusted(source: string): boolean {
    return this.#sources.has(source) || this.#expected.has(source);
  }

  /** Where guardians are said to be, in the place of those that were told before. */
  expect(sources: ReadonlySet<string>): void {
    this.#expected = sources;
  }

  /** A guardian has come from there. */
  trust(source: string | null): void {
    const name = source ?? UNNAMED_SOURCE;
    this.#sources.delete(name);
    this.#sources.add(name);
    const [oldest] = this.#sources;
    if (this.#sources.size > this.#trustedMax) this.#sources.delete(oldest!);
  }
}
