/** Frames between guardians: length (u64 big-endian), then the payload. docs/protocol/03-consensus.md §C2. */
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
 * Cuts a byte stream into payloads. Holds at most one unfinished frame, at most twice its bytes that came however small
 * the pieces, and never allocates by an announced length.
 */
export class FrameReader {
  /** Begins with the unfinished frame; what is behind `#held` is room. */
  #buffer = new Uint8Array(0);
  #held = 0;

  /** @returns the payloads that are complete now, or null when a frame is announced longer than allowed */
  push(chunk: Uint8Array): Bytes[] | null {
    const bytes = this.#held === 0 ? chunk : this.#append(chunk);
    const payloads: Bytes[] = [];
    let at = 0;
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, LENGTH_BYTES).getBigUint64(0);
      if (length > BigInt(MESSAGE_BYTES_MAX)) return null;
      const end = at + LENGTH_BYTES + Number(length);
      if (end > bytes.length) break;
      payloads.push(bytes.slice(at + LENGTH_BYTES, end) as Bytes);
      at = end;
    }
    if (at > 0 || this.#held === 0) this.#keep(bytes.slice(at));
    return payloads;
  }

  #append(chunk: Uint8Array): Uint8Array {
    const length = this.#held + chunk.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#buffer.length));
      grown.set(this.#buffer.subarray(0, this.#held));
      this.#buffer = grown;
    }
    this.#buffer.set(chunk, this.#held);
    this.#held = length;
    return this.#buffer.subarray(0, length);
  }

  #keep(rest: Uint8Array<ArrayBuffer>): void {
    this.#buffer = rest;
    this.#held = rest.length;
  }
}
