import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { DecodeError, encode, list, parseJson, stringifyJson, tryDecoding } from "../../../../core/encoding/mod.ts";
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

/** What the codec says of a text, by way of its objects; null when it refuses it. */
function throughObjects(text: string, count: number): string | null {
  const read = tryDecoding(() => pack(parseJson(text), count));
  return read.ok ? read.value.hash : null;
}

Deno.test("a slice is packed from its text as from its objects, upper and lower hex digits alike", () => {
  fc.assert(
    fc.property(fc.array(anyItem, { maxLength: 300 }), fc.boolean(), (all, upper) => {
      const written = stringifyJson(items.toJson(all));
      const text = upper ? written.replace(/[0-9a-f]{40}/g, (hash) => hash.toUpperCase()) : written;
      const { fromText } = sliceCall({ start: 0, end: all.length }).result;
      const packed = fromText!(text);
      assertEquals(packed && toHex(packed.bytes), toHex(encode(items, all)));
      assertEquals(packed!.hash, throughObjects(text, all.length));
      assertEquals(sliceCall({ start: 0, end: all.length + 1 }).result.fromText!(text), null);
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

Deno.test("whatever is done to a slice's text, it is packed as the codec would, or left to it", () => {
  const mutations = fc.array(
    fc.record({
      at: fc.nat(),
      size: fc.nat(4),
      put: fc.constantFrom("", '"', "0", "00", "9", "f", "g", ",", "]", "}", " ", "[", "-", ".", "e1", "\\u0030"),
    }),
    { minLength: 1, maxLength: 3 },
  );
  let read = 0;
  fc.assert(
    fc.property(fc.array(anyItem, { minLength: 1, maxLength: 4 }), mutations, (all, changes) => {
      let text = stringifyJson(items.toJson(all));
      for (const { at, size, put } of changes) {
        const from = at % text.length;
        text = text.slice(0, from) + put + text.slice(from + size);
      }
      const packed = sliceCall({ start: 0, end: all.length }).result.fromText!(text);
      if (packed === null) return;
      read++;
      assertEquals(packed.hash, throughObjects(text, all.length), text);
    }),
    { numRuns: 3_000 },
  );
  assert(read > 10, `${read} were read`);
});

Deno.test("what isn't written as guardians write it is left to the codec", () => {
  const hash = "ab".repeat(20), tweak = Array(16).fill(1).join(",");
  const output = `{"Output":{"denomination":9,"nonce_hash":"${hash}","tweak":[${tweak}]}}`;
  const { fromText } = sliceCall({ start: 0, end: 1 }).result;
  assert(fromText!(`[${output}]`) !== null);
  for (
    const text of [
      "",
      "[]",
      `[${output}`,
      `[${output}] `,
      `[ ${output}]`,
      `[${output}],"x":[]`,
      `[${output},${output}]`,
      `[${output.replace("9,", "09,")}]`,
      `[${output.replace("9,", "256,")}]`,
      `[${output.replace("9,", "9.0,")}]`,
      `[${output.replace("9,", "1000,")}]`,
      `[${output.replace(tweak, `${tweak},1`)}]`,
      `[${output.replace(tweak, tweak.slice(2))}]`,
      `[${output.replace("ab", "\\u0061b")}]`,
      `[${output.replace("ab", "é")}]`,
      `[{"Output":{"nonce_hash":"${hash}","denomination":9,"tweak":[${tweak}]}}]`,
    ]
  ) assertEquals(fromText!(text), null, text);
});
