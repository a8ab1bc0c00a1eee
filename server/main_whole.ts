/** The guardian as a real process: what it says and how it ends when its settings, files or folder are wrong. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { realPlatform } from "../actors/platform/real.ts";
import { SCHEMA_PREFIX } from "../actors/store/mod.ts";
import { concat, toHex, utf8 } from "../core/bytes.ts";
import { stringifyJson } from "../core/encoding/mod.ts";
import { serverConfigConsensus, serverConfigLocal, serverConfigPrivate } from "../core/types/server_config.ts";
import { dump } from "../modules/contract/testing/mod.ts";
import { tarArchive } from "./config/tar.ts";
import { modulePrefix } from "./consensus/store/db.ts";
import { databaseOf, openDatabase } from "./database.ts";
import { freePorts, ownProgram } from "./dev/federation/processes.ts";
import { callGuardian, pollGuardian } from "./dev/federation/rpc.ts";
import { parseSetupCode } from "../core/types/setup_code.ts";
import { bountyServer } from "../tests/examples/bounty/server.ts";
import { dealtConfigs } from "../tests/simulation/dealt.ts";
import { serverModules } from "./modules.ts";
import { dealtMeta, setupPlatform } from "./setup/testing/ceremony.ts";
import { testsNeeding } from "../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

/** Nothing listens there: a guardian waits for its node. */
const NODE = "http://user:hidden-password@127.0.0.1:1";

const PLATFORM = realPlatform();
const START_MS = 200_000;
const LEADER = { name: "g0", federation_name: "Test", federation_size: 4 };

type Ended = { readonly exit: number; readonly out: string; readonly err: string };

function spawn(args: readonly string[], env: Record<string, string>, file = "server/main.ts"): Deno.ChildProcess {
  const [program, ...rest] = ownProgram(file, ...args);
  return new Deno.Command(program!, { args: rest, env, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
}

async function run(args: readonly string[], env: Record<string, string> = {}, file?: string): Promise<Ended> {
  const { code, stdout, stderr } = await spawn(args, env, file).output();
  return { exit: code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

async function inFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** A guardian that waits for setup, until `body` is done. @returns how it ended when it was asked to */
async function withGuardian(
  dir: string,
  body: (api: string) => Promise<void>,
  variables: Record<string, string> = {},
): Promise<Ended> {
  const [p2p, api] = freePorts(2);
  const child = spawn([], {
    FM_DATA_DIR: dir,
    FM_BITCOIND_URL: NODE,
    FM_BIND_P2P: `127.0.0.1:${p2p}`,
    FM_BIND_API: `127.0.0.1:${api}`,
    FM_P2P_URL: `fedimint://127.0.0.1:${p2p}`,
    FM_API_URL: `ws://127.0.0.1:${api}`,
    FM_PASSWORD_API: "pass",
    ...variables,
  });
  const output = child.output();
  const url = `ws://127.0.0.1:${api}/`;
  try {
    await pollGuardian(PLATFORM, { url, method: "setup_status" }, () => true, START_MS, () => true);
    await body(url);
  } finally {
    child.kill("SIGTERM");
  }
  const { code, stdout, stderr } = await output;
  return { exit: code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

/** The file that `admin guardian-config-backup` prints, of a guardian with one module. */
async function writeBackup(path: string, configs = dealtMeta()): Promise<void> {
  const { local, consensus, private: secret } = (await configs)[0]!;
  const json = {
    "local.json": serverConfigLocal.toJson(local),
    "consensus.json": serverConfigConsensus.toJson(consensus),
    "private.json": serverConfigPrivate.toJson(secret),
  };
  const tar = tarArchive(new Map(Object.entries(json).map(([name, value]) => [name, utf8(stringifyJson(value))])));
  await Deno.writeTextFile(path, stringifyJson({ tar_archive_bytes: toHex(tar) }, 2));
}

onMachine("wrong settings end it with 2 and the variable's name, and tell no secret", async () => {
  const good = { FM_DATA_DIR: "/nonexistent/g0", FM_BITCOIND_URL: NODE };
  const cases: [Record<string, string>, string][] = [
    [{ ...good, FM_DATA_DIR: "" }, "FM_DATA_DIR"],
    [{ ...good, FM_BIND_API: "::1:8174" }, "FM_BIND_API"],
    [{ ...good, FM_BITCOIND_PASSWORD: "hidden-too" }, "FM_BITCOIND_URL"],
  ];
  for (const [env, name] of cases) {
    const { exit, out, err } = await run([], env);
    assertEquals([exit, out], [2, ""]);
    assert(err.startsWith(`error: ${name}: `), err);
    assert(!err.includes("hidden"), err);
  }
  for (const args of [["--no-such-flag"], ["restore"], ["devfed", "--no-such-flag"]]) {
    const { exit, out, err } = await run(args, good);
    assertEquals([exit, out], [2, ""], args[0]);
    assert(err.startsWith("error: "), err);
  }
});

onMachine("help tells of restore and of what is done on bad days", async () => {
  const { exit, out } = await run(["--help"]);
  assertEquals(exit, 0);
  for (
    const told of ["restore <archive>", "reset-codes", "setup.json", "move the folder `database` away", "Exit codes"]
  ) {
    assertStringIncludes(out, told);
  }
});

onMachine("with an empty password no admin call is answered", async () => {
  await inFolder(async (dir) => {
    const { exit, err } = await withGuardian(dir, async (api) => {
      for (const auth of ["", null, "pass"]) {
        for (const [method, params] of [["set_local_params", LEADER], ["get_setup_code", null]] as const) {
          const refused = await callGuardian(PLATFORM, api, method, params, auth).catch((thrown) => thrown.message);
          assertEquals(refused, `${method}: Invalid authorization`);
        }
      }
    }, { FM_PASSWORD_API: "" });
    assertStringIncludes(err, "this guardian waits for its setup");
    assertStringIncludes(err, "Nobody can set this guardian up without an API password");
    assertEquals(exit, 0);
  });
});

onMachine("the development chain takes no empty password either", async () => {
  await inFolder(async (dir) => {
    const chain = "server/dev/chain/main.ts";
    const { exit, err } = await run(["--dir", dir, "--user", "u"], { DEVCHAIN_PASSWORD: "" }, chain);
    assertEquals([exit, err], [1, "error: --user and --password go together\n"]);
  });
});

onMachine("a guardian that is stopped in setup is the same one when it is started again", async () => {
  await inFolder(async (dir) => {
    let code: unknown;
    const first = await withGuardian(dir, async (api) => {
      code = await callGuardian(PLATFORM, api, "set_local_params", LEADER, "pass");
    });
    assertEquals(first.exit, 0, first.err);
    assertEquals(await modeOf(join(dir, "setup.json")), 0o600);
    // certificates and keys aren't in logs
    const key = JSON.parse(await Deno.readTextFile(join(dir, "setup.json"))).tls_key as string;
    assert(!first.err.includes(key.slice(10, 60)));
    const backup = join(dir, "backup.json");
    await writeBackup(backup);
    const second = await withGuardian(dir, async (api) => {
      // the address is another, since its ports are; the keys are the same
      const again = String(await callGuardian(PLATFORM, api, "set_local_params", LEADER, "pass"));
      assertEquals(again.slice(0, 12), String(code).slice(0, 12));
      assertEquals(JSON.parse(await Deno.readTextFile(join(dir, "setup.json"))).tls_key, key);
      const other = await run(["--data-dir", dir, "--bitcoind-url", NODE]);
      assertEquals(other.exit, 1);
      assertMatch(other.err, /^error: The process [0-9]+ uses the database .*guardian\.kv/);
      const restore = await run(["--data-dir", dir, "restore", backup]);
      assertEquals(restore.exit, 1);
      assertMatch(restore.err, /^error: The process [0-9]+ uses the database/);
      assertEquals(await callGuardian(PLATFORM, api, "setup_status", null), "SharingConnectionCodes");
    });
    assertEquals(second.exit, 0, second.err);
    const restore = await run(["--data-dir", dir, "restore", backup]);
    assertEquals(restore.exit, 1);
    assertStringIncludes(restore.err, "The setup of another guardian has begun");
  });
});

onMachine(
  "a database that a newer program wrote is refused in a sentence, by restore too, and is as it was",
  async () => {
    await inFolder(async (dir) => {
      const backup = join(dir, "backup.json"), data = join(dir, "g0");
      await writeBackup(backup);
      await Deno.mkdir(data);
      const parts = { [data]: "The database", [join(dir, "g1")]: "The module meta's part of the database" };
      for (const [folder, part] of Object.entries(parts)) {
        const store = await openDatabase(PLATFORM, folder);
        const known = part === "The database" ? 2 : 1;
        const key = part === "The database" ? SCHEMA_PREFIX : concat(SCHEMA_PREFIX, modulePrefix(0));
        const { durable } = await store.transact((tx) =>
          tx.set(key, Uint8Array.of(9, ...part === "The database" ? [0] : [4, ...utf8("meta")]))
        );
        await durable;
        const before = await dump(store);
        await store.close();
        for (const args of [[], ["restore", backup]]) {
          const { exit, out, err } = await run(["--data-dir", folder, "--bitcoind-url", NODE, ...args]);
          assertEquals([exit, out], [1, ""]);
          assertEquals(
            err.split("\n").filter((line) => !line.startsWith("20")), // lines of the log
            [
              `error: ${part} is of version 9, and this program knows versions up to ${known}. Install the newer program again, or restore a ` +
              `backup made before it ran. Nothing was changed. (database: ${databaseOf(folder)})`,
              "",
            ],
          );
        }
        const after = await openDatabase(PLATFORM, folder);
        assertEquals(await dump(after), before);
        await after.close();
        assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["database"]);
      }
    });
  },
);

onMachine(
  "a backup is restored into a new folder once, for the owner's eyes alone; a half of it doesn't start",
  async () => {
    await inFolder(async (dir) => {
      const backup = join(dir, "backup.json"), data = join(dir, "g0");
      await writeBackup(backup);
      const restored = await run(["restore", backup, "--data-dir", data]);
      assertEquals([restored.exit, restored.err], [0, ""]);
      assertEquals(restored.out, `Guardian 0 (g0) is restored in ${data}: start it.\n`);
      assertEquals(await modeOf(data), 0o700);
      const names = ["client.json", "consensus.json", "invite-code", "local.json", "private.json"];
      for (const name of names) assertEquals(await modeOf(join(data, name)), 0o600, name);
      const again = await run(["restore", backup], { FM_DATA_DIR: data });
      assertEquals(again.exit, 1);
      assertStringIncludes(again.err, "holds a guardian already");
      await Deno.remove(join(data, "consensus.json"));
      const half = await run(["--data-dir", data, "--bitcoind-url", NODE]);
      assertEquals(half.exit, 1);
      assertStringIncludes(half.err, "lacks consensus.json. Nothing was changed");
      for (const name of ["client.json", "invite-code", "local.json", "private.json"]) {
        await Deno.remove(join(data, name));
      }
      const empty = await run(["--data-dir", data, "--bitcoind-url", NODE]);
      assertEquals(empty.exit, 1);
      assertStringIncludes(empty.err, "config files are missing");
      assertEquals((await run(["restore", join(dir, "none"), "--data-dir", data])).exit, 1);
    });
  },
);

const BOUNTY = "tests/examples/bounty/server.ts";

/** A module as it stands in somebody's own folder. */
const OUTSIDE = `
import { defineServerModule, err, ok, unit } from "@fedimint/fedimint/modules";
const version = { major: 0, minor: 0 };
export default defineServerModule({
  kind: "outside",
  consensusVersion: version,
  enabledByDefault: true,
  apiVersions: [version],
  codecs: {
    config: unit,
    input: unit,
    output: unit,
    outputOutcome: unit,
    consensusItem: unit,
    inputError: unit,
    outputError: unit,
  },
  privateConfig: unit,
  distributedGen: () => Promise.resolve({ config: null, privateConfig: null }),
  validateConfig: () => ok(null),
  getClientConfig: () => ({ bytes: new Uint8Array(), json: null }),
  start: () =>
    Promise.resolve({
      processInput: () => Promise.resolve(err(null)),
      processOutput: () => Promise.resolve(err(null)),
      processConsensusItem: () => Promise.resolve(err("none")),
      outputStatus: () => Promise.resolve(null),
      consensusProposal: () => Promise.resolve([]),
      audit: () => Promise.resolve(0n),
      apiEndpoints: {},
    }),
});
`;

onMachine("what is no module of guardians ends it with 2, told by the name that was given", async () => {
  const env = { FM_DATA_DIR: "/nonexistent/g0", FM_BITCOIND_URL: NODE };
  const cases: [string, string][] = [
    ["./no/such/file.ts", "error: ./no/such/file.ts can't be loaded as a module: "],
    ["http://example.com/a.ts", 'error: "http://example.com/a.ts" is no module: expected a file, or an https:'],
    ["tests/examples/bounty/client.ts", "tests/examples/bounty/client.ts exports no server module"],
    ["modules/meta/server.ts", "There are two modules of kind meta: built in, and modules/meta/server.ts"],
  ];
  for (const [module, told] of cases) {
    const { exit, out, err } = await run(["--module", module], env);
    assertEquals([exit, out], [2, ""], err);
    assertStringIncludes(err, told);
    assert(!err.includes("    at "), "no stack");
  }
});

onMachine(
  "a module that is loaded by its file is offered at setup; without it the guardian names it and doesn't start",
  async () => {
    await inFolder(async (dir) => {
      const outside = join(dir, "outside.ts");
      await Deno.writeTextFile(outside, OUTSIDE);
      const { exit } = await withGuardian(join(dir, "g0"), async (api) => {
        const code = await callGuardian(PLATFORM, api, "set_local_params", LEADER, "pass");
        assertEquals(parseSetupCode(String(code)).enabledModules, [
          "bounty",
          "lnv2",
          "meta",
          "mintv2",
          "outside",
          "walletv2",
        ]);
      }, { FM_MODULES: `${BOUNTY}, ${outside}` });
      assertEquals(exit, 0);
    });
    await inFolder(async (dir) => {
      const backup = join(dir, "backup.json"), data = join(dir, "g0");
      const definitions = serverModules([{ definition: bountyServer, source: BOUNTY }]);
      const platformOf = setupPlatform;
      await writeBackup(
        backup,
        dealtConfigs({ total: 4, modules: ["bounty", "meta"], roundsPerSession: 200, platformOf, definitions }),
      );
      assertEquals((await run(["restore", backup, "--data-dir", data, "--module", BOUNTY])).exit, 0);
      const without = await run(["--data-dir", data, "--bitcoind-url", NODE]);
      assertEquals(without.exit, 1);
      assertStringIncludes(
        without.err,
        "error: The federation has a module of kind bounty, and this program doesn't have it",
      );
      assertStringIncludes(without.err, "--module FILE");
    });
  },
);
