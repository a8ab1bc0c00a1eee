/**
 * fedimintd's flags and environment variables, as far as this program has what they are about. Sheet "API" 9. A flag beats its variable.
 */
import { Command, Option } from "commander";
import type { Address } from "../actors/platform/platform.ts";
import { BITCOIN_NETWORKS } from "../core/bitcoin/mod.ts";
import { FedimintError } from "../core/result.ts";
import { parseSafeUrl } from "../core/types/safe_url.ts";
import { FEDIMINT_VERSION } from "../core/types/version.ts";
import { CONNECTIONS_PER_ADDRESS } from "./api/limits.ts";
import type { BackendSettings, BitcoindSettings } from "./bitcoin/actor.ts";
import { POLL_MS, POLL_TEST_MS } from "./bitcoin/mod.ts";
import type { BitcoinSettings } from "./bitcoin/mod.ts";
import { builtInModules, defaultModules } from "./modules.ts";
import type { SetupSettings } from "./setup/setup.ts";

export class SettingsError extends FedimintError<{ readonly code: "invalid"; readonly setting: string }> {}

/** Everything that a guardian is told at its start. `bitcoin.backend.password`, `apiPassword` and `apiSecrets` are secret. */
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
  readonly sessionTimeoutMs: number;
  readonly testEnvironment: boolean;
};

/** Where variables and files come from. */
export type Surroundings = {
  readonly env: (name: string) => string | undefined;
  /** Text of a file; undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
};

type Flags = {
  readonly dataDir?: string;
  readonly passwordApi?: string;
  readonly bitcoinNetwork: string;
  readonly bitcoindUrl?: string;
  readonly bitcoindUsername?: string;
  readonly bitcoindPassword?: string;
  readonly bitcoindUrlPasswordFile?: string;
  readonly bindP2p: string;
  readonly bindApi: string;
  readonly p2pUrl?: string;
  readonly apiUrl?: string;
  readonly enableIroh?: string;
  readonly esploraUrl?: string;
  readonly forceApiSecrets: string;
  readonly sessionTimeoutSecs: string;
  readonly apiConnectionsPerAddress: string;
};

function option(flags: string, description: string, variable: string, fallback?: string): Option {
  const made = new Option(flags, description).env(variable);
  return fallback === undefined ? made : made.default(fallback);
}

/** The command with all its options; no action yet. */
export function guardianCommand(): Command {
  return new Command("guardian")
    .description(
      "A guardian of a Fedimint federation, compatible with fedimintd 0.13. Without a config it waits for setup.",
    )
    .version(FEDIMINT_VERSION)
    .addOption(option("--data-dir <folder>", "where config and database are kept", "FM_DATA_DIR"))
    .addOption(
      option("--password-api <text>", "password of admin calls; without one none are answered", "FM_PASSWORD_API"),
    )
    .addOption(option("--bitcoin-network <name>", BITCOIN_NETWORKS.join(", "), "FM_BITCOIN_NETWORK", "regtest"))
    .addOption(option("--bitcoind-url <url>", "JSON-RPC of a Bitcoin node", "FM_BITCOIND_URL"))
    .addOption(option("--bitcoind-username <name>", "its user", "FM_BITCOIND_USERNAME"))
    .addOption(option("--bitcoind-password <text>", "its password", "FM_BITCOIND_PASSWORD"))
    .addOption(
      option("--bitcoind-url-password-file <file>", "a file with its password", "FM_BITCOIND_URL_PASSWORD_FILE"),
    )
    .addOption(option("--bind-p2p <host:port>", "where other guardians connect", "FM_BIND_P2P", "0.0.0.0:8173"))
    .addOption(option("--bind-api <host:port>", "where clients connect", "FM_BIND_API", "0.0.0.0:8174"))
    .addOption(option("--p2p-url <url>", "public address for guardians, for setup: fedimint://host:8173", "FM_P2P_URL"))
    .addOption(option("--api-url <url>", "public address for clients, for setup: wss://host/", "FM_API_URL"))
    .addOption(
      option(
        "--force-api-secrets <list>",
        "secrets of a private federation; the first goes into invites",
        "FM_FORCE_API_SECRETS",
        "",
      ),
    )
    .addOption(
      option(
        "--session-timeout-secs <seconds>",
        "a session that takes longer is started anew",
        "FM_SESSION_TIMEOUT_SECS",
        "3600",
      ),
    )
    .addOption(
      option(
        "--api-connections-per-address <number>",
        "API connections of one public address; a reverse proxy on this machine or in a private network has no such bound",
        "FM_API_CONNECTIONS_PER_ADDRESS",
        String(CONNECTIONS_PER_ADDRESS),
      ),
    )
    .addOption(option("--enable-iroh <boolean>", "not built: only false", "FM_ENABLE_IROH").hideHelp())
    .addOption(option("--esplora-url <url>", "an Esplora server, instead of or beside the node", "FM_ESPLORA_URL"))
    .addHelpText("after", HELP);
}

const HELP = `
Also read from the environment:
  FM_ENABLE_MODULE_MINTV2, FM_ENABLE_MODULE_WALLETV2   modules of a new federation, on unless 0
  FM_DISABLE_META_MODULE, FM_USE_UNKNOWN_MODULE         the same, off unless 1
  FM_DISABLE_BASE_FEES                                  a new federation without base fees; equal on all guardians
  FM_IN_DEVIMINT                                        a test federation: short sessions and waits; equal on all guardians
  RUST_LOG                                              error, warn, info (default) or debug

Exit codes: 0 after a requested stop, 1 when the guardian gave up, 2 for wrong arguments.

Examples:
  deno task guardian --data-dir ./g0 --bitcoind-url http://127.0.0.1:18443 --bitcoind-username bitcoin \\
    --bitcoind-password bitcoin --p2p-url fedimint://127.0.0.1:8173 --api-url ws://127.0.0.1:8174 --password-api secret
  deno task guardian devfed --peers 4 --dir ./fed       a whole federation on this machine`;

function invalid(setting: string, message: string): SettingsError {
  return new SettingsError({ code: "invalid", setting }, `${setting}: ${message}`);
}

function address(text: string, setting: string): Address {
  const match = /^(.+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) throw invalid(setting, "expected host:port");
  return { hostname: match[1]!.replace(/^\[(.*)\]$/, "$1"), port };
}

/** Plain switches as the reference reads them: 1 or true, 0 or false; anything else turns on what is off by default. */
export function envSwitch(env: Surroundings["env"]): (name: string) => boolean | undefined {
  return (name) => {
    const value = env(name);
    if (value === undefined) return undefined;
    return !["0", "false"].includes(value);
  };
}

function url(text: string | undefined, setting: string, schemes: readonly string[]): string | null {
  if (text === undefined) return null;
  const normalised = URL.canParse(text) ? parseSafeUrl(text) : null;
  if (normalised === null || !schemes.some((scheme) => normalised.startsWith(`${scheme}://`))) {
    throw invalid(setting, `expected an URL of ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`);
  }
  return normalised;
}

async function bitcoind(flags: Flags, { readText }: Surroundings): Promise<BitcoindSettings | null> {
  const { bitcoindUrl, bitcoindUsername: username, bitcoindPassword, bitcoindUrlPasswordFile: file } = flags;
  if (bitcoindUrl === undefined) return null;
  if (username === undefined) throw invalid("FM_BITCOIND_USERNAME", "needed with FM_BITCOIND_URL");
  if ((bitcoindPassword === undefined) === (file === undefined)) {
    throw invalid("FM_BITCOIND_PASSWORD", "give either the password or FM_BITCOIND_URL_PASSWORD_FILE");
  }
  const password = file === undefined ? bitcoindPassword! : (await readText(file))?.trim();
  if (password === undefined) throw invalid("FM_BITCOIND_URL_PASSWORD_FILE", `there is no file ${file}`);
  return { url: url(bitcoindUrl, "FM_BITCOIND_URL", ["http", "https"])!, username, password };
}

async function backend(flags: Flags, surroundings: Surroundings): Promise<BackendSettings> {
  const node = await bitcoind(flags, surroundings);
  const esploraUrl = url(flags.esploraUrl, "FM_ESPLORA_URL", ["http", "https"]);
  if (node && esploraUrl !== null) return { kind: "hybrid", bitcoind: node, esploraUrl };
  if (node) return { kind: "bitcoind", bitcoind: node };
  if (esploraUrl !== null) return { kind: "esplora", esploraUrl };
  throw invalid("FM_BITCOIND_URL", "a Bitcoin node is needed: its JSON-RPC at http://host:port, or FM_ESPLORA_URL");
}

/** @throws {SettingsError} with the variable's name and what it should be */
export async function readSettings(command: Command, surroundings: Surroundings): Promise<GuardianSettings> {
  const flags = command.opts<Flags>();
  const isSet = envSwitch(surroundings.env);
  if (flags.dataDir === undefined) {
    throw invalid("FM_DATA_DIR", "a folder for config and database is needed (--data-dir)");
  }
  if (flags.enableIroh !== undefined && !["0", "false", "no", "off"].includes(flags.enableIroh)) {
    throw invalid("FM_ENABLE_IROH", "iroh isn't supported: leave it out, guardians are reached by TCP");
  }
  for (const kind of ["LNV1", "LNV2", "MINT", "WALLET"]) {
    if (isSet(`FM_ENABLE_MODULE_${kind}`)) {
      throw invalid(`FM_ENABLE_MODULE_${kind}`, "this program doesn't have that module");
    }
  }
  const network = BITCOIN_NETWORKS.find((name) => name === flags.bitcoinNetwork);
  if (network === undefined) throw invalid("FM_BITCOIN_NETWORK", `expected one of ${BITCOIN_NETWORKS.join(", ")}`);
  const testEnvironment = ["FM_IN_DEVIMINT", "NEXTEST"].some((name) => isSet(name) ?? false);
  const apiSecrets = flags.forceApiSecrets === "" ? [] : flags.forceApiSecrets.split(",");
  if (apiSecrets.includes("")) throw invalid("FM_FORCE_API_SECRETS", "one of the secrets is empty");
  const timeoutSeconds = Number(flags.sessionTimeoutSecs);
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1) {
    throw invalid("FM_SESSION_TIMEOUT_SECS", "expected a number of seconds");
  }
  const apiConnectionsPerAddress = Number(flags.apiConnectionsPerAddress);
  if (!Number.isInteger(apiConnectionsPerAddress) || apiConnectionsPerAddress < 1) {
    throw invalid("FM_API_CONNECTIONS_PER_ADDRESS", "expected a number of connections, 1 at least");
  }
  return {
    dataDir: flags.dataDir,
    bindP2p: address(flags.bindP2p, "FM_BIND_P2P"),
    bindApi: address(flags.bindApi, "FM_BIND_API"),
    bitcoin: { backend: await backend(flags, surroundings), pollMs: testEnvironment ? POLL_TEST_MS : POLL_MS },
    setup: {
      apiUrl: url(flags.apiUrl, "FM_API_URL", ["ws", "wss"]),
      p2pUrl: url(flags.p2pUrl, "FM_P2P_URL", ["fedimint"]),
      network,
      defaultModules: defaultModules(isSet),
      availableModules: [...builtInModules.keys()],
      disableBaseFees: isSet("FM_DISABLE_BASE_FEES") ?? false,
    },
    apiPassword: flags.passwordApi ?? null,
    apiSecrets,
    apiConnectionsPerAddress,
    sessionTimeoutMs: timeoutSeconds * 1_000,
    testEnvironment,
  };
}
