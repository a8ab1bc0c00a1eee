import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { settle } from "../../actors/_test_platform.ts";
import { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import type { Files } from "../../actors/platform/platform.ts";
import { fromUtf8, toHex, utf8 } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { builtInModules } from "../modules.ts";
import { closeConfig, isConfigured, readConfig, writeConfig } from "./config_files.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { clientConfigFor, configuredModules } from "./guardian_config.ts";
import { CONFIG_FILE_BYTES_MAX } from "./limits.ts";
import { dealtMeta } from "./testing.ts";

const DIR = "/data";
const READ = ["consensus.json", "local.json", "private.json"] as const;
const CONFIG = (await dealtMeta())[0]!;

/** Files on a disk in memory. From the write `killedAt` on, counted from 0, nothing happens and nobody is answered. */
function filesOn(disk: SimulatedDisk, killedAt = Infinity): Files {
  let writes = 0;
  const write = (mayReplace: boolean): Files["replace"] => (path, bytes, options = {}) => {
    if (writes++ >= killedAt) return new Promise(() => {});
    disk.write(path, { bytes: bytes.slice() as Bytes, secret: options.secret === true }, mayReplace);
    return Promise.resolve();
  };
  return {
    read: (path, bytesMax) => new Promise((resolve) => resolve(disk.read(path, bytesMax))),
    create: write(false),
    replace: write(true),
    makeSecret: (path) => Promise.resolve(disk.makeSecret(path)),
    remove: (path) => Promise.resolve(disk.remove(path)),
    list: (path) => Promise.resolve(disk.list(path)),
    makeDirectory: (path) => Promise.resolve(disk.makeDirectory(path, true)),
  };
}

function emptyDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.makeDirectory(DIR, true);
  return disk;
}

function write(files: Files, config: GuardianConfig = CONFIG): Promise<void> {
  return writeConfig(files, DIR, config, clientConfigFor(config, configuredModules(config, builtInModules)), "fed1");
}

async function written(): Promise<SimulatedDisk> {
  const disk = emptyDisk();
  await write(filesOn(disk));
  return disk;
}

function textOf(disk: SimulatedDisk, name: string): string {
  return fromUtf8(disk.read(`${DIR}/${name}`, CONFIG_FILE_BYTES_MAX)!);
}

function put(disk: SimulatedDisk, name: string, bytes: Uint8Array): void {
  disk.write(`${DIR}/${name}`, { bytes: bytes as Bytes, secret: true }, true);
}

const SECRETS = [toHex(CONFIG.private.broadcastSecretKey), CONFIG.private.tlsKey!];

/** Reading fails; the error names the file, says what to do and keeps the secrets. */
async function breaks(disk: SimulatedDisk, name: string, code: SetupError["code"], what: string): Promise<void> {
  const error = await assertRejects(() => readConfig(filesOn(disk), DIR), SetupError);
  assertEquals(error.facts, { code, path: `${DIR}/${name}` } as SetupError["facts"], what);
  assertStringIncludes(error.message, `${DIR}/${name}`);
  assertStringIncludes(error.message, "restore it from a backup");
  for (const secret of SECRETS) assert(!Deno.inspect(error).includes(secret), `${what}: a secret in the error`);
}

Deno.test("what is written is read back equal, and secrets are for the owner alone", async () => {
  const disk = await written();
  assertEquals(await readConfig(filesOn(disk), DIR), CONFIG);
  assertEquals(disk.list(DIR), ["client.json", "consensus.json", "invite-code", "local.json", "private.json"]);
  for (const name of READ) assertEquals(disk.files.get(`${DIR}/${name}`)!.secret, true, name);
  for (const name of disk.list(DIR)!) {
    if (name === "private.json") continue;
    for (const secret of SECRETS) assert(!textOf(disk, name).includes(secret), `${name} holds no secret`);
  }
});

Deno.test("a config is never overwritten", async () => {
  const disk = await written();
  const before = new Map(disk.files);
  const error = await assertRejects(() => write(filesOn(disk)), SetupError, "never overwritten");
  assertEquals(error.facts, { code: "config_exists", path: DIR });
  assertEquals(disk.files, before);
});

Deno.test("a process killed at any write leaves no config or a whole one, and setup can be repeated", async () => {
  for (let killedAt = 0; killedAt <= 5; killedAt++) {
    const disk = emptyDisk();
    let finished = false;
    write(filesOn(disk, killedAt)).then(() => finished = true);
    await settle();
    assertEquals(finished, killedAt === 5, `killed at write ${killedAt}`);
    assertEquals(await isConfigured(filesOn(disk), DIR), killedAt === 5, `killed at write ${killedAt}`);
    if (killedAt < 5) await write(filesOn(disk), { ...CONFIG, local: { ...CONFIG.local, maxConnections: 7 } });
    const read = await readConfig(filesOn(disk), DIR);
    assertEquals(read.local.maxConnections, killedAt < 5 ? 7 : CONFIG.local.maxConnections);
  }
});

for (const name of READ) {
  Deno.test(`${name}: missing`, async () => {
    const disk = await written();
    disk.remove(`${DIR}/${name}`);
    await breaks(disk, name, "config_missing", name);
  });

  Deno.test(`${name}: cut at many places`, async () => {
    const disk = await written();
    const whole = utf8(textOf(disk, name));
    const cuts = [
      0,
      1,
      2,
      ...Array.from({ length: 40 }, (_, i) => Math.floor(whole.length * i / 40)),
      whole.length - 1,
    ];
    for (const cut of cuts) {
      put(disk, name, whole.slice(0, cut));
      await breaks(disk, name, "config_broken", `cut at ${cut}`);
    }
  });

  Deno.test(`${name}: not JSON, not UTF-8, JSON of another kind`, async () => {
    const disk = await written();
    const texts = ["hello", "null", "[]", "{}", "7", '"x"', "{}{}", "[".repeat(100_000), `\0${textOf(disk, name)}`];
    for (const bad of [...texts.map(utf8), Uint8Array.of(0xff, 0xfe, 0), new Uint8Array(1_000)]) {
      put(disk, name, bad);
      await breaks(disk, name, "config_broken", Deno.inspect(bad.slice(0, 9)));
    }
  });

  Deno.test(`${name}: each member missing or of another type`, async () => {
    const disk = await written();
    const whole = JSON.parse(textOf(disk, name));
    // what older configs lack, or what is none
    const optional = ["broadcast_rounds_per_session", "iroh_endpoints", "tls_key", "iroh_api_sk", "iroh_p2p_sk"];
    for (const member of Object.keys(whole)) {
      const { [member]: _, ...without } = whole;
      if (!optional.includes(member)) {
        put(disk, name, utf8(JSON.stringify(without)));
        await breaks(disk, name, "config_broken", `without ${member}`);
      }
      for (const value of [true, -1, 1e300, { a: [] }]) {
        put(disk, name, utf8(JSON.stringify({ ...whole, [member]: value })));
        await breaks(disk, name, "config_broken", `${member}: ${JSON.stringify(value)}`);
      }
    }
  });

  Deno.test(`${name}: unknown members are left alone, as of a later release`, async () => {
    const disk = await written();
    put(disk, name, utf8(JSON.stringify({ ...JSON.parse(textOf(disk, name)), of_a_later_release: { a: 1 } })));
    assertEquals(await readConfig(filesOn(disk), DIR), CONFIG);
  });

  Deno.test(`${name}: too large`, async () => {
    const disk = await written();
    put(disk, name, new Uint8Array(CONFIG_FILE_BYTES_MAX + 1).fill(0x20));
    assertEquals(await isConfigured(filesOn(disk), DIR), true, "nothing that is there is taken for no config");
    await breaks(disk, name, "config_broken", "too large");
  });
}

Deno.test("private.json: a broadcast key that is none is refused without telling it", async () => {
  const disk = await written();
  const whole = JSON.parse(textOf(disk, "private.json"));
  for (
    const key of [
      "00".repeat(32),
      "ff".repeat(32),
      SECRETS[0]!.slice(2),
      `${SECRETS[0]}00`,
      SECRETS[0]!.replace(/.$/, "x"),
    ]
  ) {
    put(disk, "private.json", utf8(JSON.stringify({ ...whole, broadcast_secret_key: key })));
    const error = await assertRejects(() => readConfig(filesOn(disk), DIR), SetupError, "private.json");
    assert(!Deno.inspect(error).includes(key.slice(0, 60)), "the key is not told");
  }
});

Deno.test("secret files that came out of an archive are closed to others, and told", async () => {
  const disk = await written();
  assertEquals(await closeConfig(filesOn(disk), DIR), [], "they were written as secrets");
  for (const name of READ) {
    disk.write(`${DIR}/${name}`, { bytes: disk.read(`${DIR}/${name}`, CONFIG_FILE_BYTES_MAX)!, secret: false }, true);
  }
  const paths = [...READ].map((name) => `${DIR}/${name}`);
  assertEquals((await closeConfig(filesOn(disk), DIR)).toSorted(), paths);
  assertEquals(paths.map((path) => disk.files.get(path)!.secret), [true, true, true]);
  assertEquals(await closeConfig(filesOn(emptyDisk()), DIR), [], "a guardian that is not set up has none");
});
