/** A byte stream as lines of text. */
import { FedimintError } from "../../core/result.ts";

export class LineError extends FedimintError<{ readonly code: "line_too_long"; readonly unitsMax: number }> {}

/**
 * Lines without their ends (`\n` or `\r\n`), the last one also without an end. Bytes that are no UTF-8 become �.
 * @param unitsMax longest line, in UTF-16 units
 * @throws {LineError} `line_too_long`
 */
export async function* linesOf(stream: ReadableStream<Uint8Array>, unitsMax: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of [...lines, rest]) {
      if (line.length > unitsMax) {
        throw new LineError({ code: "line_too_long", unitsMax }, `A line has more than ${unitsMax} characters.`);
      }
    }
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
