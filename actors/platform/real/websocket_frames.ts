/**
 * WebSocket frames (RFC 6455) without extensions: a pure decoder that is fed what the socket reads, and an encoder. A
 * message is refused from its header on when it would be longer than allowed, over all its fragments, so that nobody
 * fills our memory.
 */
import { type Bytes, fromUtf8 } from "../../../core/bytes.ts";
import { release } from "./release.ts";

export type FrameEvent =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "ping" | "pong"; readonly payload: Bytes }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  /** The other side broke the protocol; nothing after it is read. `code` is what to close with. */
  | { readonly kind: "broken"; readonly code: 1002 | 1007 | 1009; readonly reason: string };

/** Close codes of RFC 6455. */
export const CLOSE = {
  normal: 1000,
  protocolError: 1002,
  noCode: 1005,
  lost: 1006,
  notText: 1007,
  tooBig: 1009,
} as const;

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Of close, ping and pong; by the RFC. */
const CONTROL_BYTES_MAX = 125;
/** First room for a message; it grows with what really comes and not with what a header promises. */
const FIRST_ROOM_BYTES = 4_096;

type Header = {
  readonly final: boolean;
  readonly opcode: number;
  readonly length: number;
  readonly mask: Bytes | undefined;
};

export class FrameDecoder {
  /** Servers get masked frames, clients unmasked ones. */
  readonly #masked: boolean;
  readonly #messageBytesMax: number;
  /** Bytes of a header that has not come whole. */
  #headerBytes = new Uint8Array(0);
  #header: Header | undefined;
  /** Payload bytes of the present frame that have come. */
  #frameBytes = 0;
  /** Payload of the present message over its fragments, or of the present control frame. */
  #message = new GrowingBytes();
  #control = new GrowingBytes();
  #inMessage = false;
  #broken = false;

  constructor(options: { readonly masked: boolean; readonly messageBytesMax: number }) {
    this.#masked = options.masked;
    this.#messageBytesMax = options.messageBytesMax;
  }

  /** Data messages that have begun. */
  #begun = 0;

  /** Frames that have come and brought no whole message: control frames and fragments. */
  #minorFrames = 0;

  get minorFrames(): number {
    return this.#minorFrames;
  }

  /** Held of a message that has not come whole. */
  get pendingBytes(): number {
    return this.#message.length + this.#control.length + this.#headerBytes.length;
  }

  /** Which message is under way, counted from 1; null between messages. */
  get pendingMessage(): number | null {
    const inFrame = this.#header !== undefined && this.#header.opcode < 8;
    return this.#inMessage || inFrame ? this.#begun : null;
  }

  /** Nothing more comes after `close` or `broken`. */
  push(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = [];
    let rest = chunk;
    while (!this.#broken) {
      if (this.#header === undefined) {
        const before = this.#headerBytes.length;
        const bytes = before === 0 ? rest : joined(this.#headerBytes, rest);
        const parsed = this.#parseHeader(bytes);
        if (parsed === undefined) {
          this.#headerBytes = copyOf(bytes);
          break;
        }
        this.#headerBytes = new Uint8Array(0);
        if ("kind" in parsed) {
          events.push(parsed);
          break;
        }
        this.#header = parsed.header;
        if (parsed.header.opcode === OPCODE.text || parsed.header.opcode === OPCODE.binary) this.#begun++;
        this.#frameBytes = 0;
        rest = bytes.subarray(parsed.size);
      }
      rest = this.#takePayload(this.#header, rest);
      if (this.#frameBytes < this.#header.length) break;
      const event = this.#endFrame(this.#header);
      this.#header = undefined;
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #parseHeader(bytes: Uint8Array): { header: Header; size: number } | FrameEvent | undefined {
    const [first, second] = bytes;
    if (first === undefined || second === undefined) return undefined;
    const opcode = first & 0x0f;
    const control = opcode >= 8;
    const final = (first & 0x80) !== 0;
    const masked = (second & 0x80) !== 0;
    const short = second & 0x7f;
    if ((first & 0x70) !== 0) return this.#refuse(CLOSE.protocolError, "extension that was not agreed");
    if (masked !== this.#masked) return this.#refuse(CLOSE.protocolError, masked ? "masked" : "not masked");
    if (!(control ? opcode <= 10 : opcode <= 2)) return this.#refuse(CLOSE.protocolError, "unknown kind of frame");
    if (control && (!final || short > CONTROL_BYTES_MAX)) {
      return this.#refuse(CLOSE.protocolError, "long control frame");
    }
    if (!control && (opcode === OPCODE.continuation) !== this.#inMessage) {
      return this.#refuse(CLOSE.protocolError, "fragment out of order");
    }
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const size = 2 + lengthBytes + (masked ? 4 : 0);
    if (bytes.length < size) return undefined;
    let length = lengthBytes === 0 ? short : 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[2 + i]!;
    if (!control && this.#message.length + length > this.#messageBytesMax) {
      return this.#refuse(CLOSE.tooBig, `message of more than ${this.#messageBytesMax} bytes`);
    }
    return {
      header: { final, opcode, length, mask: masked ? copyOf(bytes.subarray(size - 4, size)) : undefined },
      size,
    };
  }

  #refuse(code: 1002 | 1007 | 1009, reason: string): FrameEvent {
    this.#broken = true;
    return { kind: "broken", code, reason };
  }

  /** @returns what belongs to the frames after */
  #takePayload(header: Header, bytes: Uint8Array): Uint8Array {
    const part = bytes.subarray(0, header.length - this.#frameBytes);
    const target = header.opcode >= 8 ? this.#control : this.#message;
    target.append(part, header.mask, this.#frameBytes, header.length);
    this.#frameBytes += part.length;
    return bytes.subarray(part.length);
  }

  #endFrame(header: Header): FrameEvent | undefined {
    if (header.opcode >= 8 || !header.final) this.#minorFrames++;
    if (header.opcode === OPCODE.close) return this.#endClose(this.#control.take());
    if (header.opcode === OPCODE.ping) return { kind: "ping", payload: this.#control.take() };
    if (header.opcode === OPCODE.pong) return { kind: "pong", payload: this.#control.take() };
    this.#inMessage = !header.final;
    if (!header.final) return undefined;
    const bytes = this.#message.take(), text = textOf(bytes);
    release(bytes);
    return text === undefined ? this.#refuse(CLOSE.notText, "message is not UTF-8") : { kind: "message", text };
  }

  #endClose(payload: Bytes): FrameEvent {
    this.#broken = true;
    if (payload.length === 0) return { kind: "close", code: CLOSE.noCode, reason: "" };
    const reason = textOf(payload.subarray(2));
    if (payload.length === 1 || reason === undefined) return this.#refuse(CLOSE.protocolError, "malformed close");
    return { kind: "close", code: payload[0]! * 256 + payload[1]!, reason };
  }
}

/** What stands before a whole message's payload of so many bytes; room for the mask is left. */
function frameHead(opcode: number, length: number, masked: boolean): Bytes {
  const lengthBytes = length > 0xffff ? 8 : length > 125 ? 2 : 0;
  const head = new Uint8Array(2 + lengthBytes + (masked ? 4 : 0));
  const view = new DataView(head.buffer);
  head[0] = 0x80 | opcode;
  head[1] = (masked ? 0x80 : 0) | (lengthBytes === 8 ? 127 : lengthBytes === 2 ? 126 : length);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  return head;
}

/** @param mask four bytes from dice, as clients must send it; servers send none */
export function encodeFrame(opcode: number, payload: Uint8Array, mask?: Uint8Array): Bytes {
  const head = frameHead(opcode, payload.length, mask !== undefined);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  if (mask !== undefined) {
    frame.set(mask, head.length - 4);
    for (let i = 0; i < payload.length; i++) frame[head.length + i]! ^= mask[i & 3]!;
  }
  return frame;
}

/** The head of a frame whose payload follows in pieces, unmasked: a server's. */
export function headOfPieces(opcode: number, pieces: readonly Uint8Array[]): Bytes {
  return frameHead(opcode, pieces.reduce((sum, { length }) => sum + length, 0), false);
}

export function encodeClosePayload(code: number, reason: Uint8Array): Bytes {
  const payload = new Uint8Array(2 + Math.min(reason.length, CONTROL_BYTES_MAX - 2));
  payload.set([code >> 8, code & 0xff]);
  payload.set(reason.subarray(0, payload.length - 2), 2);
  return payload;
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}

/** What a socket reads is a `Buffer`, whose `slice` is no copy. */
function copyOf(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

function joined(a: Uint8Array, b: Uint8Array): Bytes {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/**
 * Bytes that come in pieces; room doubles, so that many small pieces cost no more than one large, but never grows
 * beyond what the frame's head announced: a large message leaves half as much behind.
 */
class GrowingBytes {
  #room = new Uint8Array(0);
  length = 0;

  /** @param frameBytes of the part's frame, of which so many came before */
  append(part: Uint8Array, mask: Uint8Array | undefined, frameOffset: number, frameBytes: number): void {
    const end = this.length + part.length;
    if (end > this.#room.length) {
      const whole = this.length - frameOffset + frameBytes;
      const larger = Math.min(Math.max(end, this.#room.length * 2, FIRST_ROOM_BYTES), whole);
      this.#room = new Uint8Array(this.#room.buffer.transfer(larger));
    }
    this.#room.set(part, this.length);
    if (mask !== undefined) {
      for (let i = 0; i < part.length; i++) this.#room[this.length + i]! ^= mask[(frameOffset + i) & 3]!;
    }
    this.length = end;
  }

  /** They are the taker's: the next ones have a room of their own. */
  take(): Bytes {
    const bytes = this.#room.subarray(0, this.length);
    this.#room = new Uint8Array(0);
    this.length = 0;
    return bytes;
  }
}
