/**
 * fedimintd's flags and environment variables, as far as this program has what they are about.
 * docs/protocol/02-api.md §9. A flag beats its variable, and what is empty is not given: a shell's unset variable must
 * not become an empty password, or the current folder.
 */
import { Command, Option } from "commander";
import { FilesError } from "../actors/platform/error.ts";
import type { Address } from "../actors/platform/platform.ts";
import { POOL_THREADS_MAX } from "../actors/threads/limits.ts";
import { BITCOIN_NETWORKS } from "../core/bitcoin/mod.ts";
import { errorText } from "../core/result.ts";
import { FEDIMINT_VERSION } from "../core/types/version.ts";
import { CONNECTIONS_PER_ADDRESS } from "./api/limits.ts";
import type { BackendSettings, BitcoindSettings } from "./bitcoin/actor.ts";
import { POLL_MS, POLL_TEST_MS } from "./bitcoin/mod.ts";
import type { BitcoinSettings } from "./bitcoin/mod.ts";
import { listedModules } from "../modules/contract/loading.ts";
import type { ServerModules } from "./modules.ts";
import { builtInModules, defaultModules, setupVariableOf } from "./modules.ts";
import type { SetupSettings } from "./setup/setup.ts";
import { address, clash, envSwitch, given, invalid, parsedUrl, publicUrl, wholeNumber } from "./setting_values.ts";

/**
 * Everything that a guardian is told at its start. `bitcoin.backend.password`, `apiPassword` and `apiSecrets` are
 * secret.
 */
export type GuardianSettings = {
  readonly dataDir: string;
  readonly bindP2p: Address;
  readonly bindApi: Address;
  readonly bitcoin: BitcoinSettings;
  readonly setup: SetupSettings;
  readonly apiPassword: string | null;
  readonly apiSecrets: readonly string[];
  /** Of one public address, at the API. */
  readonly apiConnectionsPerAddress: number;
  /** Threads beside the main one, at most; null: as the machine is. */
  readonly threads: number | null;
  readonly sessionTimeoutMs: number;
  readonly testEnvironment: boolean;
};

/** Where variables, files and modules come from. */
export type Surroundings = {
  readonly env: (name: string) => string | undefined;
  /** Text of a file; undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
  /** All that this program has, those that were loaded among them. */
  readonly modules: ServerModules;
};

type Row = {
  readonly flag: string;
  readonly variable: string;
  readonly help: string;
  readonly fallback?: string;
  readonly hidden?: true;
};

/** Every setting that has a flag. */
export const SETTINGS = {
  dataDir: { flag: "--data-dir <folder>", variable: "FM_DATA_DIR", help: "where config and database are kept" },
  passwordApi: {
    flag: "--password-api <text>",
    variable: "FM_PASSWORD_API",
    help: "password of admin calls; without one none are answered",
  },
  bitcoinNetwork: {
    flag: "--bitcoin-network <name>",
    variable: "FM_BITCOIN_NETWORK",
    help: BITCOIN_NETWORKS.join(", "),
    fallback: "regtest",
  },
  bitcoindUrl: { flag: "--bitcoind-url <url>", variable: "FM_BITCOIND_URL", help: "JSON-RPC of a Bitcoin node" },
  bitcoindUsername: {
    flag: "--bitcoind-username <name>",
    variable: "FM_BITCOIND_USERNAME",
    help: "its user, if not in its URL",
  },
  bitcoindPassword: { flag: "--bitcoind-password <text>", variable: "FM_BITCOIND_PASSWORD", help: "its password" },
  bitcoindUrlPasswordFile: {
    flag: "--bitcoind-url-password-file <file>",
    variable: "FM_BITCOIND_URL_PASSWORD_FILE",
    help: "a file with its password",
  },
  bindP2p: {
    flag: "--bind-p2p <host:port>",
    variable: "FM_BIND_P2P",
    help: "where other guardians connect",
    fallback: "0.0.0.0:8173",
  },
  bindApi: {
    flag: "--bind-api <host:port>",
    variable: "FM_BIND_API",
    help: "where clients connect",
    fallback: "0.0.0.0:8174",
  },
  p2pUrl: {
    flag: "--p2p-url <url>",
    variable: "FM_P2P_URL",
    help: "public address for guardians, for setup: fedimint://host:8173",
  },
  apiUrl: {
    flag: "--api-url <url>",
    variable: "FM_API_URL",
    help: "public address for clients, for setup: wss://host/",
  },
  forceApiSecrets: {
    flag: "--force-api-secrets <list>",
    variable: "FM_FORCE_API_SECRETS",
    help: "secrets of a private federation; the first goes into invites",
  },
  sessionTimeoutSecs: {
    flag: "--session-timeout-secs <seconds>",
    variable: "FM_SESSION_TIMEOUT_SECS",
    help: "a session that takes longer is started anew",
    fallback: "3600",
  },
  apiConnectionsPerAddress: {
    flag: "--api-connections-per-address <number>",
    variable: "FM_API_CONNECTIONS_PER_ADDRESS",
    help:
      "API connections of one public address; a reverse proxy on this machine or in a private network has no such bound",
    fallback: String(CONNECTIONS_PER_ADDRESS),
  },
  threads: {
    flag: "--threads <number>",
    variable: "FM_THREADS",
    help:
      "threads that verify notes under load, at most; default: 3 or 4 on a machine with four cores or more, none on others",
  },
  enableIroh: {
    flag: "--enable-iroh <boolean>",
    variable: "FM_ENABLE_IROH",
    help: "not built: only false",
    hidden: true,
  },
  esploraUrl: {
    flag: "--esplora-url <url>",
    variable: "FM_ESPLORA_URL",
    help: "an Esplora server, instead of or beside the node",
  },
} as const satisfies Record<string, Row>;
type Name = keyof typeof SETTINGS;

/** May be given several times, and to `restore` and `devfed` as well. */
const MODULE = { flag: "--module <file>", variable: "FM_MODULES" };

/** Switches of modules that fedimintd has and this program doesn't, as long as no module that is loaded brings them. */
const SWITCHES_OF_MISSING = ["MINT", "WALLET"].map((kind) => `FM_ENABLE_MODULE_${kind}`);

/** A century; more is a mistake. */
const SESSION_TIMEOUT_SECS_MAX = 3_155_760_000;
/** As many as there are file descriptors at best. */
const CONNECTIONS_PER_ADDRESS_MAX = 1_000_000;

function optionOf({ flag, variable, help, fallback, hidden }: Row): Option {
  const byDefault = fallback === undefined ? "" : `default: ${fallback}, `;
  const made = new Option(flag, `${help} (${byDefault}env: ${variable})`);
  return hidden ? made.hideHelp() : made;
}

/** `restore ARCHIVE`; no action yet. The data directory is the guardian's setting. */
export function restoreCommand(): Command {
  return new Command("restore").argument(
    "<archive>",
    "what `admin guardian-config-backup` gave: as printed, or as a tar file",
  )
    .usage("<archive> --data-dir <folder>")
    .description("Writes the config files of a guardian's backup into a new data directory; overwrites nothing");
}

/** The command with all its options; no action yet. */
export function guardianCommand(): Command {
  const command = new Command("guardian")
    .description(
      "A guardian of a Fedimint federation, compatible with fedimintd 0.13. Without a config it waits for setup.",
    )
    .version(FEDIMINT_VERSION);
  for (const row of Object.values(SETTINGS)) command.addOption(optionOf(row));
  command.addOption(
    new Option(
      MODULE.flag,
      `a further module: a file, or an https:, npm: or jsr: address; may be given again (env: ${MODULE.variable}, separated by commas)`,
    )
      .argParser((text, before: readonly string[] | undefined) => [...before ?? [], text]),
  );
  return command.addHelpText("after", HELP);
}

/** A setting as text: its flag, else its variable, else its default. */
function settingText(command: Command, env: Surroundings["env"], name: Name): string | undefined {
  const { variable, fallback }: Row = SETTINGS[name];
  return given(command.opts<Partial<Record<Name, string>>>()[name]) ?? given(env(variable)) ?? fallback;
}

/** Modules to load, as they were given: with flags, else with the variable. */
export function moduleSpecifiers(command: Command, env: Surroundings["env"]): readonly string[] {
  const flags = command.opts<{ readonly module?: readonly string[] }>().module?.filter((text) => text !== "") ?? [];
  return flags.length > 0 ? flags : listedModules(env(MODULE.variable));
}

const VARIABLE_COLUMNS = 53;

/** A line a module: its switch, and what holds without it. */
function helpOnModules(modules: ServerModules): string {
  const lines = [...modules.values()].map((definition) => {
    const { name, turns } = setupVariableOf(definition);
    const isOn = definition.enabledByDefault === (turns === "on");
    const what = `a new federation ${turns === "on" ? "has" : "lacks"} ${definition.kind}`;
    return `  ${name.padEnd(VARIABLE_COLUMNS)} ${what}; ${isOn ? "on unless 0" : "off unless 1"}`;
  });
  return lines.join("\n");
}

const HELP = `
Also read from the environment:
${helpOnModules(builtInModules)}
  FM_ENABLE_MODULE_<KIND>                               the same for a module of --module, unless it says otherwise
  FM_DISABLE_BASE_FEES                                  a new federation without base fees; equal on all guardians
  FM_IN_DEVIMINT                                        a test federation: short sessions and waits; equal on all guardians
  RUST_LOG                                              error, warn, info (default) or debug

Setup that was interrupted goes on where it was (\`setup.json\`); \`client admin setup URL reset-codes\` forgets the others' codes.
A guardian whose disk is lost: \`guardian --data-dir NEW restore BACKUP\`, then start it; its database comes back from the others.
A database that is broken: stop the guardian, move the folder \`database\` away, start it; the config files must stay.

Exit codes: 0 after a requested stop, 1 when the guardian gave up, 2 for wrong arguments.

Examples:
  deno task guardian --data-dir ./g0 --bitcoind-url http://127.0.0.1:18443 --bitcoind-username bitcoin \\
    --bitcoind-password bitcoin --p2p-url fedimint://127.0.0.1:8173 --api-url ws://127.0.0.1:8174 --password-api secret
  deno task guardian devfed --peers 4 --dir ./fed       a whole federation on this machine`;

type Texts = (name: Name) => string | undefined;

async function passwordIn(file: string, { readText }: Surroundings): Promise<string> {
  const setting = SETTINGS.bitcoindUrlPasswordFile.variable;
  let text: string | undefined;
  try {
    text = await readText(file);
  } catch (thrown) {
    if (thrown instanceof FilesError) throw invalid(setting, errorText(thrown));
    throw thrown;
  }
  if (text === undefined) throw invalid(setting, `there is no file ${file}`);
  const password = text.trim();
  if (password === "") throw invalid(setting, `there is no password in ${file}`);
  return password;
}

async function bitcoind(texts: Texts, surroundings: Surroundings): Promise<BitcoindSettings | null> {
  const text = texts("bitcoindUrl");
  if (text === undefined) return null;
  const url = parsedUrl(text, "FM_BITCOIND_URL", ["http", "https"]);
  const [username, password, file] = [
    texts("bitcoindUsername"),
    texts("bitcoindPassword"),
    texts("bitcoindUrlPasswordFile"),
  ];
  if (url.username !== "" || url.password !== "") {
    if (username !== undefined || password !== undefined || file !== undefined) {
      throw invalid("FM_BITCOIND_URL", "it holds a user or password, and so do other settings: give them once");
    }
    if (url.username === "" || url.password === "") {
      throw invalid("FM_BITCOIND_URL", "it holds a user or a password, and both are needed");
    }
    const credentials = { username: unescaped(url.username), password: unescaped(url.password) };
    url.username = "";
    url.password = "";
    return { url: url.href, ...credentials };
  }
  if (username === undefined) throw invalid("FM_BITCOIND_USERNAME", "needed with FM_BITCOIND_URL");
  if ((password === undefined) === (file === undefined)) {
    throw invalid("FM_BITCOIND_PASSWORD", "give either the password or FM_BITCOIND_URL_PASSWORD_FILE");
  }
  return { url: url.href, username, password: password ?? await passwordIn(file!, surroundings) };
}

/** @throws {SettingsError} without the text: it is a secret */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    if (thrown instanceof URIError) throw invalid("FM_BITCOIND_URL", "its user or password is escaped wrongly");
    throw thrown;
  }
}

async function backend(texts: Texts, surroundings: Surroundings): Promise<BackendSettings> {
  const node = await bitcoind(texts, surroundings);
  const esplora = texts("esploraUrl");
  const esploraUrl = esplora === undefined ? null : parsedUrl(esplora, "FM_ESPLORA_URL", ["http", "https"]).href;
  if (node && esploraUrl !== null) return { kind: "hybrid", bitcoind: node, esploraUrl };
  if (node) return { kind: "bitcoind", bitcoind: node };
  if (esploraUrl !== null) return { kind: "esplora", esploraUrl };
  throw invalid("FM_BITCOIND_URL", "a Bitcoin node is needed: its JSON-RPC at http://host:port, or FM_ESPLORA_URL");
}

/** @throws {SettingsError} with the variable's name and what it should be */
export function dataDirOf(command: Command, env: Surroundings["env"]): string {
  const dataDir = settingText(command, env, "dataDir");
  if (dataDir === undefined) throw invalid("FM_DATA_DIR", "a folder for config and database is needed (--data-dir)");
  return dataDir;
}

/** Of a private federation, the newest first. @throws {SettingsError} */
export function apiSecretsOf(command: Command, env: Surroundings["env"]): string[] {
  const secrets = settingText(command, env, "forceApiSecrets")?.split(",") ?? [];
  if (secrets.includes("")) throw invalid("FM_FORCE_API_SECRETS", "one of the secrets is empty");
  return secrets;
}

/** @throws {SettingsError} with the variable's name and what it should be */
export async function readSettings(command: Command, surroundings: Surroundings): Promise<GuardianSettings> {
  const { env, modules } = surroundings;
  const texts: Texts = (name) => settingText(command, env, name);
  const isSet = envSwitch(env);
  const dataDir = dataDirOf(command, env);
  const enableIroh = texts("enableIroh");
  if (enableIroh !== undefined && !["0", "false", "no", "off"].includes(enableIroh)) {
    throw invalid("FM_ENABLE_IROH", "iroh isn't supported: leave it out, guardians are reached by TCP");
  }
  const switches = new Set([...modules.values()].map((definition) => setupVariableOf(definition).name));
  for (const name of SWITCHES_OF_MISSING) {
    if (isSet(name) && !switches.has(name)) {
      throw invalid(name, "this program doesn't have that module: load it with --module, or leave this out");
    }
  }
  const network = BITCOIN_NETWORKS.find((name) => name === texts("bitcoinNetwork"));
  if (network === undefined) throw invalid("FM_BITCOIN_NETWORK", `expected one of ${BITCOIN_NETWORKS.join(", ")}`);
  const testEnvironment = ["FM_IN_DEVIMINT", "NEXTEST"].some((name) => isSet(name) ?? false);
  const timeoutSecs = wholeNumber(texts("sessionTimeoutSecs")!, "FM_SESSION_TIMEOUT_SECS", SESSION_TIMEOUT_SECS_MAX);
  const bindP2p = address(texts("bindP2p")!, "FM_BIND_P2P"), bindApi = address(texts("bindApi")!, "FM_BIND_API");
  // the links are listened on only once the ceremony has begun, and it would fail on all guardians
  if (clash(bindP2p, bindApi)) {
    throw invalid("FM_BIND_API", "FM_BIND_P2P has this port: each needs one of its own");
  }
  return {
    dataDir,
    bindP2p,
    bindApi,
    bitcoin: { backend: await backend(texts, surroundings), pollMs: testEnvironment ? POLL_TEST_MS : POLL_MS },
    setup: {
      apiUrl: publicUrl(texts("apiUrl"), "FM_API_URL", ["ws", "wss"]),
      p2pUrl: publicUrl(texts("p2pUrl"), "FM_P2P_URL", ["fedimint"]),
      network,
      defaultModules: defaultModules(modules, isSet),
      availableModules: [...modules.keys()].sort(),
      disableBaseFees: isSet("FM_DISABLE_BASE_FEES") ?? false,
    },
    apiPassword: texts("passwordApi") ?? null,
    apiSecrets: apiSecretsOf(command, env),
    apiConnectionsPerAddress: wholeNumber(
      texts("apiConnectionsPerAddress")!,
      "FM_API_CONNECTIONS_PER_ADDRESS",
      CONNECTIONS_PER_ADDRESS_MAX,
    ),
    threads: texts("threads") === undefined ? null : wholeNumber(texts("threads")!, "FM_THREADS", POOL_THREADS_MAX, 0),
    sessionTimeoutMs: timeoutSecs * 1_000,
    testEnvironment,
  };
}
