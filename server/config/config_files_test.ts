import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { settle } from "../../actors/testing/manual_clock.ts";
import { FilesError } from "../../actors/platform/error.ts";
import type { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import type { Files } from "../../actors/platform/platform.ts";
import { fromUtf8, toHex, utf8 } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { builtInModules } from "../modules.ts";
import { closeConfig, isConfigured, readConfig, writeConfig } from "./config_files.ts";
import { SetupError } from "./error.ts";
import type { GuardianConfig } from "./guardian_config.ts";
import { clientConfigFor, configuredModules } from "./guardian_config.ts";
import { DIR, emptyDisk, filesOn, fullAt, killedAt } from "../setup/testing/disk.ts";
import { CONFIG_FILE_BYTES_MAX } from "../setup/limits.ts";
import { dealtMeta } from "../setup/testing/ceremony.ts";

const READ = ["consensus.json", "local.json", "private.json"] as const;
const CONFIG = (await dealtMeta())[0]!;

/** Writes and removals of a whole config. */
const WRITES = 7;

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
  // the invite may hold the federation's API secret
  for (const name of disk.list(DIR)!) assertEquals(disk.files.get(`${DIR}/${name}`)!.secret, true, name);
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

Deno.test("a process killed at any write leaves no config, or one that is finished at the next start", async () => {
  const expected = new Map((await written()).files);
  let wholes = 0;
  for (let at = 0; at <= WRITES; at++) {
    const disk = emptyDisk();
    let finished = false;
    write(filesOn(disk, killedAt(at))).then(() => finished = true);
    await settle();
    assertEquals(finished, at === WRITES, `killed at write ${at}`);
    // a second crash, while the first one is mended
    await Promise.race([isConfigured(filesOn(disk, killedAt(1)), DIR), settle()]);
    const configured = await isConfigured(filesOn(disk), DIR);
    assertEquals(configured, at > 0, "the others have theirs: what was begun is finished");
    assertEquals(disk.files, configured ? expected : new Map(), `killed at write ${at}`);
    if (configured) wholes++;
  }
  assertEquals(wholes, WRITES);
});

Deno.test("a disk that is full for a while takes the config later, and the same one", async () => {
  for (let at = 0; at < WRITES; at++) {
    const disk = emptyDisk();
    await assertRejects(() => write(filesOn(disk, fullAt(at))), FilesError, "no space left");
    await write(filesOn(disk));
    assertEquals(disk.files, (await written()).files, `full at change ${at}`);
  }
});

Deno.test("a part of a config stops the start by name, and no setup takes its place", async () => {
  const names = ["client.json", "invite-code", "local.json", "private.json"];
  for (let subset = 1; subset < 2 ** names.length; subset++) {
    const found = names.filter((_, i) => subset >> i & 1);
    const disk = emptyDisk();
    for (const name of found) put(disk, name, utf8(`old ${name}`));
    const before = new Map(disk.files);
    const error = await assertRejects(() => isConfigured(filesOn(disk), DIR), SetupError, "lacks ");
    assertEquals(error.facts, { code: "config_half", path: DIR });
    const lacks = error.message.slice(error.message.indexOf("lacks"), error.message.indexOf(". Nothing"));
    assertStringIncludes(lacks, "consensus.json");
    for (const name of found) assert(!lacks.includes(name), error.message);
    await assertRejects(() => write(filesOn(disk)), SetupError, "never overwritten");
    assertEquals(disk.files, before);
  }
});

Deno.test("keys of an older release's encrypted config are a part of a config", async () => {
  const disk = emptyDisk();
  put(disk, "private.encrypt", utf8("x"));
  await assertRejects(() => isConfigured(filesOn(disk), DIR), SetupError, "private.encrypt");
  await assertRejects(() => write(filesOn(disk)), SetupError, "private.encrypt");
});

Deno.test("an unfinished config of somebody else, or one that was changed meanwhile, replaces nothing", async () => {
  const disk = emptyDisk();
  write(filesOn(disk, killedAt(1)));
  await settle();
  const other = { ...CONFIG, local: { ...CONFIG.local, maxConnections: 7 } };
  await assertRejects(() => write(filesOn(disk), other), SetupError, "never overwritten");
  put(disk, "private.json", utf8("other keys"));
  const error = await assertRejects(() => isConfigured(filesOn(disk), DIR), SetupError, "private.json");
  assertEquals(error.code, "config_exists");
  assertEquals(textOf(disk, "private.json"), "other keys");
  for (const bad of ["", "{", "[]", '{"private.json":7}', '{"../x":"y"}']) {
    const broken = emptyDisk();
    put(broken, "unfinished-config.json", utf8(bad));
    await assertRejects(() => isConfigured(filesOn(broken), DIR), SetupError, "can't be read");
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
  const names = [...READ, "invite-code"].toSorted();
  for (const name of names) {
    disk.write(`${DIR}/${name}`, { bytes: disk.read(`${DIR}/${name}`, CONFIG_FILE_BYTES_MAX)!, secret: false }, true);
  }
  const told = await closeConfig(filesOn(disk), DIR);
  assertEquals(
    told.map(({ path, closed }) => [path, closed]).toSorted(),
    names.map((name) => [`${DIR}/${name}`, true]),
  );
  for (const name of names) assertEquals(disk.files.get(`${DIR}/${name}`)!.secret, true);
  assertEquals(await closeConfig(filesOn(emptyDisk()), DIR), [], "a guardian that is not set up has none");
});

Deno.test("secret files that can't be changed are told and don't stop the start", async () => {
  const disk = await written();
  const readOnly: Files = {
    ...filesOn(disk, fullAt(0)),
    makeSecret: (path) => Promise.reject(new FilesError({ code: "denied", path }, `Not allowed to restrict ${path}`)),
  };
  assertEquals(await isConfigured(readOnly, DIR), true);
  const told = await closeConfig(readOnly, DIR);
  assertEquals(told.map(({ closed }) => closed), [false, false, false, false]);
  assertEquals(await readConfig(readOnly, DIR), CONFIG);
});
