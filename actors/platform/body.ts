/** Bodies of HTTP messages, read within a bound. */
import { type Bytes, concat } from "../../core/bytes.ts";
import { NetworkError } from "./error.ts";

/** The whole body. @throws {NetworkError} `too_large` (target) as soon as more than `bytesMax` came; the rest is not read */
export async function readBody(
  body: ReadableStream<Uint8Array>,
  bytesMax: number,
  target: string,
): Promise<Bytes> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > bytesMax) throw tooLarge(target, bytesMax);
    parts.push(part);
  }
  return concat(...parts);
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
