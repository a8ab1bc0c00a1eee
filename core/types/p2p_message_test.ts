import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, fromHex, toHex } from "../bytes.ts";
import { bls } from "../crypto/bls/mod.ts";
import { decode, DecodeError, encode } from "../encoding/mod.ts";
import { COMMITMENT_POINTS_MAX } from "./dkg_message.ts";
import type { P2pMessage } from "./p2p_message.ts";
import {
  decodeP2pMessage,
  encodeP2pMessage,
  openP2pMessage,
  P2P_MESSAGE_BYTES_MAX,
  p2pMessage,
  receiveP2pMessage,
} from "./p2p_message.ts";

/** How many decode errors `work` makes, thrown or caught on the way: each gets its name when it is made. */
function errorsMade(work: () => void): number {
  let made = 0;
  Object.defineProperty(DecodeError.prototype, "name", { configurable: true, set: () => made++ });
  try {
    work();
  } finally {
    delete (DecodeError.prototype as { name?: unknown }).name;
  }
  return made;
}

const anyBytes = fc.uint8Array({ maxLength: 40 }).map((raw) => Uint8Array.from(raw));
const sixtyFour = fc.uint8Array({ minLength: 64, maxLength: 64 }).map((raw) => Uint8Array.from(raw));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((raw) => raw.toHex());
const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

const anyMessage: fc.Arbitrary<P2pMessage> = fc.oneof(
  anyBytes.map((value) => ({ tag: "Aleph", value }) as const),
  sixtyFour.map((value) => ({ tag: "SessionSignature", value }) as const),
  u64.map((value) => ({ tag: "SessionIndex", value }) as const),
  anyBytes.map((value) => ({ tag: "SignedSessionOutcome", value }) as const),
  hash.map((value) => ({ tag: "Checksum", value }) as const),
  hash.map((value) => ({ tag: "DkgG1", value: { tag: "Hash", value } }) as const),
  fc.nat(3).map((count) =>
    ({ tag: "DkgG2", value: { tag: "Commitment", value: Array(count).fill(bls.g2.generator) } }) as const
  ),
  anyBytes.map((value) => ({ tag: "Encodable", value }) as const),
  fc.tuple(fc.bigInt({ min: 8n, max: 0xffff_ffff_ffff_ffffn }), anyBytes)
    .map(([variant, bytes]) => ({ tag: "Default", value: { variant, bytes } }) as const),
);

Deno.test("a message is read in both encodings", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    assertEquals(decodeP2pMessage(encodeP2pMessage(message)), message);
    assertEquals(decodeP2pMessage(encode(p2pMessage, message)), message);
  }));
});

Deno.test("what is sent can't be mistaken for the consensus encoding", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    assertThrows(() => decode(p2pMessage, encodeP2pMessage(message)), DecodeError);
  }));
});

Deno.test("what begins as bincode does is no consensus encoding, whatever follows", () => {
  fc.assert(fc.property(fc.nat(255), anyBytes, (variant, rest) => {
    assertThrows(() => decode(p2pMessage, concat(Uint8Array.of(variant, 0, 0, 0), rest)), DecodeError);
  }));
});

Deno.test("a message in the form in which guardians send it is read without an attempt at the other", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    if (message.tag === "Default" && message.value.variant > 255n) return;
    assertEquals(errorsMade(() => decodeP2pMessage(encodeP2pMessage(message))), 0);
  }));
  const refused = errorsMade(() => assertThrows(() => decodeP2pMessage(Uint8Array.of(0, 1, 7))));
  assert(refused > 0, "what is refused is counted");
});

Deno.test("a broadcast message is sent as the reference sends it", () => {
  const message = { tag: "Aleph", value: Uint8Array.of(1, 2, 3) } as const;
  assertEquals(toHex(encodeP2pMessage(message)), "000000000300000000000000010203");
});

Deno.test("bytes behind a bincode message are ignored, a cut one is refused", () => {
  fc.assert(fc.property(anyMessage, fc.nat(), (message, at) => {
    const bytes = encodeP2pMessage(message);
    assertEquals(decodeP2pMessage(concat(bytes, Uint8Array.of(7))), message);
    // two bytes of an unknown variant's number are a whole consensus encoding of an unknown variant
    if (message.tag === "Default") return;
    assertThrows(() => decodeP2pMessage(bytes.slice(0, at % bytes.length)), DecodeError);
  }));
});

Deno.test("a commitment with more points than any federation has is refused in both encodings", () => {
  for (const [count, isRead] of [[COMMITMENT_POINTS_MAX, true], [COMMITMENT_POINTS_MAX + 1, false]] as const) {
    const messages: P2pMessage[] = [
      { tag: "DkgG1", value: { tag: "Commitment", value: Array(count).fill(bls.g1.generator) } },
      { tag: "DkgG2", value: { tag: "Commitment", value: Array(count).fill(bls.g2.generator) } },
    ];
    for (const message of messages) {
      for (const bytes of [encodeP2pMessage(message), encode(p2pMessage, message)]) {
        if (isRead) assertEquals(decodeP2pMessage(bytes), message);
        else assertThrows(() => decodeP2pMessage(bytes), DecodeError);
      }
    }
  }
});

Deno.test("random bytes are read or refused, and nothing else happens", () => {
  fc.assert(fc.property(fc.nat(9), anyBytes, (variant, tail) => {
    try {
      decodeP2pMessage(concat(Uint8Array.of(variant, 0, 0, 0), tail));
    } catch (thrown) {
      assertEquals(thrown instanceof DecodeError, true, String(thrown));
    }
  }));
});

Deno.test("lengths beyond the message, unknown variants and wrong sizes are refused", () => {
  for (
    const hex of [
      "",
      "00000000",
      "00000000ffffffffffffffff00",
      "09000000",
      "010000003f00000000000000" + "00".repeat(63),
      "0400000021000000000000" + "00".repeat(34),
      "0500000004000000000000007a7a7a7a",
      "050000000100000000000000ff",
      "0700000005000000000000000102",
    ]
  ) assertThrows(() => decodeP2pMessage(fromHex(hex)), DecodeError);
});

Deno.test("a message beyond a frame's bound is refused", () => {
  const error = assertThrows(() => decodeP2pMessage(new Uint8Array(P2P_MESSAGE_BYTES_MAX + 1)), DecodeError);
  assertEquals(error.code, "too_large");
});

Deno.test("what costs work to decode stays bytes until it is opened, in both encodings", () => {
  fc.assert(fc.property(anyMessage, (message) => {
    for (const bytes of [encodeP2pMessage(message), encode(p2pMessage, message)]) {
      const received = receiveP2pMessage(bytes);
      const isSealed = ["DkgG1", "DkgG2", "SignedSessionOutcome"].includes(message.tag);
      assertEquals(received.tag, isSealed ? "Sealed" : message.tag);
      if (received.tag === "Sealed") assertEquals(received.value, { kind: message.tag as "DkgG1", payload: bytes });
      assertEquals(openP2pMessage(received), message);
    }
  }));
});

Deno.test("a commitment whose points are none is received, and refused when it is opened", () => {
  for (const first of [5, 6]) {
    // 100 points of 96 bytes that would take 160 ms to decode
    const payload = concat(Uint8Array.of(first, 0, 0, 0), new Uint8Array(9_600).fill(0xff));
    const received = receiveP2pMessage(payload);
    assertEquals(received.tag, "Sealed");
    assertThrows(() => openP2pMessage(received), DecodeError);
  }
  for (const hex of ["", "00000000", "09000000"]) assertThrows(() => receiveP2pMessage(fromHex(hex)), DecodeError);
});
