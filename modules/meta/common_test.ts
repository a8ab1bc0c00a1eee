import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { utf8 } from "../../core/bytes.ts";
import { decode, DecodeError, encode, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { metaConsensusItem, metaValueJson, metaValueJsonLossy } from "./common.ts";

Deno.test("a vote survives its encoding and its JSON text, salts above 2^53 included", () => {
  fc.assert(fc.property(
    fc.bigInt(0n, 2n ** 64n - 1n),
    fc.nat(255),
    fc.uint8Array({ maxLength: 300 }),
    (salt, key, value) => {
      const item = { salt, key, value: Uint8Array.from(value) };
      assertEquals(decode(metaConsensusItem, encode(metaConsensusItem, item)), item);
      assertEquals(metaConsensusItem.fromJson(parseJson(stringifyJson(metaConsensusItem.toJson(item)))), item);
    },
  ));
});

Deno.test("a value that is not UTF-8 is JSON only in the lossy reading", () => {
  const value = Uint8Array.of(0x22, 0xff, 0x22);
  assertThrows(() => metaValueJson(value), DecodeError);
  assertEquals(metaValueJsonLossy(value), "\ufffd");
});

Deno.test("a value that begins with a byte order mark, or is no JSON, is refused in both readings", () => {
  for (const value of [Uint8Array.of(0xef, 0xbb, 0xbf, 0x31), utf8("not json"), utf8("")]) {
    assertThrows(() => metaValueJson(value), DecodeError);
    assertThrows(() => metaValueJsonLossy(value), DecodeError);
  }
});
