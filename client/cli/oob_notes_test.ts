import { assertEquals, assertThrows } from "@std/assert";
import { concat, fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { base32EncodePrefixed, DecodeError } from "../../core/encoding/mod.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { oobNotesJson, oobNotesOfJson, parseOobNotes } from "./oob_notes.ts";

/** A point, and no federation's signature. */
const SIGNATURE = "8d13876b25d5ea98f5c409662aac58321415b0ed8a2cf9007d2421aa1383fb9d9efb7d7a5696b3ef8b4c861c5fb3676a";
const KEY = "01".repeat(32), NONCE = "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f";
const FEDERATION = "aabbccdd" + "07".repeat(28);

/** A part as it is written: kind, length, body. */
const part = (kind: number, ...body: Uint8Array[]): Uint8Array => {
  const bytes = concat(...body);
  return concat(Uint8Array.of(kind, bytes.length), bytes);
};
const notes = part(0, fromHex("010101"), fromHex(SIGNATURE), fromHex(KEY));
const empty = part(0, fromHex("00"));
const prefix = part(1, fromHex("aabbccdd"));
const invite = part(2, fromHex("01000f"), utf8("ws://a.example/"), fromHex(FEDERATION));
const secret = part(3, fromHex("02"), utf8("pw"));
const unknown = part(9, fromHex("0102"));
const parts = (...all: Uint8Array[]): Uint8Array<ArrayBuffer> => concat(Uint8Array.of(all.length), ...all);
const url = (bytes: Uint8Array<ArrayBuffer>): string => bytes.toBase64({ alphabet: "base64url" });

Deno.test("all parts of e-cash of version 1 are shown, however it is written", () => {
  const bytes = parts(prefix, notes, invite, secret, unknown);
  for (
    const text of [
      url(bytes),
      bytes.toBase64(),
      base32EncodePrefixed(bytes),
      ` ${url(bytes).slice(0, 9)}\n${url(bytes).slice(9)}`,
    ]
  ) {
    const { invite: code, ...rest } = oobNotesJson(parseOobNotes(text)) as { invite: string };
    assertEquals(rest as unknown, {
      federation_id_prefix: "aabbccdd",
      notes: { "1": [{ signature: SIGNATURE, spend_key: KEY, nonce: NONCE }] },
      default_9: "0102",
    });
    const { url, peer, federationId, apiSecret } = parseInviteCode(code);
    assertEquals([url, peer, federationId as string, apiSecret], ["ws://a.example/", 0, FEDERATION, "pw"]);
  }
});

Deno.test("what the official client refuses is refused: no notes, no federation or two, an empty invite, other texts", () => {
  const other = part(1, fromHex("aabbccde")), nobody = part(2, fromHex("00"), fromHex(FEDERATION));
  const bad: readonly (readonly [string, string])[] = [
    ["no notes", url(parts(prefix, empty, notes))],
    ["no notes", url(parts(prefix))],
    ["no notes", "AgEEqrvM3QADAQEA"],
    ["of which federation", url(parts(notes))],
    ["two federations", url(parts(prefix, notes, other))],
    ["two federations", url(parts(other, notes, invite))],
    ["no guardian", url(parts(notes, nobody))],
    ["base64", "AgEE"],
    ["base64", "abc"],
    ["base64", "%%%%"],
    ["base64", ""],
  ];
  for (const [why, text] of bad) {
    const thrown = assertThrows(() => parseOobNotes(text), DecodeError);
    if (why !== "base64") assertEquals(thrown.message.includes(why), true, thrown.message);
  }
  // a signature that is no point
  const spoiled = concat(fromHex("010101"), fromHex("ff".repeat(48)), fromHex(KEY));
  assertThrows(() => parseOobNotes(url(parts(prefix, part(0, spoiled)))), DecodeError);
});

Deno.test("notes that are put together come apart as they were", () => {
  const json = { federation_id_prefix: "aabbccdd", notes: { "1024": [{ signature: SIGNATURE, spend_key: KEY }] } };
  const shown = oobNotesJson(parseOobNotes(oobNotesOfJson(json))) as unknown;
  assertEquals(shown, {
    federation_id_prefix: "aabbccdd",
    notes: { "1024": [{ signature: SIGNATURE, spend_key: KEY, nonce: NONCE }] },
  });
  for (
    const bad of [null, {}, { ...json, federation_id_prefix: toHex(fromHex("aabbcc")) }, { ...json, notes: { x: [] } }]
  ) {
    assertThrows(() => oobNotesOfJson(bad), DecodeError);
  }
});
