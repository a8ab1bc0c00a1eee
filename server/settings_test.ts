import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FilesError } from "../actors/platform/error.ts";
import { metaServer } from "../modules/meta/server.ts";
import { serverModules } from "./modules.ts";
import type { GuardianSettings } from "./settings.ts";
import { guardianCommand, moduleSpecifiers, readSettings, SETTINGS } from "./settings.ts";
import { SettingsError } from "./setting_values.ts";
import { testsNeeding } from "../core/testing/permissions.ts";

const onMachine = testsNeeding("env");

type Variables = Record<string, string>;

const VARIABLES: Variables = {
  FM_DATA_DIR: "/g0",
  FM_BITCOIND_URL: "http://node:8332",
  FM_BITCOIND_USERNAME: "user",
  FM_BITCOIND_PASSWORD: "secret",
};
/** Variables that have no flag. */
const SWITCHES = [
  "FM_ENABLE_MODULE_LNV1",
  "FM_ENABLE_MODULE_LNV2",
  "FM_ENABLE_MODULE_MINT",
  "FM_ENABLE_MODULE_WALLET",
  "FM_ENABLE_MODULE_MINTV2",
  "FM_ENABLE_MODULE_WALLETV2",
  "FM_DISABLE_META_MODULE",
  "FM_USE_UNKNOWN_MODULE",
  "FM_DISABLE_BASE_FEES",
  "FM_IN_DEVIMINT",
  "NEXTEST",
];
const FILES: Variables = { "/password": " from file\n", "/empty": " \n" };

function parsed(args: readonly string[]) {
  const command = guardianCommand().exitOverride().action(() => {});
  command.parse([...args], { from: "user" });
  return command;
}

function read(
  variables: Variables,
  args: readonly string[] = [],
  modules = serverModules(),
): Promise<GuardianSettings> {
  return readSettings(parsed(args), {
    env: (name) => variables[name],
    readText: (path) => {
      if (path === "/denied") {
        return Promise.reject(new FilesError({ code: "denied", path }, `Not allowed to read ${path}`));
      }
      return Promise.resolve(FILES[path]);
    },
    modules,
  });
}

/** Settings, or the text of the refusal. */
async function outcome(variables: Variables, args: readonly string[] = []): Promise<GuardianSettings | string> {
  try {
    return await read(variables, args);
  } catch (thrown) {
    if (thrown instanceof SettingsError) return thrown.message;
    throw thrown;
  }
}

/** Refused with the setting's name, and without what it holds. */
async function refused(
  variables: Variables,
  setting: string,
  text: string,
  secrets: readonly string[] = [],
): Promise<void> {
  const error = await assertRejects(() => read({ ...VARIABLES, ...variables }), SettingsError, text);
  assertEquals(error.facts, { code: "invalid", setting }, error.message);
  assert(error.message.startsWith(`${setting}: `), error.message);
  for (const secret of secrets) assert(!Deno.inspect(error).includes(secret), `${secret} in ${error.message}`);
}

const NAMES = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];

Deno.test("an empty variable is one that isn't given, and so is an empty flag: each of them", async () => {
  for (const variable of [...NAMES.map((name) => SETTINGS[name].variable), ...SWITCHES]) {
    const { [variable]: _, ...without } = VARIABLES;
    assertEquals(await outcome({ ...VARIABLES, [variable]: "" }), await outcome(without), variable);
  }
  for (const name of NAMES) {
    const { flag, variable } = SETTINGS[name];
    const { [variable]: _, ...without } = VARIABLES;
    assertEquals(await outcome(without, [flag.split(" ")[0]!, ""]), await outcome(without), flag);
  }
});

Deno.test("an empty password is none, and an empty data folder is refused", async () => {
  assertEquals((await read({ ...VARIABLES, FM_PASSWORD_API: "" })).apiPassword, null);
  assertEquals((await read(VARIABLES, ["--password-api", ""])).apiPassword, null);
  assertEquals((await read({ ...VARIABLES, FM_PASSWORD_API: "p" })).apiPassword, "p");
  await refused({ FM_DATA_DIR: "" }, "FM_DATA_DIR", "a folder for config and database is needed");
});

Deno.test("switches: empty is neither on nor off", async () => {
  const set = async (name: string, value: string) => await read({ ...VARIABLES, [name]: value });
  assertEquals((await set("FM_IN_DEVIMINT", "")).testEnvironment, false);
  assertEquals((await set("FM_IN_DEVIMINT", "1")).testEnvironment, true);
  assertEquals((await set("FM_DISABLE_BASE_FEES", "")).setup.disableBaseFees, false);
  assertEquals((await set("FM_DISABLE_BASE_FEES", "true")).setup.disableBaseFees, true);
  assertEquals(
    (await set("FM_ENABLE_MODULE_MINTV2", "")).setup.defaultModules,
    (await read(VARIABLES)).setup.defaultModules,
  );
  assert(!(await set("FM_ENABLE_MODULE_MINTV2", "0")).setup.defaultModules.includes("mintv2"));
});

Deno.test("a flag beats its variable, and its variable the default", async () => {
  const variables = { ...VARIABLES, FM_BIND_API: "127.0.0.1:1" };
  assertEquals((await read(VARIABLES)).bindApi, { hostname: "0.0.0.0", port: 8174 });
  assertEquals((await read(variables)).bindApi, { hostname: "127.0.0.1", port: 1 });
  assertEquals((await read(variables, ["--bind-api", "[::1]:2"])).bindApi, { hostname: "::1", port: 2 });
});

Deno.test("addresses: what is host:port is taken, all else refused with the variable's name", async () => {
  const good: [string, string, number][] = [
    ["0.0.0.0:0", "0.0.0.0", 0],
    ["255.255.255.255:65535", "255.255.255.255", 65_535],
    ["localhost:8174", "localhost", 8174],
    ["guardian-0.example_x:1", "guardian-0.example_x", 1],
    ["[::1]:8174", "::1", 8174],
    ["[fe80::1]:08174", "fe80::1", 8174],
    ["[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", 1],
  ];
  for (const [text, hostname, port] of good) {
    const { bindP2p } = await read({ ...VARIABLES, FM_BIND_P2P: text, FM_BIND_API: "127.0.0.1:2" });
    assertEquals(bindP2p, { hostname, port }, text);
  }
  const bad = [
    "::1:8174",
    "[::1:28174",
    "::1]:8174",
    "[::1]",
    "[::1]8174",
    "[]:1",
    "[1.2.3.4]:1",
    "[::1%eth0]:1",
    "[::g]:1",
    "256.0.0.1:8173",
    "1.2.3:8173",
    "1.2.3.4.5:8173",
    "01.2.3.4:8173",
    "..:1",
    "8173",
    ":8173",
    "host",
    "host:",
    "host:x",
    "host:65536",
    "host:-1",
    "host:1.5",
    "host: 1",
    " host:1",
    "ho st:1",
    "host:1 ",
    "http://127.0.0.1:8174",
    "ws://host:8174",
    "host:8174/",
    "user@host:1",
    "höst:1",
  ];
  for (const text of bad) {
    for (const variable of ["FM_BIND_P2P", "FM_BIND_API"]) await refused({ [variable]: text }, variable, ": ");
  }
  await refused({ FM_BIND_API: "::1:8174" }, "FM_BIND_API", "in brackets, as in [::1]:8174");
  await refused({ FM_BIND_API: "http://u:hidden@h:1" }, "FM_BIND_API", "no URL", ["hidden"]);
});

Deno.test("URLs: another scheme, no host, a host that is none or too much text is refused with the variable's name", async () => {
  const cases: [string, string, string[]][] = [
    ["FM_API_URL", "wss://guardian.example/", [
      "fedimint://h:1",
      "http://h",
      "guardian.example:8174",
      "ws://",
      "ws://256.0.0.1/",
    ]],
    ["FM_P2P_URL", "fedimint://guardian.example:8173", [
      "ws://h:1",
      "fedimint://",
      "fedimint:///x",
      "fedimint://256.0.0.1:1",
      "h:8173",
    ]],
    ["FM_ESPLORA_URL", "https://esplora.example/api", ["ftp://h", "esplora.example", "https://"]],
    ["FM_BITCOIND_URL", "http://[::1]:8332/", ["node:8332", "http://", "127.0.0.1:8332", "http://h:99999"]],
  ];
  for (const [variable, good, bads] of cases) {
    await read({ ...VARIABLES, [variable]: good });
    for (const bad of [...bads, `${good}${"x".repeat(100_000)}`]) {
      await refused({ [variable]: bad }, variable, "");
    }
  }
  for (
    const [variable, url] of [["FM_API_URL", "wss://u:hidden@h/"], ["FM_P2P_URL", "fedimint://hidden@h:1"]] as const
  ) {
    await refused({ [variable]: url }, variable, "a public URL has no user and no password", ["hidden"]);
  }
});

Deno.test("the node's credentials are taken from its URL when they are there alone", async () => {
  const { FM_DATA_DIR } = VARIABLES as { FM_DATA_DIR: string };
  const node = async (variables: Variables) => {
    const { backend } = (await read({ FM_DATA_DIR, ...variables })).bitcoin;
    assert(backend.kind === "bitcoind");
    return backend.bitcoind;
  };
  assertEquals(await node({ FM_BITCOIND_URL: "http://user:p%40ss%3A@node:8332/wallet" }), {
    url: "http://node:8332/wallet",
    username: "user",
    password: "p@ss:",
  });
  const file = {
    FM_BITCOIND_URL: "http://node",
    FM_BITCOIND_USERNAME: "u",
    FM_BITCOIND_URL_PASSWORD_FILE: "/password",
  };
  assertEquals(await node(file), { url: "http://node/", username: "u", password: "from file" });
  const withUser = { ...file, FM_BITCOIND_PASSWORD: "", FM_BITCOIND_USERNAME: "" };
  assertEquals(
    await node({ ...withUser, FM_BITCOIND_URL: "http://a:b@node", FM_BITCOIND_URL_PASSWORD_FILE: "" }),
    { url: "http://node/", username: "a", password: "b" },
  );
});

Deno.test("the node's credentials twice, half, escaped wrongly or not at all are refused without telling them", async () => {
  const url = (text: string): Variables => ({ FM_BITCOIND_URL: text });
  const none = { FM_BITCOIND_USERNAME: "", FM_BITCOIND_PASSWORD: "" };
  const twice = "it holds a user or password, and so do other settings";
  await refused(url("http://a:hidden@node"), "FM_BITCOIND_URL", twice, ["hidden", "secret"]);
  await refused({ ...url("http://a:hidden@node"), FM_BITCOIND_USERNAME: "" }, "FM_BITCOIND_URL", twice, ["hidden"]);
  await refused({ ...url("http://a:hidden@node"), FM_BITCOIND_PASSWORD: "" }, "FM_BITCOIND_URL", twice, ["hidden"]);
  await refused(
    { ...none, ...url("http://a:hidden@node"), FM_BITCOIND_URL_PASSWORD_FILE: "/password" },
    "FM_BITCOIND_URL",
    twice,
    ["hidden"],
  );
  await refused({ ...none, ...url("http://hidden@node") }, "FM_BITCOIND_URL", "both are needed", ["hidden"]);
  await refused({ ...none, ...url("http://:hidden@node") }, "FM_BITCOIND_URL", "both are needed", ["hidden"]);
  await refused({ ...none, ...url("http://a:hidden%ff@node") }, "FM_BITCOIND_URL", "escaped wrongly", ["hidden"]);
  await refused({ FM_BITCOIND_USERNAME: "" }, "FM_BITCOIND_USERNAME", "needed with FM_BITCOIND_URL", ["secret"]);
  await refused({ FM_BITCOIND_PASSWORD: "" }, "FM_BITCOIND_PASSWORD", "give either");
  await refused({ FM_BITCOIND_URL_PASSWORD_FILE: "/password" }, "FM_BITCOIND_PASSWORD", "give either", ["secret"]);
  const file = "FM_BITCOIND_URL_PASSWORD_FILE";
  for (
    const [path, text] of [["/none", "there is no file"], ["/empty", "no password in"], ["/denied", "Not allowed"]]
  ) {
    await refused({ FM_BITCOIND_PASSWORD: "", [file]: path! }, file, text!);
  }
});

Deno.test("numbers and lists out of their bounds are refused", async () => {
  for (const bad of ["0", "-1", "1.5", "1e3", "x", " 1", "99999999999"]) {
    await refused({ FM_SESSION_TIMEOUT_SECS: bad }, "FM_SESSION_TIMEOUT_SECS", "expected a whole number");
  }
  for (const bad of ["0", "-1", "1.5", "x", "1000001"]) {
    await refused({ FM_API_CONNECTIONS_PER_ADDRESS: bad }, "FM_API_CONNECTIONS_PER_ADDRESS", "expected a whole number");
  }
  assertEquals((await read({ ...VARIABLES, FM_API_CONNECTIONS_PER_ADDRESS: "7" })).apiConnectionsPerAddress, 7);
  for (const bad of ["-1", "1.5", "x", "5"]) await refused({ FM_THREADS: bad }, "FM_THREADS", "from 0 to 4");
  assertEquals((await read(VARIABLES)).threads, null);
  assertEquals((await read({ ...VARIABLES, FM_THREADS: "0" })).threads, 0);
  assertEquals((await read({ ...VARIABLES, FM_SESSION_TIMEOUT_SECS: "60" })).sessionTimeoutMs, 60_000);
  for (const bad of [",", "hidden,", ",hidden", "a,,b"]) {
    await refused({ FM_FORCE_API_SECRETS: bad }, "FM_FORCE_API_SECRETS", "one of the secrets is empty", ["hidden"]);
  }
  assertEquals((await read({ ...VARIABLES, FM_FORCE_API_SECRETS: "a,b" })).apiSecrets, ["a", "b"]);
  await refused({ FM_BITCOIN_NETWORK: "mainnet" }, "FM_BITCOIN_NETWORK", "expected one of bitcoin, ");
  await refused({ FM_ENABLE_IROH: "true" }, "FM_ENABLE_IROH", "iroh isn't supported");
  for (const kind of ["MINT", "WALLET"]) {
    await refused({ [`FM_ENABLE_MODULE_${kind}`]: "1" }, `FM_ENABLE_MODULE_${kind}`, "doesn't have that module");
  }
  await refused({ FM_BITCOIND_URL: "" }, "FM_BITCOIND_URL", "a Bitcoin node is needed");
});

onMachine("help names every flag, its variable and its default", () => {
  const help = guardianCommand().helpInformation().replaceAll(/\s+/g, " ");
  for (const name of NAMES) {
    const row: { flag: string; variable: string; fallback?: string; hidden?: true } = SETTINGS[name];
    if (row.hidden) continue;
    assertStringIncludes(help, row.flag);
    assertStringIncludes(
      help,
      row.fallback === undefined ? `env: ${row.variable}` : `default: ${row.fallback}, env: ${row.variable}`,
    );
  }
});

Deno.test("modules are named by flags, each of them, else by a variable with commas", () => {
  const named = (args: readonly string[], variable?: string) => moduleSpecifiers(parsed(args), () => variable);
  assertEquals(named([]), []);
  assertEquals(named([], ""), []);
  assertEquals(named([], "./a.ts, npm:b,,"), ["./a.ts", "npm:b"]);
  assertEquals(named(["--module", "./a,b.ts", "--module=./c.ts"], "./d.ts"), ["./a,b.ts", "./c.ts"]);
  assertEquals(named(["--module", ""], "./d.ts"), ["./d.ts"]);
});

Deno.test("a module that is loaded is offered to setup like a built-in one, and switched by its own variable", async () => {
  const { setupVariable: _, ...lottery } = { ...metaServer, kind: "lot-tery" };
  const with_ = (definition: object) =>
    serverModules([{ definition: { ...lottery, ...definition }, source: "./lottery.ts" }]);
  const kinds = async (definition: object, variables: Variables = {}) => {
    const { setup } = await read({ ...VARIABLES, ...variables }, [], with_(definition));
    assertEquals(setup.availableModules, ["ln", "lnv2", "lot-tery", "meta", "mintv2", "unknown", "walletv2"]);
    return setup.defaultModules.includes("lot-tery");
  };
  assertEquals(await kinds({}), true);
  assertEquals(await kinds({ enabledByDefault: false }), false);
  assertEquals(await kinds({}, { FM_ENABLE_MODULE_LOT_TERY: "0" }), false);
  assertEquals(await kinds({ enabledByDefault: false }, { FM_ENABLE_MODULE_LOT_TERY: "1" }), true);
  const off = { setupVariable: { name: "NO_LOTTERY", turns: "off" } };
  assertEquals([await kinds(off, { NO_LOTTERY: "1" }), await kinds(off, { NO_LOTTERY: "0" })], [false, true]);
});

Deno.test("what is on without a word: fedimintd's defaults, each with its variable", async () => {
  const defaults = async (variables: Variables) => (await read({ ...VARIABLES, ...variables })).setup.defaultModules;
  assertEquals(await defaults({}), ["lnv2", "meta", "mintv2", "walletv2"]);
  assertEquals(await defaults({ FM_DISABLE_META_MODULE: "1" }), ["lnv2", "mintv2", "walletv2"]);
  assertEquals(await defaults({ FM_USE_UNKNOWN_MODULE: "1" }), ["lnv2", "meta", "mintv2", "unknown", "walletv2"]);
  assertEquals(await defaults({ FM_ENABLE_MODULE_WALLETV2: "false" }), ["lnv2", "meta", "mintv2"]);
  assertEquals(await defaults({ FM_ENABLE_MODULE_LNV2: "0" }), ["meta", "mintv2", "walletv2"]);
  assertEquals(await defaults({ FM_ENABLE_MODULE_LNV2: "1" }), ["lnv2", "meta", "mintv2", "walletv2"]);
  assertEquals(await defaults({ FM_ENABLE_MODULE_LNV1: "1" }), ["ln", "lnv2", "meta", "mintv2", "walletv2"]);
  assertEquals(await defaults({ FM_ENABLE_MODULE_LNV1: "0" }), ["lnv2", "meta", "mintv2", "walletv2"]);
});

Deno.test("a switch of fedimintd's for a module that was loaded is no mistake", async () => {
  const modules = serverModules([{
    definition: { ...metaServer, kind: "mint", setupVariable: undefined } as never,
    source: "./mint.ts",
  }]);
  const { setup } = await read({ ...VARIABLES, FM_ENABLE_MODULE_MINT: "1" }, [], modules);
  assertEquals(setup.defaultModules, ["lnv2", "meta", "mint", "mintv2", "walletv2"]);
});

Deno.test("the two ports are two: one for guardians, one for clients", async () => {
  const taken = "FM_BIND_P2P has this port: each needs one of its own";
  for (const api of ["127.0.0.1:9000", "0.0.0.0:9000"]) {
    await refused({ FM_BIND_P2P: "127.0.0.1:9000", FM_BIND_API: api }, "FM_BIND_API", taken);
  }
  await refused({ FM_BIND_P2P: "0.0.0.0:8174" }, "FM_BIND_API", taken);
  for (const api of ["127.0.0.2:9000", "127.0.0.1:9001"]) {
    await read({ ...VARIABLES, FM_BIND_P2P: "127.0.0.1:9000", FM_BIND_API: api });
  }
});
