import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { DecodeError, encode, list } from "../../../../core/encoding/mod.ts";
import type { RecoveryItem } from "../../common.ts";
import { recoveryItem } from "../../common.ts";
import { denominationOf, nonceHashOf, packedItems, sliceCall, tweakOf } from "./slice.ts";

const items = list(recoveryItem);
const bytes = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((value) => value.slice() as Bytes);
const anyItem: fc.Arbitrary<RecoveryItem> = fc.oneof(
  fc.record({ denomination: fc.nat(255), nonceHash: bytes(20), tweak: bytes(16) }, { noNullPrototype: true }).map((
    value,
  ) => ({
    tag: "Output" as const,
    value,
  })),
  fc.record({ nonceHash: bytes(20) }, { noNullPrototype: true }).map((value) => ({ tag: "Input" as const, value })),
);

function pack(json: Json, count: number) {
  return sliceCall({ start: 0, end: count }).result.fromJson(json);
}

Deno.test("a slice is packed as guardians hash it, and its items are read from there", () => {
  const lengths = fc.constantFrom(0, 1, 5, 252, 253, 400).chain((size) =>
    fc.array(anyItem, { minLength: size, maxLength: size })
  );
  fc.assert(
    fc.property(lengths, fc.nat(1_000_000), (all, start) => {
      const packed = pack(items.toJson(all), all.length);
      const encoded = encode(items, all);
      assertEquals(toHex(packed.bytes), toHex(encoded));
      assertEquals(packed.hash, toHex(sha256(encoded)));
      const read = [...packedItems({ start, bytes: packed.bytes })].map((item, i): RecoveryItem => {
        assertEquals(item.index, start + i);
        const nonceHash = nonceHashOf(packed.bytes, item);
        return item.tag === "Input" ? { tag: "Input", value: { nonceHash } } : {
          tag: "Output",
          value: { denomination: denominationOf(packed.bytes, item), nonceHash, tweak: tweakOf(packed.bytes, item) },
        };
      });
      assertEquals(read, all);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

Deno.test("what is no slice of so many items is refused", () => {
  const hash = "ab".repeat(20), tweak = Array(16).fill(1), input = { Input: { nonce_hash: hash } };
  assertEquals(pack([input], 1).bytes.length, 23);
  const output = { denomination: 9, nonce_hash: hash, tweak };
  for (
    const json of [
      null,
      {},
      "x",
      [],
      [input, input],
      [null],
      [[]],
      [{}],
      [{ Input: null }],
      [{ Input: {} }],
      [{ Input: { nonce_hash: hash.slice(2) } }],
      [{ Input: { nonce_hash: hash.slice(2) + "0x" } }],
      [{ Output: { ...output, denomination: 256 } }],
      [{ Output: { ...output, denomination: 9.5 } }],
      [{ Output: { ...output, tweak: tweak.slice(1) } }],
      [{ Output: { ...output, tweak: [...tweak.slice(1), -1] } }],
      [{ Output: { ...output, tweak: [...tweak.slice(1), "1"] } }],
    ]
  ) {
    assertThrows(() => pack(json, 1), DecodeError);
  }
});
