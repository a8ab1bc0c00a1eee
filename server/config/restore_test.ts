import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { settle } from "../../actors/testing/manual_clock.ts";
import type { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex, utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { stringifyJson } from "../../core/encoding/mod.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../../core/types/server_config.ts";
import { tarArchive } from "./tar.ts";
import { builtInModules } from "../modules.ts";
import { isConfigured, readConfig } from "./config_files.ts";
import { claimDatabase } from "./database_owner.ts";
import { DIR, emptyDisk, filesOn, fullAt, killedAt } from "../setup/testing/disk.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { ARCHIVE_FILE_BYTES_MAX, readBackup, restoreGuardian } from "./restore.ts";
import { dealtMeta } from "../setup/testing/ceremony.ts";

const [CONFIG, OTHER] = await dealtMeta() as [GuardianConfig, GuardianConfig];
const ARCHIVE = "/backup";
const SECRETS = [toHex(CONFIG.private.broadcastSecretKey), CONFIG.private.tlsKey!];

/** As the API makes it, of these files. */
function archive(changes: Record<string, Json | null> = {}): Bytes {
  const files: Record<string, Json | null> = {
    "local.json": serverConfigLocal.toJson(CONFIG.local),
    "consensus.json": serverConfigConsensus.toJson(CONFIG.consensus),
    "private.json": serverConfigPrivate.toJson(CONFIG.private),
    ...changes,
  };
  const kept = Object.entries(files).filter(([, json]) => json !== null);
  return tarArchive(new Map(kept.map(([name, json]) => [name, utf8(stringifyJson(json!))])));
}

function diskWith(backup: Uint8Array): SimulatedDisk {
  const disk = emptyDisk();
  disk.write(ARCHIVE, { bytes: backup as Bytes, secret: true }, true);
  return disk;
}

function newStore() {
  return openMemoryStore({ clock: { nowMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel: () => {} }) } });
}

async function restore(disk: SimulatedDisk, files = filesOn(disk), store?: Awaited<ReturnType<typeof newStore>>) {
  const backup = await readBackup(files, ARCHIVE, builtInModules);
  await restoreGuardian(backup, { files, dir: DIR, store: store ?? await newStore(), apiSecret: null });
}

/** Refused with a text like this that holds no secret; nothing is changed. */
async function refused(disk: SimulatedDisk, text: string, store?: Awaited<ReturnType<typeof newStore>>): Promise<void> {
  const before = new Map(disk.files);
  const error = await assertRejects(() => restore(disk, filesOn(disk), store), SetupError, text);
  for (const secret of SECRETS) assert(!Deno.inspect(error).includes(secret), "a secret in the error");
  assertEquals(disk.files, before, "nothing was changed");
}

Deno.test("a guardian is restored from its backup: the tar file, its hex, and the JSON that the command line prints", async () => {
  const hex = toHex(archive());
  const json = `{\n  "tar_archive_bytes": "${hex}"\n}\n`;
  for (const backup of [archive(), utf8(hex), utf8(`${hex}\n`), utf8(json)]) {
    const disk = diskWith(backup);
    await restore(disk);
    assertEquals(await readConfig(filesOn(disk), DIR), CONFIG);
    assertEquals(disk.list(DIR), ["client.json", "consensus.json", "invite-code", "local.json", "private.json"]);
    for (const name of disk.list(DIR)!) assert(disk.files.get(`${DIR}/${name}`)!.secret, name);
    await refused(disk, "holds a guardian already");
  }
});

Deno.test("nothing is restored over files of a guardian, a part of them, or a setup that has begun", async () => {
  for (const name of ["consensus.json", "private.json", "local.json", "invite-code", "private.encrypt", "setup.json"]) {
    const disk = diskWith(archive());
    disk.write(`${DIR}/${name}`, { bytes: utf8("of another"), secret: true }, true);
    await refused(disk, DIR);
  }
});

Deno.test("a backup that lacks a file, holds another, or is of two guardians is refused by name", async () => {
  for (const name of ["local.json", "consensus.json", "private.json"]) {
    await refused(diskWith(archive({ [name]: null })), `lacks ${name}`);
    await refused(diskWith(archive({ [name]: {} })), `${name} in ${ARCHIVE} can't be read`);
  }
  await refused(diskWith(archive({ "extra.json": {} })), '"extra.json", which is no part of a backup');
  await refused(diskWith(archive({ "../local.json": {} })), "which is no part of a backup");
  await refused(
    diskWith(archive({ "private.json": null, "private.encrypt": "x" })),
    "encrypted backup of an older release",
  );
  const mixed = serverConfigPrivate.toJson(OTHER.private);
  await refused(diskWith(archive({ "private.json": mixed })), "private.json is of guardian 1 (g1)");
});

Deno.test("a file that is no backup is refused", async () => {
  const gz = new Uint8Array(600);
  gz.set([0x1f, 0x8b]);
  await refused(diskWith(gz), "gzip -d");
  for (const bad of ["", "hello", "{", "{}", '{"tar_archive_bytes":7}', '{"tar_archive_bytes":"0g"}', "abc", "00"]) {
    await refused(diskWith(utf8(bad)), ARCHIVE);
  }
  await refused(diskWith(archive().slice(0, 900)), "damaged");
  await refused(diskWith(new Uint8Array(2_000)), "lacks local.json");
  const disk = emptyDisk();
  await refused(disk, "there is no such file");
  const large = {
    ...filesOn(disk),
    read: (path: string, bytesMax: number) => {
      assertEquals([path, bytesMax], [ARCHIVE, ARCHIVE_FILE_BYTES_MAX]);
      return Promise.resolve(undefined);
    },
  };
  await assertRejects(() => readBackup(large, ARCHIVE, builtInModules), SetupError);
});

Deno.test("a restore that is killed at any write is finished at the next start, and one without room can be repeated", async () => {
  for (let at = 0; at <= 7; at++) {
    const disk = diskWith(archive());
    restore(disk, filesOn(disk, killedAt(at))).catch(() => {});
    for (let turn = 0; turn < 20; turn++) await settle();
    assertEquals(await isConfigured(filesOn(disk), DIR), at > 0, `killed at ${at}`);
    if (at > 0) assertEquals(await readConfig(filesOn(disk), DIR), CONFIG);
    const full = diskWith(archive());
    const store = await newStore();
    if (at < 7) await assertRejects(() => restore(full, filesOn(full, fullAt(at)), store), Error, "no space left");
    if (!await isConfigured(filesOn(full), DIR)) await restore(full, filesOn(full), store);
    assertEquals(await readConfig(filesOn(full), DIR), CONFIG);
  }
});

Deno.test("a backup is not restored beside another guardian's database", async () => {
  const store = await newStore();
  await claimDatabase(store, OTHER);
  const disk = diskWith(archive());
  await refused(disk, "that of guardian 1 of federation", store);
  const own = await newStore();
  await claimDatabase(own, CONFIG);
  await restore(disk, filesOn(disk), own);
  const text = await assertRejects(() => claimDatabase(store, CONFIG), SetupError);
  assertStringIncludes(text.message, "move the folder `database` away");
});
