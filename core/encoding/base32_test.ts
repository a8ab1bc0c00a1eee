/** The `fedimint…` text form. Golden texts are in `tests/vectors/primitives.json`. */
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fromHex, toHex } from "../bytes.ts";
import {
  BASE32_CHARACTERS_MAX,
  base32Decode,
  base32DecodePrefixed,
  base32Encode,
  base32EncodePrefixed,
  decodeText,
  encodeText,
} from "./base32.ts";
import { DecodeError } from "./error.ts";
import { u64 } from "./primitives.ts";

Deno.test("base32 takes bits least significant first", () => {
  for (const [hex, text] of [["50", "g2"], ["010203", "1g060"], ["ff00", "v700"], ["", ""]] as const) {
    assertEquals(base32Encode(fromHex(hex)), text);
    assertEquals(toHex(base32Decode(text)), hex);
  }
});

Deno.test("base32 gives any bytes back, in upper case too", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (raw) => {
    const bytes = Uint8Array.from(raw);
    assertEquals(base32Decode(base32Encode(bytes)), bytes);
    assertEquals(base32DecodePrefixed(base32EncodePrefixed(bytes).toUpperCase()), bytes);
  }));
});

Deno.test("base32 drops bits that are left over", () => {
  assertEquals(toHex(base32Decode("g2")), toHex(base32Decode("ga")));
  assertEquals(base32Decode("v").length, 0);
});

Deno.test("base32 refuses other characters and another prefix", () => {
  for (const text of ["w", "0-", "é", "A", " 0", "0\n"]) assertThrows(() => base32Decode(text), DecodeError);
  for (const text of ["", "fedimin0", "xfedimint0", "lnurl10"]) {
    assertThrows(() => base32DecodePrefixed(text), DecodeError, "does not begin");
  }
});

Deno.test("base32 refuses text beyond its bound", () => {
  const error = assertThrows(() => base32Decode("0".repeat(BASE32_CHARACTERS_MAX + 1)), DecodeError);
  assertEquals(error.code, "too_large");
});

Deno.test("a value's text is decoded whole", () => {
  assertEquals(decodeText(u64, encodeText(u64, 12n)), 12n);
  assertThrows(() => decodeText(u64, base32EncodePrefixed(fromHex("0c00"))), DecodeError, "left over");
});
