/**
 * The answer to a request by POST as it leaves: while its client hasn't taken it in, it holds a place like a
 * connection, and what waits counts among all that waits. Whoever has to make room for others loses the rest.
 */
import type { Bytes } from "../../core/bytes.ts";
import { utf8 } from "../../core/bytes.ts";
import type { Caller } from "./callers.ts";
import type { Message } from "./encoded.ts";
import { messageSize } from "./encoded.ts";
import { MUCH_BYTES } from "./limits.ts";

/** So much of it is handed on at a time. */
const PIECE_BYTES = 65_536;

function* piecesOf(wholes: readonly Bytes[]): Generator<Bytes> {
  for (const whole of wholes) {
    for (let at = 0; at < whole.length; at += PIECE_BYTES) yield whole.subarray(at, at + PIECE_BYTES);
  }
}

/** @param cut aborted: nobody gets the rest; by `caller`'s end at the latest @param end has the rest cut */
export function postedAnswer(
  message: Message,
  caller: Caller,
  { cut, end }: { readonly cut: AbortSignal; readonly end: () => void },
): ReadableStream<Bytes> {
  const wholes = typeof message === "string" ? [utf8(message)] : message, pieces = piecesOf(wholes);
  let leftBytes = messageSize(wholes);
  return new ReadableStream<Bytes>({
    start(controller) {
      if (cut.aborted) return controller.error(cut.reason);
      cut.addEventListener("abort", () => controller.error(cut.reason), { once: true });
      if (leftBytes <= MUCH_BYTES) return;
      caller.connected({ untakenBytes: () => leftBytes, close: end });
      caller.sentMuch();
    },
    pull(controller) {
      const piece = pieces.next();
      if (piece.done) {
        controller.close();
        return caller.leave();
      }
      leftBytes -= piece.value.length;
      controller.enqueue(piece.value);
    },
    cancel: () => caller.leave(),
  }, { highWaterMark: 0 });
}
