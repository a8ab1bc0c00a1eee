import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { toHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { aeadDecrypt, aeadEncrypt } from "../../core/crypto/aead.ts";
import { backupSecret } from "../../core/crypto/bip39.ts";
import {
  BACKUP_ALIGNMENT_BYTES,
  clientBackupSnapshot,
  encodePaddedBackup,
  verifyBackupRequest,
} from "../../core/types/backup.ts";
import type { FederationId } from "../../core/types/ids.ts";
import { ClientWorld } from "../testing/world.ts";
import { SEAL_BYTES } from "./keys.ts";
import official from "./testing/official_backup.json" with { type: "json" };
import { anyBackup, backupOf, EXAMPLE_FEDERATION, keysOf, rootsOf, WORDS } from "./testing/backups.ts";

const keys = keysOf(WORDS, EXAMPLE_FEDERATION), own = keys.get("standard")!, sdk = keys.get("sdk")!;
const { dice } = new ClientWorld(1).platform;

Deno.test("both wallets of the worked example have their names at guardians", () => {
  assertEquals(toHex(own.id), "031c38e48315e061b178f3ac59871fc92c1b022962884bcdc29d7bafe39c54b52c");
  assertEquals(toHex(sdk.id), "02ee4343bff46a852f5caf9f2c54af0432401e62e22825f6158a68b1fd3f1e7fa5");
});

Deno.test("whatever is in a backup, what guardians keep tells its size in steps of 4096 alone, and opens with its key alone", () => {
  fc.assert(fc.property(anyBackup, (backup) => {
    const sealed = own.seal(backup, dice);
    assertEquals((sealed.length - SEAL_BYTES) % BACKUP_ALIGNMENT_BYTES, 0);
    assertEquals(own.open(sealed), { ok: true, value: backup });
    assertEquals(sdk.open(sealed).ok, false);
  }));
});

Deno.test("a backup that the official client 0.13 made is read, and is written by ours byte by byte", () => {
  const { words, federation_id: id, answer } = official;
  const keys = keysOf(words, id as FederationId).get("standard")!;
  const { data } = clientBackupSnapshot.fromJson(answer);
  const opened = keys.open(data);
  assert(opened.ok);
  assertEquals(new TextDecoder().decode(opened.value.metadata), '{"place":"here"}');
  assertEquals([...opened.value.modules], []);
  const plaintext = aeadDecrypt(data, backupSecret(rootsOf(words, id as FederationId).standard).chachaKey());
  assert(plaintext.ok);
  assertEquals(toHex(encodePaddedBackup(opened.value)), toHex(plaintext.value));
});

Deno.test("no two sealings of a backup are alike", () => {
  const backup = backupOf(1);
  assert(toHex(own.seal(backup, dice)) !== toHex(own.seal(backup, dice)));
});

Deno.test("a damaged backup, and what is none under the right key, say why they can't be read", () => {
  const sealed = own.seal(backupOf(7, "{}"), dice);
  for (const at of [0, 11, 12, 500, sealed.length - 1]) {
    const damaged = sealed.slice() as Bytes;
    damaged[at]! ^= 1;
    assertEquals(own.open(damaged), { ok: false, error: "it isn't encrypted with our key" });
  }
  assertEquals(own.open(sealed.subarray(0, 27) as Bytes), { ok: false, error: "it is too short" });
  const key = backupSecret(rootsOf(WORDS, EXAMPLE_FEDERATION).standard).chachaKey();
  const cut = encodePaddedBackup(backupOf(7, "{}")).subarray(0, 2);
  assertEquals(own.open(aeadEncrypt(cut, key, dice.bytes(12))).ok, false);
});

Deno.test("what guardians get is signed by the name that it has", () => {
  const time = { secsSinceEpoch: 1_700_000_000n, nanosSinceEpoch: 5 };
  const signed = own.sign(own.seal(backupOf(3), dice), time, dice);
  assertEquals([toHex(signed.request.id), signed.request.timestamp], [toHex(own.id), time]);
  assert(verifyBackupRequest(signed));
});

Deno.test("keys show no secret when they are printed", () => {
  const secret = toHex(backupSecret(rootsOf(WORDS, EXAMPLE_FEDERATION).standard).secpKey());
  const shown = `${Deno.inspect(own)} ${JSON.stringify(own)} ${String(own)}`;
  assert(!shown.includes(secret));
});
