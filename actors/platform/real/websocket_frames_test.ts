/**
 * WebSocket frames: what one side encodes the other decodes, however it is cut; and what breaks the rules is refused.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { concat, fromHex, utf8 } from "../../../core/bytes.ts";
import { encodeClosePayload, encodeFrame, FrameDecoder, type FrameEvent, OPCODE } from "./websocket_frames.ts";

const MASK = fromHex("01020304");

function server(messageBytesMax = 1_000): FrameDecoder {
  return new FrameDecoder({ masked: true, messageBytesMax });
}

/** A text frame whose parts are chosen freely. */
function frame(first: number, payload: Uint8Array): Uint8Array {
  const bytes = encodeFrame(0, payload, MASK);
  bytes[0] = first;
  return bytes;
}

function refusal(events: FrameEvent[]): number | undefined {
  const last = events.at(-1);
  return last?.kind === "broken" ? last.code : undefined;
}

Deno.test("frames follow the examples of RFC 6455, 5.7", () => {
  const client = new FrameDecoder({ masked: false, messageBytesMax: 100 });
  assertEquals(client.push(fromHex("810548656c6c6f")), [{ kind: "message", text: "Hello" }]);
  assertEquals(client.push(fromHex("010348656c80026c6f")), [{ kind: "message", text: "Hello" }]);
  assertEquals(client.push(fromHex("890548656c6c6f")), [{ kind: "ping", payload: utf8("Hello") }]);
  assertEquals(server().push(fromHex("818537fa213d7f9f4d5158")), [{ kind: "message", text: "Hello" }]);
  assertEquals(encodeFrame(OPCODE.text, utf8("Hello")), fromHex("810548656c6c6f"));
  assertEquals(encodeFrame(OPCODE.text, utf8("Hello"), fromHex("37fa213d")), fromHex("818537fa213d7f9f4d5158"));
  assertEquals(encodeFrame(OPCODE.binary, new Uint8Array(256)).subarray(0, 4), fromHex("827e0100"));
  assertEquals(encodeFrame(OPCODE.binary, new Uint8Array(65_536)).subarray(0, 10), fromHex("827f0000000000010000"));
});

Deno.test("a payload that comes in pieces takes no more room than its head announced", () => {
  const payload = new Uint8Array(100).fill(7), bytes = encodeFrame(OPCODE.ping, payload, MASK), decoder = server();
  const events = [...bytes].flatMap((_, i) => decoder.push(bytes.subarray(i, i + 1)));
  assertEquals(events, [{ kind: "ping", payload }]);
  const [event] = events;
  assert(event?.kind === "ping");
  assertEquals(event.payload.buffer.byteLength, 100);
});

Deno.test("frames decode to what was encoded, however the bytes are cut", () => {
  const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.constant("é".repeat(40_000)));
  fc.assert(fc.property(
    fc.array(text, { maxLength: 6 }),
    fc.boolean(),
    fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 }),
    (texts, masked, cuts) => {
      const wire = concat(...texts.map((text) => encodeFrame(OPCODE.text, utf8(text), masked ? MASK : undefined)));
      const decoder = new FrameDecoder({ masked, messageBytesMax: 1_000_000 });
      const events: FrameEvent[] = [];
      for (let at = 0, i = 0; at < wire.length; i++) {
        const size = cuts[i % cuts.length]!;
        events.push(...decoder.push(wire.subarray(at, at + size)));
        at += size;
      }
      assertEquals(events, texts.map((text) => ({ kind: "message", text })));
    },
  ));
});

Deno.test("fragments join to one message, with control frames in between", () => {
  const pieces = [frame(0x01, utf8("a")), frame(0x89, utf8("p")), frame(0x00, utf8("b")), frame(0x80, utf8("c"))];
  assertEquals(server().push(concat(...pieces)), [
    { kind: "ping", payload: utf8("p") },
    { kind: "message", text: "abc" },
  ]);
});

Deno.test("a message over the bound is refused by its header, before its bytes come", () => {
  assertEquals(server(10).push(frame(0x81, new Uint8Array(10)))[0]?.kind, "message");
  assertEquals(refusal(server(10).push(frame(0x81, new Uint8Array(11)).subarray(0, 6))), 1009);
  assertEquals(refusal(server(10).push(fromHex("81ffffffffffffffffff01020304"))), 1009);
});

Deno.test("fragments over the bound together are refused", () => {
  const decoder = server(10);
  assertEquals(decoder.push(frame(0x01, new Uint8Array(6))), []);
  assertEquals(refusal(decoder.push(frame(0x00, new Uint8Array(5)))), 1009);
});

Deno.test("what breaks the protocol is refused", () => {
  const broken: [string, Uint8Array][] = [
    ["not masked", encodeFrame(OPCODE.text, utf8("x"))],
    ["compressed", frame(0xc1, utf8("x"))],
    ["unknown kind", frame(0x83, utf8("x"))],
    ["unknown control", frame(0x8b, utf8("x"))],
    ["fragmented ping", frame(0x09, utf8("x"))],
    ["long ping", frame(0x89, new Uint8Array(126))],
    ["continuation of nothing", frame(0x80, utf8("x"))],
    ["message in a message", concat(frame(0x01, utf8("a")), frame(0x81, utf8("b")))],
    ["close of one byte", frame(0x88, new Uint8Array(1))],
    ["close with bad text", frame(0x88, fromHex("03e8ff"))],
  ];
  for (const [what, bytes] of broken) assertEquals(refusal(server().push(bytes)), 1002, what);
  assertEquals(refusal(server().push(frame(0x81, fromHex("ff")))), 1007);
  assertEquals(refusal(new FrameDecoder({ masked: false, messageBytesMax: 9 }).push(frame(0x81, utf8("x")))), 1002);
});

Deno.test("a close tells code and reason, and nothing after it or after a refusal is read", () => {
  const close = frame(0x88, encodeClosePayload(1001, utf8("bye")));
  const decoder = server();
  assertEquals(decoder.push(concat(close, frame(0x81, utf8("x")))), [{ kind: "close", code: 1001, reason: "bye" }]);
  assertEquals(decoder.push(frame(0x81, utf8("x"))), []);
  assertEquals(server().push(frame(0x88, new Uint8Array())), [{ kind: "close", code: 1005, reason: "" }]);
  const refused = server();
  refused.push(frame(0xc1, utf8("x")));
  assertEquals(refused.push(frame(0x81, utf8("x"))), []);
  assertEquals(encodeClosePayload(1000, new Uint8Array(200)).length, 125);
});

Deno.test("the decoder survives any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, masked) => {
    const events = new FrameDecoder({ masked, messageBytesMax: 100 }).push(bytes);
    for (const event of events) if (event.kind === "message") assert(utf8(event.text).length <= 100);
  }));
});
