/**
 * What an attack of a guardian can reach: the real program plays this guardian's honest part, and what the attack wants
 * said goes out between the frames of that. So every attack comes from a guardian whose own units are in order.
 */
import type { Address, ByteStream, Network, Platform, TlsIdentity } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { tryDecoding } from "../../../core/encoding/error.ts";
import type { P2pMessage } from "../../../core/types/p2p_message.ts";
import { decodeP2pMessage, encodeP2pMessage } from "../../../core/types/p2p_message.ts";
import type { Keychain } from "../../../server/broadcast/keychain.ts";
import type { NetworkData } from "../../../server/broadcast/messages.ts";
import { decodeMessage, encodeMessage } from "../../../server/broadcast/messages.ts";
import type { SignedUnit } from "../../../server/broadcast/graph/unit.ts";
import { frame, FrameReader } from "../../../server/peers/framing.ts";
import { answering } from "./answers.ts";

const FRAME_HEAD_BYTES = 8;
const PACE_MS = 50;

/** One connection of this guardian: its own writes and the attack's take turns, a whole frame each. */
class Line implements ByteStream {
  readonly peerCertificate: Bytes;
  readonly #inner: ByteStream;
  readonly #wrote: (frame: Uint8Array) => void;
  readonly #read: (chunk: Uint8Array) => void;
  #turn: Promise<void> = Promise.resolve();
  isOpen = true;

  constructor(inner: ByteStream, wrote: (frame: Uint8Array) => void, read: (chunk: Uint8Array) => void) {
    this.#inner = inner;
    this.peerCertificate = inner.peerCertificate;
    this.#wrote = wrote;
    this.#read = read;
  }

  async read(): Promise<Bytes | null> {
    const chunk = await this.#inner.read();
    if (chunk === null) this.isOpen = false;
    else this.#read(chunk);
    return chunk;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#wrote(bytes);
    return this.inject(bytes);
  }

  /** Resolves when the other side's machine has taken it. */
  inject(bytes: Uint8Array): Promise<void> {
    const turn = this.#turn.then(() => this.#inner.write(bytes));
    this.#turn = turn.catch(() => {
      this.isOpen = false; // whoever wrote is told
    });
    return turn;
  }

  close(): void {
    this.isOpen = false;
    this.#inner.close();
  }
}

/** The guardian's wire, and what was seen on it. */
export class Hand {
  readonly #platform: Platform;
  readonly #lines = new Map<string, Line>();
  /** Our own newest unit, as we sent it. */
  newestOwn: SignedUnit | null = null;
  /** Other guardians' alerts, the newest last. */
  readonly alerts: NetworkData[] = [];

  readonly #running: () => string | null;

  /** @param running name of the attack that runs now */
  constructor(platform: Platform, running: () => string | null) {
    this.#platform = platform;
    this.#running = running;
  }

  /** The platform for the honest part. */
  get platform(): Platform {
    return { ...this.#platform, network: this.#network() };
  }

  #network(): Network {
    const { network } = this.#platform;
    return {
      listenTls: (
        options: Address & { readonly identity: TlsIdentity },
        onConnection: (stream: ByteStream, remote: Address) => void,
      ) => network.listenTls(options, (stream, remote) => onConnection(this.#take(stream), remote)),
      dialTls: async (options) => this.#take(await network.dialTls(options)),
      makeTlsIdentity: (name) => network.makeTlsIdentity(name),
      serveHttp: (options, handler) => network.serveHttp(options, answering(handler, this.#running)),
      openWebSocket: (url, options) => network.openWebSocket(url, options),
      fetch: (url, options) => network.fetch(url, options),
      resolve: (hostname) => network.resolve(hostname),
    };
  }

  #take(stream: ByteStream): ByteStream {
    const frames = new FrameReader();
    const line = new Line(
      stream,
      (bytes) => this.#saw(bytes.subarray(FRAME_HEAD_BYTES), true),
      (chunk) => frames.push(chunk)?.forEach((payload) => this.#saw(payload, false)),
    );
    this.#lines.set(toHex(stream.peerCertificate), line);
    return line;
  }

  #saw(payload: Uint8Array, own: boolean): void {
    const message = tryDecoding(() => decodeP2pMessage(payload));
    if (!message.ok || message.value.tag !== "Aleph") return;
    const data = decodeMessage(message.value.value);
    if (!data.ok) return;
    if (own && data.value.tag === "units" && data.value.value.tag === "newUnit") {
      this.newestOwn = data.value.value.value;
    }
    if (!own && data.value.tag === "alert" && data.value.value.tag === "forkAlert") this.alerts.push(data.value);
  }

  /** @param certificates DER by guardian */
  to(peer: number, certificates: ReadonlyMap<number, string>): ((message: P2pMessage) => Promise<void>) | undefined {
    const line = this.#lines.get(certificates.get(peer)!);
    if (!line?.isOpen) return undefined;
    return (message) => line.inject(frame(encodeP2pMessage(message)));
  }
}

/** An attack's whole world. */
export type Attacking = {
  readonly self: number;
  /** The honest guardians. */
  readonly victims: readonly number[];
  readonly keychain: Keychain;
  readonly hand: Hand;
  readonly signal: AbortSignal;
  /** Sends as many messages a second to each victim, or fewer when it takes them more slowly. */
  readonly flood: (perSecond: number, message: (victim: number) => P2pMessage | null) => Promise<void>;
  /** Once to each victim. */
  readonly tell: (message: P2pMessage) => Promise<void>;
};

export function aleph(message: NetworkData): P2pMessage {
  return { tag: "Aleph", value: encodeMessage(message) };
}

export function attackingWith(
  platform: Platform,
  world: Omit<Attacking, "flood" | "tell">,
  certificates: ReadonlyMap<number, string>,
): Attacking {
  const { victims, hand, signal } = world;
  const sendTo = async (victim: number, message: P2pMessage): Promise<void> => {
    // a connection that is closed is opened again by the honest part
    await hand.to(victim, certificates)?.(message).catch(() => undefined);
  };
  const floodOne = async (
    victim: number,
    perSecond: number,
    message: (victim: number) => P2pMessage | null,
  ): Promise<void> => {
    let due = 0;
    while (!signal.aborted) {
      for (due = Math.min(perSecond, due + perSecond * PACE_MS / 1_000); due >= 1 && !signal.aborted; due--) {
        const next = message(victim);
        if (next) await sendTo(victim, next);
      }
      await sleep(platform.clock, PACE_MS, signal).catch(() => undefined);
    }
  };
  return {
    ...world,
    tell: async (message) => void await Promise.all(victims.map((victim) => sendTo(victim, message))),
    flood: async (perSecond, message) =>
      void await Promise.all(victims.map((victim) => floodOne(victim, perSecond, message))),
  };
}
