/** Bodies of HTTP messages, read within a bound. */
import type { Bytes } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";

/**
 * The whole body.
 * @throws {NetworkError} `too_large` (target) as soon as more than `bytesMax` came; the rest is not read
 */
export async function readBody(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  target: string,
): Promise<Bytes> {
  // Not a list of the parts: a sender may make them as small as a byte.
  let room = new Uint8Array(0);
  let length = 0;
  for await (const part of body) {
    const end = length + part.length;
    if (end > bytesMax) throw tooLarge(target, bytesMax);
    if (end > room.length) {
      const larger = new Uint8Array(Math.max(end, room.length * 2));
      larger.set(room.subarray(0, length));
      room = larger;
    }
    room.set(part, length);
    length = end;
  }
  return room.slice(0, length);
}

/** The same body; reading it fails with `too_large` where it goes beyond `bytesMax`. */
export function boundedBody(
  body: ReadableStream<Bytes>,
  bytesMax: number,
  target: string,
): ReadableStream<Bytes> {
  let length = 0;
  return body.pipeThrough(
    new TransformStream({
      transform(part, controller) {
        length += part.length;
        if (length > bytesMax) throw tooLarge(target, bytesMax);
        controller.enqueue(part);
      },
    }),
  );
}

function tooLarge(target: string, bytesMax: number): NetworkError {
  return new NetworkError({ code: "too_large", target }, `More than ${bytesMax} bytes from ${target}.`);
}
