/** Frames between guardians: length (u64 big-endian), then the payload. Sheet "consensus" C2. */
import type { Bytes } from "../../core/bytes.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

const LENGTH_BYTES = 8;

export function frame(payload: Uint8Array): Bytes {
  const bytes = new Uint8Array(LENGTH_BYTES + payload.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(payload.length));
  bytes.set(payload, LENGTH_BYTES);
  return bytes;
}

/**
 * Cuts a byte stream into payloads. Holds at most one unfinished frame, and never allocates by an announced length.
 */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #buffered = 0;

  /** @returns the payloads that are complete now, or null when a frame is announced longer than allowed */
  push(chunk: Uint8Array): Bytes[] | null {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const payloads: Bytes[] = [];
    for (;;) {
      if (this.#buffered < LENGTH_BYTES) return payloads;
      const head = this.#join(LENGTH_BYTES);
      const length = new DataView(head.buffer, head.byteOffset, LENGTH_BYTES).getBigUint64(0);
      if (length > BigInt(MESSAGE_BYTES_MAX)) return null;
      const total = LENGTH_BYTES + Number(length);
      if (this.#buffered < total) return payloads;
      const bytes = this.#join(total);
      payloads.push(bytes.slice(LENGTH_BYTES, total) as Bytes);
      this.#drop(total);
    }
  }

  /** The first `count` bytes in one piece, joining chunks only as far as needed. */
  #join(count: number): Uint8Array {
    const first = this.#chunks[0]!;
    if (first.length >= count) return first;
    const joined = new Uint8Array(this.#joinLength(count));
    let at = 0, used = 0;
    while (at < joined.length) {
      const chunk = this.#chunks[used++]!;
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks.splice(0, used, joined);
    return joined;
  }

  #joinLength(count: number): number {
    let length = 0;
    for (const chunk of this.#chunks) {
      length += chunk.length;
      if (length >= count) break;
    }
    return length;
  }

  #drop(count: number): void {
    const first = this.#chunks[0]!;
    this.#buffered -= count;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
  }
}
