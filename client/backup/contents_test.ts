import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { BACKUP_PAYLOAD_BYTES_MAX } from "../../core/types/backup.ts";
import { dyn } from "../../core/types/dyn.ts";
import { ClientWorld } from "../testing/world.ts";
import { differenceOf, fits, metadataOfJson, partsOf, payloadBytes, readMetadata } from "./contents.ts";
import { MODULE_PART_BYTES_END } from "./limits.ts";
import { anyBackup, backupOf, EXAMPLE_FEDERATION, keysOf, WORDS } from "./testing/backups.ts";

const bytes = (size: number, value = 1): Bytes => new Uint8Array(size).fill(value) as Bytes;
/** Instance (one byte) and length (three bytes) stand before the largest part that is taken. */
const LARGEST = MODULE_PART_BYTES_END - 1 - 4;

Deno.test("metadata come back as JSON, as the official programs write them, and as bytes when they are none", () => {
  const json: Json = { name: "é", n: 12345678901234567890n };
  assertEquals(readMetadata(metadataOfJson(json))?.json, json);
  assertEquals(new TextDecoder().decode(metadataOfJson({})), "{}");
  assertEquals(readMetadata(bytes(0)), null);
  for (const raw of [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0x7b)] as Bytes[]) {
    assertEquals(readMetadata(raw), { bytes: raw, json: undefined });
  }
});

Deno.test("what a module says goes in; what it doesn't say is that of the last backup, also of a module that nobody knows", () => {
  const last = backupOf(1, "", { 0: bytes(3, 7), 9: bytes(4, 9) }).modules;
  const { parts, leftOut } = partsOf(new Map([[0, bytes(2)], [1, null], [2, bytes(1)]]), last);
  assertEquals([...parts], [
    [0, { instance: 0, body: bytes(2) }],
    [2, { instance: 2, body: bytes(1) }],
    [9, { instance: 9, body: bytes(4, 9) }],
  ]);
  assertEquals(leftOut, []);
  assertEquals([...partsOf(new Map([[0, null]]), last).parts], [...last]);
});

Deno.test("a part of 32 KiB is replaced by the last backup's, or left out, and said; one a byte smaller goes in", () => {
  const largest = bytes(LARGEST);
  assertEquals(encode(dyn, { instance: 0, body: largest }).length, MODULE_PART_BYTES_END - 1);
  assertEquals(partsOf(new Map([[0, largest]]), new Map()).leftOut, []);
  const tooLarge = bytes(LARGEST + 1), last = backupOf(1, "", { 0: bytes(3, 7) }).modules;
  const said = { instance: 0, bytes: MODULE_PART_BYTES_END };
  const replaced = partsOf(new Map([[0, tooLarge]]), last);
  assertEquals([[...replaced.parts], replaced.leftOut], [[...last], [{ ...said, hasOlder: true }]]);
  const left = partsOf(new Map([[0, tooLarge]]), new Map());
  assertEquals([[...left.parts], left.leftOut], [[], [{ ...said, hasOlder: false }]]);
});

Deno.test("a backup fits as long as guardians take what it becomes", () => {
  const { dice } = new ClientWorld(1).platform, own = keysOf(WORDS, EXAMPLE_FEDERATION).get("standard")!;
  fc.assert(fc.property(anyBackup, (backup) => assertEquals(own.seal(backup, dice).length, payloadBytes(backup))));
  // 31 times 4096 with nonce and tag are the most below the limit
  const largest = 31 * 4_096 - payloadOverhead();
  assert(fits(backupOf(1, "x".repeat(largest))));
  assert(payloadBytes(backupOf(1, "x".repeat(largest))) <= BACKUP_PAYLOAD_BYTES_MAX);
  assert(!fits(backupOf(1, "x".repeat(largest + 1))));
});

/** Session count, length of the metadata, number of parts, the old padding: what is no metadata. */
function payloadOverhead(): number {
  return 1 + 5 + 1 + 1;
}

Deno.test("two backups differ by what is in them, whenever they were made", () => {
  const before = backupOf(1, "a", { 0: bytes(1), 1: bytes(2) });
  assertEquals(differenceOf(before, { ...before, sessionCount: 9 }), { metadata: false, parts: false });
  assertEquals(differenceOf(before, backupOf(1, "b", { 0: bytes(1), 1: bytes(2) })), { metadata: true, parts: false });
  for (const parts of [{ 0: bytes(1) }, { 0: bytes(1), 1: bytes(2, 3) }, { 0: bytes(1), 2: bytes(2) }]) {
    assertEquals(differenceOf(before, backupOf(1, "a", parts)), { metadata: false, parts: true });
  }
});
