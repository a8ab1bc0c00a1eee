/** What an evil guardian answers to the others that ask its API. */
import type { HttpHandler, MessageSocket } from "../../../actors/platform/platform.ts";

const OUTCOME = "await_signed_session_outcome";
/** The smallest items there are, as many as an answer holds. */
const ITEMS = 1_700_000;
/** Unknown kind 7 without a body, of guardian 0: variant, length, peer. */
const ITEM_HEX = "070000";

export const answerAttacks = [
  { name: "bad-outcomes", what: "session outcomes of 1.7 million items for who catches up, signed by nobody" },
] as const;

function bigSizeHex(value: number): string {
  return value < 253 ? value.toString(16).padStart(2, "0") : `fe${value.toString(16).padStart(8, "0")}`;
}

/** An answer in the form of the method: `SerdeModuleEncoding` of items and no signatures. */
function badOutcome(id: number): string {
  const body = `${bigSizeHex(ITEMS)}${ITEM_HEX.repeat(ITEMS)}00`;
  return `{"jsonrpc":"2.0","id":${id},"result":["${bigSizeHex(body.length / 2)}${body}"]}`;
}

/** @param running name of the attack that runs now */
export function answering(handler: HttpHandler, running: () => string | null): HttpHandler {
  const wrap = (socket: MessageSocket): MessageSocket => ({
    send: (message) => socket.send(message),
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    get isOver() {
      return socket.isOver;
    },
    arrival: () => socket.arrival(),
    receive: async () => {
      for (;;) {
        const text = await socket.receive();
        if (text === null || running() !== answerAttacks[0].name || !text.includes(OUTCOME)) return text;
        socket.send(badOutcome((JSON.parse(text) as { id: number }).id));
      }
    },
    close: (code, reason) => socket.close(code, reason),
  });
  return (request, upgrade, remote) =>
    handler(request, (options) => {
      const { response, socket } = upgrade(options);
      return { response, socket: socket.then(wrap) };
    }, remote);
}
