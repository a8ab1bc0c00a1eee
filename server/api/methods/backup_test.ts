import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ManualClock } from "../../../actors/store/testing/mod.ts";
import { openMemoryStore } from "../../../actors/store/memory.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode, u64 } from "../../../core/encoding/mod.ts";
import { BACKUP_PAYLOAD_BYTES_MAX, signBackupRequest, signedBackupRequest } from "../../../core/types/backup.ts";
import { stringifyJson } from "../../../core/encoding/mod.ts";
import type { SystemTime } from "../../../core/types/duration.ts";
import { newDiskRoom } from "../../disk_watch.ts";
import { DISK_BACKUPS_BYTES } from "../../limits.ts";
import { backupMethods } from "./backup.ts";
import { backupBytes, setBackupBytes } from "../db.ts";
import {
  BACKUP_OVERHEAD_BYTES,
  BACKUP_SOURCES_MAX,
  BACKUPS_BYTES_MAX,
  BACKUPS_GROWTH,
  BACKUPS_GROWTH_OF_SOURCE,
  BACKUPS_WAITING_MAX,
} from "../limits.ts";
import { BackupIntake } from "./backup_intake.ts";
import { badRequest, call } from "../testing/calls.ts";
import { secretKeyOf } from "../../config/testing/config.ts";

const KEY = secretKeyOf(6);
const ID = toHex(publicKeyOf(KEY));
const AUX = new Uint8Array(32);
const DAY_SECS = 86_400;
const START_SECS = 1_000 * DAY_SECS;

function at(secs: number, nanos = 0): SystemTime {
  return { secsSinceEpoch: BigInt(secs), nanosSinceEpoch: nanos };
}

function request(payload: Bytes, timestamp: SystemTime, key = KEY): Record<string, Json> {
  return signedBackupRequest.toJson(signBackupRequest(payload, timestamp, key, AUX)) as Record<string, Json>;
}

async function rig() {
  const store = await openMemoryStore({
    clock: { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) },
  });
  const clock = new ManualClock();
  await clock.advance(START_SECS * 1_000);
  const room = newDiskRoom();
  const methods = backupMethods({ store, clock, room, apiPassword: "pass" });
  return {
    store,
    clock,
    room,
    call: (method: string, params: Json, auth?: string) => call(methods, method, params, auth),
    from: (source: string | null, params: Json) => call(methods, "backup", params, null, source),
  };
}

Deno.test("a backup is handed to whoever names its key; nobody else's is", async () => {
  const { call } = await rig();
  assertEquals(await call("recover", ID), null);
  assertEquals(await call("backup", request(Uint8Array.of(1, 2, 255), at(START_SECS, 5))), null);
  assertEquals(await call("recover", ID), {
    timestamp: { secs_since_epoch: START_SECS, nanos_since_epoch: 5 },
    data: "0102ff",
  });
  assertEquals(await call("recover", toHex(publicKeyOf(secretKeyOf(7)))), null);
});

Deno.test("a newer backup takes the place of the older, which never comes back", async () => {
  const { call } = await rig();
  const [older, newer] = [request(Uint8Array.of(1), at(START_SECS)), request(Uint8Array.of(2), at(START_SECS, 1))];
  assertEquals(await call("backup", older), null);
  assertEquals(await call("backup", newer), null);
  for (const replayed of [older, newer]) {
    assertEquals(await call("backup", replayed), badRequest("timestamp too small"));
  }
  assertEquals((await call("recover", ID) as { data: string }).data, "02");
});

Deno.test("a backup that its key did not sign is refused", async () => {
  const { call } = await rig();
  const signed = request(Uint8Array.of(1), at(START_SECS));
  const invalid = badRequest("invalid request");
  assertEquals(await call("backup", { ...signed, payload: "02" }), invalid);
  assertEquals(await call("backup", { ...signed, id: toHex(publicKeyOf(secretKeyOf(7))) }), invalid);
  assertEquals(await call("backup", { ...signed, signature: "00".repeat(64) }), invalid);
  assertEquals(await call("recover", ID), null);
});

Deno.test("a backup may be dated an hour ahead, not more", async () => {
  const { call } = await rig();
  const limit = START_SECS + 3_600;
  assertEquals(
    await call("backup", request(Uint8Array.of(1), at(limit, 1))),
    badRequest("timestamp too far in the future"),
  );
  assertEquals(await call("backup", request(Uint8Array.of(1), at(limit))), null);
});

Deno.test("a backup may have 128 KiB, not a byte more", async () => {
  const { call } = await rig();
  const tooLarge = new Uint8Array(BACKUP_PAYLOAD_BYTES_MAX + 1);
  assertEquals(await call("backup", request(tooLarge, at(START_SECS))), badRequest("snapshot too large"));
  assertEquals(await call("backup", request(tooLarge.slice(1), at(START_SECS))), null);
  assertEquals((await call("recover", ID) as { data: string }).data.length, 2 * BACKUP_PAYLOAD_BYTES_MAX);
});

Deno.test("what is no request and no key is a bad request", async () => {
  const { call } = await rig();
  for (const bad of [null, {}, "", { id: ID, payload: "zz" }]) {
    assertEquals((await call("backup", bad) as { code: number }).code, 400);
  }
  for (const bad of [null, "", "00".repeat(33), ID.slice(2), `${ID}00`]) {
    assertEquals((await call("recover", bad) as { code: number }).code, 400);
  }
});

Deno.test("statistics count backups by age, for the guardian alone", async () => {
  const { call } = await rig();
  const ages = [-1_000, 0, DAY_SECS - 1, DAY_SECS, 7 * DAY_SECS, 30 * DAY_SECS, 90 * DAY_SECS];
  for (const [i, age] of ages.entries()) {
    assertEquals(await call("backup", request(new Uint8Array(10), at(START_SECS - age), secretKeyOf(20 + i))), null);
  }
  assertEquals(await call("backup_statistics", null), { code: 401, message: "Invalid authorization" });
  assertEquals(await call("backup_statistics", null, "pass"), {
    num_backups: 7,
    total_size: 70,
    refreshed_1d: 3,
    refreshed_1w: 4,
    refreshed_1m: 5,
    refreshed_3m: 6,
  });
});

const failed = (message: string): Json => ({ code: 500, message });

/** Of a key of its own. */
function newcomer(index: number, size = 1, nanos = 0): Record<string, Json> {
  const key = new Uint8Array(32).fill(9);
  new DataView(key.buffer).setUint32(0, index + 1);
  return request(new Uint8Array(size), at(START_SECS, nanos), key);
}

const LARGEST = BACKUP_PAYLOAD_BYTES_MAX;
const TOO_MANY = failed("Too many new backups have come: try again later");
/** So many of the largest may come from one source at once. */
const LARGEST_AT_ONCE = Math.floor(BACKUPS_GROWTH_OF_SOURCE.burst / (LARGEST + BACKUP_OVERHEAD_BYTES));

Deno.test("whoever sends more than its share is told to wait, others are not, and what is there can be replaced", async () => {
  const { from, clock } = await rig();
  for (let i = 0; i < LARGEST_AT_ONCE; i++) assertEquals(await from("1.2.3.4", newcomer(i, LARGEST)), null);
  assertEquals(await from("1.2.3.4", newcomer(100, LARGEST)), TOO_MANY);
  assertEquals(await from("1.2.3.4", newcomer(0, LARGEST, 1)), null, "as large as it was");
  assertEquals(await from("1.2.3.4", newcomer(0, 10, 2)), null, "smaller");
  // a little less than one of the largest is left
  assertEquals(await from("1.2.3.4", newcomer(0, LARGEST, 3)), TOO_MANY, "growing is what is counted");
  for (const source of ["5.6.7.8", "2001:db8:0:0::/64", null]) {
    assertEquals(await from(source, newcomer(200 + String(source).length, LARGEST)), null, String(source));
  }
  const { tokens, ms } = BACKUPS_GROWTH_OF_SOURCE;
  await clock.advance(Math.ceil((LARGEST + BACKUP_OVERHEAD_BYTES) * ms / tokens));
  assertEquals(await from("1.2.3.4", newcomer(100, LARGEST)), null);
});

Deno.test("two hundred wallets behind one address back up for the first time at once", async () => {
  const { from } = await rig();
  for (let i = 0; i < 200; i++) assertEquals(await from("1.2.3.4", newcomer(i, 4_096 + 28)), null, String(i));
});

Deno.test("all sources together grow at a rate, and those that can't be told apart with them", () => {
  const clock = new ManualClock(), intake = new BackupIntake(clock, newDiskRoom());
  for (const source of ["1.2.3.4", null]) assert(intake.mayGrow(1, source));
  intake.grew(BACKUPS_GROWTH.burst, null);
  for (const source of ["1.2.3.4", null]) assert(!intake.mayGrow(1, source));
});

Deno.test("no more sources are remembered than there is a bound, and nobody is refused for it", async () => {
  const clock = new ManualClock(), intake = new BackupIntake(clock, newDiskRoom());
  for (let i = 0; i < BACKUP_SOURCES_MAX + 100; i++) {
    assert(intake.mayGrow(4_636, `source ${i}`));
    intake.grew(1, `source ${i}`);
  }
  assertEquals(intake.sources, BACKUP_SOURCES_MAX);
  await clock.advance(BACKUPS_GROWTH_OF_SOURCE.ms);
  assert(intake.mayGrow(1, "another"));
  assertEquals(intake.sources, 1, "those that have all of their share again are forgotten");
});

Deno.test("when the room is full nothing new is taken and nothing grows; what is there can be replaced", async () => {
  const { call, store } = await rig();
  assertEquals(await call("backup", request(Uint8Array.of(1), at(START_SECS))), null);
  assertEquals(await store.read(backupBytes), BigInt(1 + BACKUP_OVERHEAD_BYTES));
  await store.transact((tx) => setBackupBytes(tx, BACKUPS_BYTES_MAX));
  const full = failed("This guardian has no room for more backups, and takes no new and no larger ones");
  assertEquals(await call("backup", newcomer(1)), full);
  assertEquals(await call("backup", request(Uint8Array.of(2, 2), at(START_SECS, 1))), full);
  assertEquals(await call("backup", request(Uint8Array.of(2), at(START_SECS, 1))), null);
  assertEquals(await call("backup", request(new Uint8Array(), at(START_SECS, 2))), null);
  assertEquals(await store.read(backupBytes), BACKUPS_BYTES_MAX - 1n);
  assertEquals(await call("backup", request(Uint8Array.of(3), at(START_SECS, 3))), null);
});

Deno.test("backups are stored one after the other, and few of them wait", async () => {
  const { call } = await rig();
  const requests = Array.from({ length: BACKUPS_WAITING_MAX + 10 }, (_, i) => newcomer(i));
  const answers = await Promise.all(requests.map((params) => call("backup", params)));
  assertEquals(answers.filter((answer) => answer === null).length, BACKUPS_WAITING_MAX);
  assertEquals(answers.at(-1), failed("Too many backups are being stored: try again later"));
  assertEquals(await call("backup", newcomer(1_000)), null, "there is room again");
});

Deno.test("backups of a database that an older version kept are counted, each time that it did", async () => {
  const { call, store } = await rig();
  for (let i = 0; i < 3; i++) await call("backup", newcomer(i));
  const each = BigInt(1 + BACKUP_OVERHEAD_BYTES);
  const older = encode(u64, 7n);
  for (const stale of [null, 12n]) {
    await store.transact((tx) => {
      if (stale === null) tx.delete(Uint8Array.of(0x71));
      else setBackupBytes(tx, stale);
      tx.set(Uint8Array.of(0x70), older);
    });
    assertEquals(await store.read(backupBytes), stale === null ? 3n * each : 4n * each);
    await call("backup", newcomer(stale === null ? 3 : 4));
    assertEquals(await store.read(async (tx) => [await tx.get(Uint8Array.of(0x70)), await backupBytes(tx)]), [
      undefined,
      stale === null ? 4n * each : 5n * each,
    ]);
  }
});

Deno.test("while the disk is nearly full no backup is taken, and those that are there are handed out", async () => {
  const { call, room } = await rig();
  assertEquals(await call("backup", request(Uint8Array.of(1), at(START_SECS))), null);
  room.freeBytes = DISK_BACKUPS_BYTES - 1;
  const refused = await call("backup", request(Uint8Array.of(2), at(START_SECS, 1)));
  assertStringIncludes(stringifyJson(refused as Json), "disk is nearly full");
  assertEquals((await call("recover", ID) as { data: string }).data, "01");
  room.freeBytes = DISK_BACKUPS_BYTES;
  assertEquals(await call("backup", request(Uint8Array.of(2), at(START_SECS, 1))), null);
});
