import { assert, assertEquals } from "@std/assert";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, toHex, utf8 } from "../../core/bytes.ts";
import { encodeP2pMessage } from "../../core/types/p2p_message.ts";
import { frame, FrameReader } from "./framing.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";

function announcing(length: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, length);
  return bytes;
}

Deno.test("a frame is the length in eight bytes, then the payload, as the sheet has it", () => {
  const message = encodeP2pMessage({ tag: "Aleph", value: new Uint8Array([1, 2, 3]) });
  assertEquals(toHex(frame(message)), "000000000000000f000000000300000000000000010203");
  assertEquals(toHex(frame(new Uint8Array())), "0000000000000000");
});

Deno.test("frames of every size come out as they went in, however the stream is cut", () => {
  const dice = new SimulatedWorld(1).dice("cuts");
  const payloads = Array.from({ length: 60 }, (_, i) => dice.bytes(i < 40 ? i : i * i));
  const stream = concat(...payloads.map(frame));
  for (const pieceMax of [1, 2, 7, 8, 9, 100, 5_000, stream.length]) {
    const reader = new FrameReader();
    const received: Bytes[] = [];
    for (let at = 0; at < stream.length;) {
      const piece = pieceMax === 1 || pieceMax === stream.length ? pieceMax : 1 + dice.below(pieceMax);
      received.push(...reader.push(stream.slice(at, at + piece))!);
      at += piece;
    }
    assertEquals(received, payloads, `pieces of up to ${pieceMax}`);
  }
});

Deno.test("an empty piece changes nothing, between frames and within one", () => {
  const reader = new FrameReader();
  const bytes = frame(utf8("whole"));
  const pieces = [[], bytes.slice(0, 3), [], bytes.slice(3, 10), [], bytes.slice(10), []];
  assertEquals(pieces.map((piece) => reader.push(new Uint8Array(piece))!.length), [0, 0, 0, 0, 0, 1, 0]);
});

Deno.test("the longest frame is taken; one byte more is refused as soon as its length is there", () => {
  const longest = new Uint8Array(MESSAGE_BYTES_MAX).fill(7);
  assertEquals(new FrameReader().push(frame(longest))!.map(({ length }) => length), [MESSAGE_BYTES_MAX]);
  const tooLong = announcing(BigInt(MESSAGE_BYTES_MAX) + 1n);
  const reader = new FrameReader();
  assertEquals(reader.push(tooLong.slice(0, 7)), []);
  assertEquals(reader.push(tooLong.slice(7)), null);
});

Deno.test("lengths that no number holds, or that are negative to others, are refused", () => {
  for (const length of [2n ** 31n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    assertEquals(new FrameReader().push(announcing(length)), null, `${length}`);
  }
});

Deno.test("a good frame before a length that is refused does not save the stream", () => {
  assertEquals(new FrameReader().push(concat(frame(utf8("good")), announcing(2n ** 64n - 1n))), null);
});

Deno.test("half a frame gives nothing, and what stands behind a frame belongs to the next", () => {
  const reader = new FrameReader();
  assertEquals(reader.push(frame(utf8("half")).slice(0, 11)), []);
  assertEquals(reader.push(concat(utf8("f"), announcing(4n), utf8("ne")))!, [utf8("half")]);
  assertEquals(reader.push(utf8("xt")), [utf8("next")]);
});

Deno.test("an announced length takes no memory before its bytes are there", () => {
  const before = Deno.memoryUsage().external;
  const readers = Array.from({ length: 100 }, () => new FrameReader());
  for (const reader of readers) assertEquals(reader.push(announcing(BigInt(MESSAGE_BYTES_MAX))), []);
  assert(Deno.memoryUsage().external - before < 100_000_000);
  assertEquals(readers[99]!.push(utf8("x")), []);
});

Deno.test("what waits is copied out of its pieces, which may be small parts of large buffers", () => {
  const reader = new FrameReader();
  const piece = new Uint8Array(1);
  const received: Bytes[] = [];
  for (const byte of frame(utf8("copied"))) {
    piece[0] = byte;
    received.push(...reader.push(piece)!);
  }
  assertEquals(received, [utf8("copied")]);
});
