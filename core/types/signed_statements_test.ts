/**
 * Announcements, guardian metadata, backup requests, transactions, sessions: what is signed, and what of it can't be
 * changed.
 */
import { assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import { publicKeyOf } from "../crypto/mod.ts";
import { decode, DecodeError, encode } from "../encoding/mod.ts";
import { signApiAnnouncement, verifyApiAnnouncement } from "./api_announcement.ts";
import {
  BACKUP_ALIGNMENT_BYTES,
  clientBackup,
  decodePaddedBackup,
  encodePaddedBackup,
  signBackupRequest,
  verifyBackupRequest,
} from "./backup.ts";
import { signedGuardianMetadata, signGuardianMetadata, verifyGuardianMetadata } from "./guardian_metadata.ts";
import { GUARDIAN_METADATA_BYTES_MAX } from "./limits.ts";
import type { Transaction } from "./transaction.ts";
import { signTransaction, verifyTransactionSignatures } from "./transaction_signing.ts";

function secret(seed: number): Bytes {
  return new Uint8Array(32).fill(seed);
}

const AUX = new Uint8Array(32);
const ME = secret(1), OTHER = secret(2);

Deno.test("an announcement holds for its own guardian only, and for its own URL and nonce", () => {
  const signed = signApiAnnouncement({ apiUrl: "wss://a.example/", nonce: 3n }, ME, AUX);
  assertEquals(verifyApiAnnouncement(signed, publicKeyOf(ME)), true);
  assertEquals(verifyApiAnnouncement(signed, publicKeyOf(OTHER)), false);
  for (const changed of [{ apiUrl: "wss://b.example/" }, { nonce: 4n }]) {
    const forged = { ...signed, apiAnnouncement: { ...signed.apiAnnouncement, ...changed } };
    assertEquals(verifyApiAnnouncement(forged, publicKeyOf(ME)), false);
  }
});

const METADATA = { apiUrls: ["wss://a.example/"], pkarrIdZ32: "yb", timestampSecs: 10_000, irohNextEndpoint: null };

Deno.test("guardian metadata is refused when it comes from the future or isn't the guardian's", () => {
  const signed = signGuardianMetadata(METADATA, ME, AUX);
  const verify = (now: number, key = publicKeyOf(ME)) => verifyGuardianMetadata(signed, key, now);
  assertEquals(verify(6_400), { ok: true, value: null });
  assertEquals(verify(6_399), { ok: false, error: "too_far_in_the_future" });
  assertEquals(verify(10_000, publicKeyOf(OTHER)), { ok: false, error: "invalid_signature" });
});

Deno.test("guardian metadata keeps the bytes that were signed, even if other bytes would say the same", () => {
  const content = utf8('{ "timestamp_secs": 7, "pkarr_id_z32":"yb","new_member":[1.5],"api_urls":["ws://a"]}');
  const bytes = concat(new Uint8Array([content.length]), content, new Uint8Array(64));
  const read = decode(signedGuardianMetadata, bytes);
  assertEquals(read.metadata, { apiUrls: ["ws://a/"], pkarrIdZ32: "yb", timestampSecs: 7, irohNextEndpoint: null });
  assertEquals(encode(signedGuardianMetadata, read), bytes);
  assertEquals(
    encode(signedGuardianMetadata, signedGuardianMetadata.fromJson(signedGuardianMetadata.toJson(read))),
    bytes,
  );
});

Deno.test("guardian metadata that isn't UTF-8 JSON of its form, or too long, is refused", () => {
  const parse = (content: Bytes) => decode(signedGuardianMetadata, encodeSigned(content));
  for (const text of ["", "{", "[]", "{}", '{"api_urls":["no url"],"pkarr_id_z32":"yb","timestamp_secs":1}']) {
    assertThrows(() => parse(utf8(text)), DecodeError);
  }
  assertThrows(() => parse(new Uint8Array([0x22, 0xff, 0x22])), DecodeError);
  const long = utf8(
    JSON.stringify({ api_urls: [], pkarr_id_z32: "y".repeat(GUARDIAN_METADATA_BYTES_MAX), timestamp_secs: 1 }),
  );
  assertEquals(assertThrows(() => parse(long), DecodeError).code, "too_large");
});

function encodeSigned(content: Bytes): Bytes {
  return encode(signedGuardianMetadata, { content, metadata: METADATA, signature: new Uint8Array(64) });
}

Deno.test("a backup request holds for its own id, payload and time", () => {
  const time = { secsSinceEpoch: 5n, nanosSinceEpoch: 6 };
  const signed = signBackupRequest(new Uint8Array([1, 2, 3]), time, ME, AUX);
  assertEquals(verifyBackupRequest(signed), true);
  const { request } = signed;
  for (
    const changed of [{ id: publicKeyOf(OTHER) }, { payload: new Uint8Array([1, 2]) }, {
      timestamp: { ...time, nanosSinceEpoch: 7 },
    }]
  ) {
    assertEquals(verifyBackupRequest({ ...signed, request: { ...request, ...changed } }), false);
  }
});

Deno.test("a backup is padded to whole blocks, and read without what stands behind it", () => {
  const backup = { sessionCount: 9, metadata: utf8("m"), modules: new Map([[2, { instance: 2, body: utf8("b") }]]) };
  const exact = {
    ...backup,
    metadata: new Uint8Array(
      BACKUP_ALIGNMENT_BYTES - encode(clientBackup, { ...backup, metadata: new Uint8Array() }).length - 2,
    ),
  };
  const padded = encodePaddedBackup(backup);
  assertEquals(padded.length, BACKUP_ALIGNMENT_BYTES);
  assertEquals(encodePaddedBackup(exact).length, BACKUP_ALIGNMENT_BYTES);
  assertEquals(
    encodePaddedBackup({ ...exact, metadata: new Uint8Array(exact.metadata.length + 1) }).length,
    2 * BACKUP_ALIGNMENT_BYTES,
  );
  assertEquals(decodePaddedBackup(padded), backup);
  padded.fill(0xff, 100);
  assertEquals(decodePaddedBackup(padded), backup);
});

Deno.test("an old backup's padding is dropped", () => {
  const old = concat(new Uint8Array([1, 0, 0, 5]), new Uint8Array(5));
  assertEquals(decode(clientBackup, old), { sessionCount: 1, metadata: new Uint8Array(), modules: new Map() });
});

const INPUT = { instance: 2, body: utf8("input") };
const PARTS = { inputs: [INPUT, INPUT], outputs: [], nonce: new Uint8Array(8) };
const KEYS = [publicKeyOf(ME), publicKeyOf(OTHER)];

Deno.test("a transaction wants one signature an input, by the right key, in order, over itself", () => {
  const tx = signTransaction(PARTS, [ME, OTHER], () => AUX);
  const tagOf = (changed: Transaction, keys = KEYS): string => {
    const verdict = verifyTransactionSignatures(changed, keys);
    return verdict.ok ? "ok" : verdict.error.tag;
  };
  assertEquals(tagOf(tx), "ok");
  assertEquals(tagOf(tx, KEYS.toReversed()), "InvalidSignature");
  assertEquals(tagOf(tx, KEYS.slice(1)), "InvalidWitnessLength");
  assertEquals(tagOf({ ...tx, nonce: new Uint8Array(8).fill(1) }), "InvalidSignature");
  assertEquals(tagOf({ ...tx, outputs: [INPUT] }), "InvalidSignature");
  const unknown = { tag: "Default", value: { variant: 7n, bytes: new Uint8Array() } } as const;
  assertEquals(verifyTransactionSignatures({ ...tx, signatures: unknown }, []), {
    ok: false,
    error: { tag: "UnsupportedSignatureScheme", value: { variant: 7n } },
  });
  assertThrows(() => signTransaction(PARTS, [ME], () => AUX), RangeError);
});
