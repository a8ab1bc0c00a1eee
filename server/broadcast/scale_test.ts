import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { AnyCodec } from "../../core/encoding/codec.ts";
import { decode, decodeHex, encode, encodeHex } from "../../core/encoding/codec.ts";
import { DecodeError } from "../../core/encoding/error.ts";
import {
  byteVector,
  compactLength,
  membersOf,
  nodeIndex,
  nodeMap,
  nodeSubset,
  option,
  round,
  signature64,
  subsetOf,
  u64Le,
  vector,
} from "./scale.ts";

function assertRefused(codec: AnyCodec, hex: string, code: string): void {
  const error = assertThrows(() => decodeHex(codec, hex), DecodeError);
  assertEquals((error as DecodeError).facts.code, code, hex);
}

Deno.test("numbers are fixed-width little-endian", () => {
  assertEquals(encodeHex(round, 0x1234), "3412");
  assertEquals(encodeHex(u64Le, 2n ** 64n - 2n), "feffffffffffffff");
  assertEquals(encodeHex(nodeIndex, 0x1_0000_0203), "0302000001000000");
  assertEquals(decodeHex(nodeIndex, "ffffffffffff1f00"), Number.MAX_SAFE_INTEGER);
});

Deno.test("an index beyond 2^53 names nobody and is refused", () => {
  assertRefused(nodeIndex, "0000000000002000", "out_of_range");
  assertRefused(nodeIndex, "ffffffffffffffff", "out_of_range");
});

Deno.test("compact lengths take the shortest of three forms", () => {
  for (const [bytes, head] of [[0, "00"], [63, "fc"], [64, "0101"], [16_383, "fdff"], [16_384, "02000100"]] as const) {
    const value = new Uint8Array(bytes);
    const encoded = encode(byteVector, value);
    assertEquals(toHex(encoded.subarray(0, encoded.length - bytes)), head);
    assertEquals(decode(byteVector, encoded), value);
  }
});

Deno.test("lengths that are longer than needed, or than the input, are refused", () => {
  assertRefused(byteVector, "0100", "not_minimal");
  assertRefused(byteVector, "fd00" + "00".repeat(63), "not_minimal");
  assertRefused(byteVector, "02000000", "not_minimal");
  assertRefused(byteVector, "0300000000", "out_of_range");
  assertRefused(byteVector, "0400".slice(0, 2), "end_of_input");
  assertRefused(vector(round), "feffffff", "end_of_input");
  assertRefused(compactLength, "01", "end_of_input");
});

Deno.test("maps are vectors of options by index", () => {
  const map = nodeMap(round);
  assertEquals(encodeHex(map, [null, 5, null]), "0c" + "00" + "010500" + "00");
  assertEquals(decodeHex(map, "0c00010500" + "00"), [null, 5, null]);
  assertRefused(map, "0402", "bad_flag");
  assertRefused(option(round), "03", "bad_flag");
});

Deno.test("sets hold the first guardian in the most significant bit", () => {
  assertEquals(encodeHex(nodeSubset, subsetOf(4, [0, 1, 3])), "0400000004d0");
  assertEquals(encodeHex(nodeSubset, subsetOf(9, [8])), "09000000080080");
  assertEquals(membersOf(decodeHex(nodeSubset, "0900000008a080")), [0, 2, 8]);
});

Deno.test("sets of another byte count, or with bits beyond their size, are refused", () => {
  assertRefused(nodeSubset, "04000000" + "00", "invalid");
  assertRefused(nodeSubset, "04000000" + "08d000", "invalid");
  assertRefused(nodeSubset, "04000000" + "04d8", "invalid");
  assertRefused(nodeSubset, "ffffffff" + "04ff", "invalid");
});

Deno.test("a value of the wrong size isn't written", () => {
  assertThrows(() => encode(signature64, new Uint8Array(63)), RangeError);
  assertThrows(() => encode(nodeMap(signature64), [new Uint8Array(65)]), RangeError);
});

Deno.test("what decodes encodes to the same bytes", () => {
  for (const codec of [byteVector, nodeSubset, nodeMap(round), vector(option(u64Le)), nodeIndex] as AnyCodec[]) {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      let value: unknown;
      try {
        value = decode(codec, bytes);
      } catch (thrown) {
        if (thrown instanceof DecodeError) return;
        throw thrown;
      }
      assertEquals(toHex(encode(codec, value)), toHex(bytes));
    }));
  }
});

Deno.test("the JSON form is the hex of the encoding, and order is that of encodings", () => {
  assertEquals(byteVector.toJson(fromHex("0102")), "080102");
  assertEquals(byteVector.fromJson("080102"), fromHex("0102"));
  assertThrows(() => byteVector.fromJson(1), DecodeError);
  assertEquals(Math.sign(round.compare(1, 256)), 1);
});
