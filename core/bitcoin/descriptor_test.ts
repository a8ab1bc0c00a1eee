import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, toHex } from "../bytes.ts";
import { publicKeyOf } from "../crypto/mod.ts";
import { DecodeError } from "../encoding/mod.ts";
import {
  descriptorChecksum,
  descriptorScript,
  descriptorText,
  hash160,
  p2wpkhScript,
  parseDescriptor,
  sortedMultisigScript,
} from "./mod.ts";

const keyOf = (number: number): Uint8Array<ArrayBuffer> => publicKeyOf(new Uint8Array(32).fill(number));

Deno.test("checksums are BIP380's", () => {
  assertEquals(descriptorChecksum("raw(deadbeef)"), "89f8spxm");
  assertThrows(() => descriptorChecksum("raw(Ü)"), DecodeError);
});

Deno.test("wpkh stands for the key's hash", () => {
  const key = keyOf(1);
  const descriptor = { kind: "wpkh", key } as const;
  assertEquals(parseDescriptor(descriptorText(descriptor)), descriptor);
  assertEquals(descriptorScript(descriptor), p2wpkhScript(hash160(key)));
});

Deno.test("a multisig of twenty keys writes its number as a push, and keys are sorted", () => {
  const keys = Array.from({ length: 20 }, (_, i) => keyOf(i + 1));
  const script = toHex(sortedMultisigScript(17, keys));
  assertEquals(script.slice(0, 4), "0111");
  assertEquals(script.slice(-6), "0114ae");
  assertEquals(script, toHex(sortedMultisigScript(17, keys.toReversed())));
  assertEquals(toHex(sortedMultisigScript(16, keys)).slice(0, 2), "60");
  assertThrows(() => sortedMultisigScript(1, [...keys, keyOf(21)]), RangeError);
  assertThrows(() => sortedMultisigScript(0, keys), RangeError);
  assertThrows(() => sortedMultisigScript(21, keys), RangeError);
  assertThrows(() => sortedMultisigScript(1, [fromHex("02")]), RangeError);
});

const key = toHex(keyOf(1));
const offCurve = `02${"ff".repeat(32)}`;
const REFUSED: readonly (readonly [string, string])[] = [
  ["a wrong checksum", `wpkh(${key})#aaaaaaaa`],
  ["two checksums", `wpkh(${key})#a#b`],
  ["another form", `pkh(${key})`],
  ["a key off the curve", `wpkh(${offCurve})`],
  ["an uncompressed key", `wpkh(04${key.slice(2)}${key.slice(2)})`],
  ["a threshold above the keys", `wsh(sortedmulti(2,${key}))`],
  ["a threshold of zero", `wsh(sortedmulti(0,${key}))`],
  ["twenty-one keys", `wsh(sortedmulti(1,${Array(21).fill(key).join(",")}))`],
  ["too many characters", `wsh(sortedmulti(1,${Array(40).fill(key).join(",")}))`],
  ["no key", "wsh(sortedmulti(1))"],
];
for (const [name, text] of REFUSED) {
  Deno.test(`a descriptor with ${name} is refused`, () => {
    assertThrows(() => parseDescriptor(text), DecodeError);
  });
}
