import { assertEquals, assertThrows } from "@std/assert";
import { bech32m } from "@scure/base";
import fc from "fast-check";
import { decode, DecodeError, encode, list } from "../encoding/mod.ts";
import {
  formatInviteCode,
  formatInviteCodeBase32,
  inviteCode,
  inviteCodeFor,
  inviteCodePart,
  newInviteCode,
  parseInviteCode,
} from "./invite_code.ts";
import { INVITE_BASE32_CHARACTERS_MAX, INVITE_BECH32_CHARACTERS_MAX } from "./limits.ts";

const federationId = "ab".repeat(32);
const code = newInviteCode({ url: "wss://gu.example/", peer: 3, federationId, apiSecret: null });

function urls(count: number): Map<number, string> {
  return new Map(Array.from({ length: count }, (_, peer) => [peer, `wss://guardian-${peer}.example/`]));
}

Deno.test("an invite code says whose it is, who the others are, and of which federation", () => {
  const read = parseInviteCode(formatInviteCode(inviteCodeFor(urls(7), federationId, "hush")));
  assertEquals([read.url, read.peer], ["wss://guardian-0.example/", 0]);
  assertEquals([...read.guardians.keys()], [0, 1, 2]);
  assertEquals([read.federationId, read.apiSecret], [federationId, "hush"]);
});

Deno.test("an invite code with a mistake of one or two characters is refused", () => {
  const text = formatInviteCode(code);
  const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  const position = fc.integer({ min: 5, max: text.length - 1 });
  fc.assert(
    fc.property(position, position, fc.constantFrom(...alphabet), fc.constantFrom(...alphabet), (i, j, a, b) => {
      const changed = [...text].with(i, a).with(j, b).join("");
      fc.pre(changed !== text);
      assertThrows(() => parseInviteCode(changed), DecodeError);
    }),
  );
});

Deno.test("an invite code is read in any case, with bech32's checksum and in base32", () => {
  const text = formatInviteCode(code);
  for (
    const form of [text, text.toUpperCase(), formatInviteCodeBase32(code), formatInviteCodeBase32(code).toUpperCase()]
  ) {
    assertEquals(parseInviteCode(form), code);
  }
});

Deno.test("padding bits of an invite code are not looked at", () => {
  const { words } = bech32m.decode(formatInviteCode(code) as `${string}1${string}`, 1_023);
  assertEquals(words.length * 5 % 8, 2);
  const padded = words.with(-1, words.at(-1)! | 3);
  assertThrows(() => bech32m.fromWords(padded));
  assertEquals(parseInviteCode(bech32m.encode("fed1", padded, 1_023)), code);
  // a whole letter too many is left over as well
  assertEquals(parseInviteCode(bech32m.encode("fed1", [...words, 0], 1_023)), code);
});

Deno.test("an invite code without a guardian or a federation id is refused", () => {
  const parts = list(inviteCodePart);
  const without = (tag: string) => encode(parts, code.parts.filter((part) => part.tag !== tag));
  assertThrows(() => decode(inviteCode, without("Api")), DecodeError, "names no guardian");
  assertThrows(() => decode(inviteCode, without("FederationId")), DecodeError, "no federation id");
});

Deno.test("an invite code too long for bech32m is neither written nor read", () => {
  // the longest path that still fits
  let url = "wss://g.example/";
  const make = (path: string) => newInviteCode({ url: `${url}${path}`, peer: 0, federationId, apiSecret: null });
  let path = "";
  while (formatInviteCode(make(`${path}a`)).length < INVITE_BECH32_CHARACTERS_MAX - 1) path += "a";
  assertEquals(parseInviteCode(formatInviteCode(make(path))).url.length, url.length + path.length);
  url += "aaaa";
  assertThrows(() => formatInviteCode(make(path)), RangeError, "exceeds");
  const words = bech32m.toWords(encode(inviteCode, make(path)));
  assertThrows(() => parseInviteCode(bech32m.encode("fed1", words, false)), DecodeError);
  assertEquals(parseInviteCode(formatInviteCodeBase32(make(path))).url, make(path).url);
});

Deno.test("a base32 invite code beyond the bound is refused before it is decoded", () => {
  const text = `fedimint${"0".repeat(INVITE_BASE32_CHARACTERS_MAX)}`;
  assertEquals(assertThrows(() => parseInviteCode(text), DecodeError).code, "too_large");
});

Deno.test("text with the base32 prefix never falls back to bech32", () => {
  assertThrows(() => parseInviteCode("fedimint1qqqqqq"), DecodeError);
  assertThrows(() => parseInviteCode("fedimintz"), DecodeError, "not one of base32");
});
