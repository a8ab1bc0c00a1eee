import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, fromUtf8 } from "../../../core/bytes.ts";
import { encode, list, stringifyJson } from "../../../core/encoding/mod.ts";
import type { RecoveryItem } from "../common.ts";
import { recoveryItem } from "../common.ts";
import { itemsJson } from "./recovery_json.ts";

const bytesOf = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => bytes.slice());
const anyItem: fc.Arbitrary<RecoveryItem> = fc.oneof(
  fc.record({ nonceHash: bytesOf(20) }).map((value) => ({ tag: "Input" as const, value })),
  fc.record({ denomination: fc.nat(255), nonceHash: bytesOf(20), tweak: bytesOf(16) })
    .map((value) => ({ tag: "Output" as const, value })),
);

const stored = (items: readonly RecoveryItem[]): Bytes => concat(...items.map((item) => encode(recoveryItem, item)));

Deno.test("a slice written from its stored bytes is the JSON that the items' codec writes", () => {
  fc.assert(fc.property(fc.array(anyItem, { maxLength: 20 }), (items) => {
    const text = fromUtf8(itemsJson({ items: items.length, bytes: stored(items) }));
    assertEquals(text, stringifyJson(list(recoveryItem).toJson(items)));
  }));
  const longest: RecoveryItem = {
    tag: "Output",
    value: { denomination: 255, nonceHash: new Uint8Array(20).fill(255), tweak: new Uint8Array(16).fill(255) },
  };
  const items = Array<RecoveryItem>(100).fill(longest);
  const text = fromUtf8(itemsJson({ items: 100, bytes: stored(items) }));
  assertEquals(text, stringifyJson(list(recoveryItem).toJson(items)));
});

Deno.test("bytes that are no items, or not as many, are a damaged database and no answer", () => {
  const input: RecoveryItem = { tag: "Input", value: { nonceHash: new Uint8Array(20) } };
  const bytes = stored([input, input]);
  for (
    const slice of [
      { items: 1, bytes },
      { items: 3, bytes },
      { items: 2, bytes: bytes.slice(0, -1) },
      { items: 1, bytes: Uint8Array.of(7, 0) },
    ]
  ) assertThrows(() => itemsJson(slice), InvariantError);
});
