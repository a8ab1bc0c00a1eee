import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareBytes } from "../../core/bytes.ts";
import {
  dataKey,
  encodedBytes,
  encodedDataKeyBytesMax,
  fromBinary,
  keyOfData,
  prefixEnd,
  successor,
  toBinary,
} from "./keys.ts";
import { KEY_BYTES_MAX, KEY_PLAIN_BYTES, KV_KEY_BYTES_MAX } from "./limits.ts";

/** Keys that differ late and are full of zeros: where packing could go wrong. */
const key = fc.tuple(
  fc.constantFrom(0, 1, KEY_PLAIN_BYTES - 2, KEY_PLAIN_BYTES, KEY_PLAIN_BYTES + 3),
  fc.constantFrom(0, 0xff),
  fc.array(fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xfe, 0xff), { maxLength: KEY_BYTES_MAX - KEY_PLAIN_BYTES - 3 }),
).map(([length, fill, rest]) => toBinary(Uint8Array.of(...new Uint8Array(length).fill(fill), ...rest)));

Deno.test("backend keys keep the order of keys, and give them back", () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      assertEquals(Math.sign(compareBytes(dataKey(a), dataKey(b))), a < b ? -1 : a > b ? 1 : 0);
      assertEquals(keyOfData(dataKey(a)), a);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("keys of any bytes up to the bound fit Deno KV, and so do the bounds of ranges", () => {
  for (const length of [0, KEY_PLAIN_BYTES, KEY_PLAIN_BYTES + 1, KEY_BYTES_MAX, KEY_BYTES_MAX + 1]) {
    for (const fill of ["\0", "\x01", "\xff"]) {
      const longest = fill.repeat(length);
      assert(encodedBytes(dataKey(longest)) <= KV_KEY_BYTES_MAX);
      assertEquals(keyOfData(dataKey(longest)), longest);
    }
  }
});

Deno.test("the size of a backend key is told without making it, never too small and nearly right", () => {
  fc.assert(fc.property(key, (key) => {
    const over = encodedDataKeyBytesMax(key) - encodedBytes(dataKey(key));
    assert(over >= 0 && over <= Math.max(0, key.length - KEY_PLAIN_BYTES), `${over} too many`);
  }));
});

Deno.test("binary strings compare as bytes do, and give them back", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 }), (a, b) => {
    const [x, y] = [toBinary(a), toBinary(b)];
    assertEquals(Math.sign(compareBytes(a, b)), x < y ? -1 : x > y ? 1 : 0);
    assertEquals(fromBinary(x), Uint8Array.from(a));
  }));
  const long = new Uint8Array(70_000).map((_, i) => i);
  assertEquals(fromBinary(toBinary(long)), long);
});

Deno.test("a prefix's end is after all that begin with it and before all else", () => {
  const small = fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((bytes) =>
    toBinary(Uint8Array.from(bytes))
  );
  fc.assert(fc.property(small, small, (prefix, other) => {
    const end = prefixEnd(prefix);
    assertEquals(other >= prefix && (end === undefined || other < end), other.startsWith(prefix));
  }));
});

Deno.test("nothing is between a key and its successor", () => {
  assert("a" < successor("a") && successor("a") <= "a\0" && successor("a") < "a\0\0");
});
