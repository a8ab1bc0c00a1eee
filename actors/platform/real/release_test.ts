import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { fromHex, utf8 } from "../../../core/bytes.ts";
import { release } from "./release.ts";
import { WebSocketConnection } from "./websocket.ts";
import { encodeFrame, OPCODE } from "./websocket_frames.ts";

Deno.test("large bytes that are a whole buffer are given back; small ones, and parts of a buffer, stay", () => {
  const large = new Uint8Array(65_536), small = new Uint8Array(65_535), whole = new Uint8Array(200_000);
  const part = whole.subarray(1), shared = new Uint8Array(new SharedArrayBuffer(65_536));
  for (const bytes of [large, small, part, shared]) release(bytes);
  assertEquals([large.length, small.length, part.length, whole.length, shared.length], [
    0,
    65_535,
    199_999,
    200_000,
    65_536,
  ]);
  release(large);
});

for (const side of ["client", "server"] as const) {
  Deno.test(`a ${side}'s WebSocket gives back what it has read, and reads messages right, however they are cut`, async () => {
    const mask = side === "server" ? fromHex("01020304") : undefined;
    const texts = ["é".repeat(50_000), "short", "x".repeat(150_000)];
    // the third message's head lies in two chunks
    const filler = "y".repeat(2 * 65_536 - encodeFrame(OPCODE.text, utf8(texts[0]!), mask).length - 14);
    const sent = [texts[0]!, filler, ...texts];
    const bytes = Buffer.concat(sent.map((text) => encodeFrame(OPCODE.text, utf8(text), mask)));
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) {
      chunks.push(Buffer.from(new Uint8Array(bytes.subarray(at, at + 65_536)).buffer));
    }
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
    const role = side === "server"
      ? { side, messageBytesMax: 1_000_000, pingMs: 60_000 }
      : { side, messageBytesMax: 1_000_000 };
    const connection = new WebSocketConnection(socket, new Uint8Array(0), role);
    for (const chunk of chunks) socket.push(chunk);
    for (const text of sent) assertEquals(await connection.receive(), text);
    assertEquals(chunks.map(({ length }) => length), [...chunks.slice(1).map(() => 0), bytes.length % 65_536]);
    connection.close();
    socket.destroy();
    await new Promise((resolve) => socket.once("close", resolve));
  });
}
