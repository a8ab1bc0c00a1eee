/**
 * gatewayd's flags and environment variables, as far as this program has what they are about. A flag beats its
 * variable, and what is empty is not given. fedimint-gateway-server 0.13.0 (`config.rs`), fedimint-gateway-common
 * (`lib.rs`); docs/protocol/06-lightning-meta.md §E.3.
 */
import { Command, Option } from "commander";
import { join } from "@std/path";
import type { Address } from "../../actors/platform/platform.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import { BITCOIN_NETWORKS } from "../../core/bitcoin/network.ts";
import { utf8 } from "../../core/bytes.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";
import { formatPaymentFee, parsePaymentFee, TRANSACTION_FEE_DEFAULT } from "../../modules/lnv2/fees.ts";
import type { PasswordHashes } from "./admin/password.ts";
import { isBcryptHash } from "./admin/password.ts";
import { INVOICE_RATE, ROUTE_HINTS, ROUTE_HINTS_MAX } from "./limits.ts";
import type { LdkChainSettings, LdkSettings } from "./node/ldk/settings.ts";
import { KNOWN_FLAWS } from "./node/ldk/settings.ts";
import type { LndOptions } from "./node/lnd/lnd.ts";
import { DEFAULT_PAYMENT_OPTIONS } from "./node/lnd/lnd.ts";

/** A setting that can't be taken, with its name. */
export class SettingsError extends FedimintError<{ readonly code: "invalid"; readonly setting: string }> {
  constructor(setting: string, message: string) {
    super({ code: "invalid", setting }, `${setting}: ${message}`);
  }
}

/** What a gateway is told at its start. `passwords` are hashes; `words` is secret. */
export type GatewaySettings = {
  readonly dataDir: string;
  readonly bind: Address;
  /** Public URL, with `v1`; null: others are not told. */
  readonly apiUrl: string | null;
  readonly passwords: PasswordHashes;
  readonly network: BitcoinNetwork;
  readonly fees: { readonly lightningFee: PaymentFee; readonly transactionFee: PaymentFee };
  readonly invoiceRate: { readonly burst: number; readonly perSecond: number };
  /** Ways to the node that clients of version 1 are told. */
  readonly routeHints: number;
  readonly words: string | null;
  readonly debug: boolean;
  readonly testEnvironment: boolean;
  /** Public URL below which payers find the pages of lnurls; null: there are none. */
  readonly lnurlUrl: string | null;
  readonly node: NodeSettings;
};

/** The gateway's Lightning node: an LND, or the embedded one. */
export type NodeSettings =
  | { readonly kind: "lnd"; readonly lnd: LndOptions }
  | { readonly kind: "ldk"; readonly embedded: Omit<LdkSettings, "seedHex" | "leastCommits">; readonly port: number };

type Row = { readonly flag: string; readonly variable: string; readonly help: string; readonly fallback?: string };

const SETTINGS = {
  dataDir: { flag: "--data-dir <folder>", variable: "FM_GATEWAY_DATA_DIR", help: "where the database is kept" },
  listen: {
    flag: "--listen <host:port>",
    variable: "FM_GATEWAY_LISTEN_ADDR",
    help: "where the API listens",
  },
  apiAddr: {
    flag: "--api-addr <url>",
    variable: "FM_GATEWAY_API_ADDR",
    help: "public URL of the API, as clients reach it",
  },
  bcryptPasswordHash: {
    flag: "--bcrypt-password-hash <hash>",
    variable: "FM_GATEWAY_BCRYPT_PASSWORD_HASH",
    help: "of the operator's password: `gateway cli create-password-hash`",
  },
  bcrypt_liquidity_manager_password_hash: {
    flag: "--bcrypt_liquidity_manager_password_hash <hash>",
    variable: "FM_GATEWAY_LIQUIDITY_MANAGER_BCRYPT_PASSWORD_HASH",
    help: "of a second password, for channels, liquidity and prices alone",
  },
  network: { flag: "--network <name>", variable: "FM_GATEWAY_NETWORK", help: BITCOIN_NETWORKS.join(", ") },
  defaultRoutingFees: {
    flag: "--default-routing-fees <base,ppm>",
    variable: "FM_DEFAULT_ROUTING_FEES",
    help: "for payments over Lightning, of federations that are joined",
    fallback: formatPaymentFee(TRANSACTION_FEE_DEFAULT),
  },
  defaultTransactionFees: {
    flag: "--default-transaction-fees <base,ppm>",
    variable: "FM_DEFAULT_TRANSACTION_FEES",
    help: "for transactions with the federation",
    fallback: formatPaymentFee(TRANSACTION_FEE_DEFAULT),
  },
  invoiceRateLimitBurst: {
    flag: "--invoice-rate-limit-burst <number>",
    variable: "FM_GATEWAY_INVOICE_RATE_LIMIT_BURST",
    help: "invoices that strangers may ask for at once",
    fallback: String(INVOICE_RATE.burst),
  },
  invoiceRateLimitPerSecond: {
    flag: "--invoice-rate-limit-per-second <number>",
    variable: "FM_GATEWAY_INVOICE_RATE_LIMIT_PER_SECOND",
    help: "and in a second from then on",
    fallback: String(INVOICE_RATE.perSecond),
  },
  numRouteHints: {
    flag: "--num-route-hints <number>",
    variable: "FM_NUMBER_OF_ROUTE_HINTS",
    help: "ways to an LND that clients of version 1 put into their invoices",
    fallback: String(ROUTE_HINTS),
  },
  lnurlPages: {
    flag: "--lnurl-pages",
    variable: "FM_GATEWAY_LNURL_PAGES",
    help: "serves the pages of lnurls below --api-addr, for receivers who are away",
  },
  bitcoindUrl: {
    flag: "--bitcoind-url <url>",
    variable: "FM_BITCOIND_URL",
    help: "of the embedded node: a Bitcoin node's RPC, without credentials",
  },
  bitcoindUsername: { flag: "--bitcoind-username <name>", variable: "FM_BITCOIND_USERNAME", help: "its user" },
  bitcoindPassword: { flag: "--bitcoind-password <text>", variable: "FM_BITCOIND_PASSWORD", help: "its password" },
  esploraUrl: {
    flag: "--esplora-url <url>",
    variable: "FM_ESPLORA_URL",
    help: "of the embedded node, where it has no Bitcoin node: an Esplora server, which it trusts",
  },
  lndRpcHost: {
    flag: "--lnd-rpc-host <url>",
    variable: "FM_LND_RPC_ADDR",
    help: "LND's REST interface, https://host:8080; its gRPC port does not answer",
  },
  lndTlsCert: { flag: "--lnd-tls-cert <file>", variable: "FM_LND_TLS_CERT", help: "LND's tls.cert" },
  lndMacaroon: { flag: "--lnd-macaroon <file>", variable: "FM_LND_MACAROON", help: "LND's admin.macaroon" },
  lndTimePref: {
    flag: "--lnd-time-pref <number>",
    variable: "FM_LND_TIME_PREF",
    help: "-1 (cheap ways) to 1 (ways that work)",
    fallback: String(DEFAULT_PAYMENT_OPTIONS.timePreference),
  },
  lndPaymentTimeout: {
    flag: "--lnd-payment-timeout <seconds>",
    variable: "FM_LND_PAYMENT_TIMEOUT_SECS",
    help: "for which LND looks for ways, 1 to 600",
    fallback: String(DEFAULT_PAYMENT_OPTIONS.paymentTimeoutSecs),
  },
  ldkLightningPort: {
    flag: "--ldk-lightning-port <port>",
    variable: "FM_PORT_LDK",
    help: "where peers reach the embedded node, on all addresses of this machine",
    fallback: "9735",
  },
  ldkAlias: {
    flag: "--ldk-alias <name>",
    variable: "FM_LDK_ALIAS",
    help: "the embedded node's name, 32 bytes at most",
    fallback: "fedimint-gateway",
  },
  ldkAcceptKnownFlaws: {
    flag: "--ldk-accept-known-flaws",
    variable: "FM_LDK_ACCEPT_KNOWN_FLAWS",
    help: "real money in the embedded node, whose version has known flaws: without it mainnet is refused, and told why",
  },
} as const satisfies Record<string, Row>;
type Name = keyof typeof SETTINGS;

/** Of the subcommands. */
const LND_SETTINGS: readonly Name[] = ["lndRpcHost", "lndTlsCert", "lndMacaroon", "lndTimePref", "lndPaymentTimeout"];
const LDK_SETTINGS: readonly Name[] = ["ldkLightningPort", "ldkAlias", "ldkAcceptKnownFlaws"];
/** `ldk_node` of the data folder, as gatewayd has it. */
const LDK_FOLDER = "ldk_node";
const ALIAS_BYTES_MAX = 32;

/** What gatewayd takes and has no meaning here. */
const UNUSED = [
  ["--metrics-listen <host:port>", "FM_GATEWAY_METRICS_LISTEN_ADDR"],
  ["--db-backend <name>", "FM_DB_BACKEND"],
  ["--skip-setup <boolean>", "FM_GATEWAY_SKIP_SETUP"],
] as const;

function optionOf({ flag, variable, help, fallback }: Row): Option {
  const byDefault = fallback === undefined ? "" : `default: ${fallback}, `;
  return new Option(flag, `${help} (${byDefault}env: ${variable})`);
}

const HELP = `
Also read from the environment:
  FM_GATEWAY_MNEMONIC     words for a new data folder; else they are made
  FM_DEBUG_GATEWAY        1: strangers are told why something failed
  FM_IN_DEVIMINT          1: a test federation
  RUST_LOG                error, warn, info (default) or debug

With neither lnd nor ldk the node is an LND where FM_LND_… say where, and the embedded one otherwise.

Examples:
  FM_GATEWAY_BCRYPT_PASSWORD_HASH='$2y$10$…' deno task gateway --data-dir ./gateway --listen 127.0.0.1:8175 \\
    --api-addr https://gateway.example --network regtest lnd --lnd-rpc-host https://127.0.0.1:8080 \\
    --lnd-tls-cert ~/.lnd/tls.cert --lnd-macaroon ~/.lnd/data/chain/bitcoin/regtest/admin.macaroon
  FM_GATEWAY_BCRYPT_PASSWORD_HASH='$2y$10$…' FM_BITCOIND_PASSWORD=… deno task gateway --data-dir ./gateway \\
    --listen 127.0.0.1:8175 --api-addr https://gateway.example --network regtest \\
    --bitcoind-url http://127.0.0.1:18443 --bitcoind-username bitcoin ldk`;

export type GatewayCommand = { readonly command: Command; readonly lnd: Command; readonly ldk: Command };

/** The command with all its options, `lnd` and `ldk`; no action yet. */
export function gatewayCommand(): GatewayCommand {
  const command = new Command("gateway")
    .description("A Lightning gateway of Fedimint federations, compatible with gatewayd 0.13")
    .version(FEDIMINT_VERSION)
    .addHelpText("after", HELP);
  const lnd = new Command("lnd").description("Runs with an LND, by its REST interface");
  const ldk = new Command("ldk").description("Runs with a Lightning node of its own inside");
  for (const [name, row] of Object.entries(SETTINGS)) {
    const owner = LND_SETTINGS.includes(name as Name) ? lnd : LDK_SETTINGS.includes(name as Name) ? ldk : command;
    owner.addOption(optionOf(row));
  }
  for (const [flag] of UNUSED) command.addOption(new Option(flag).hideHelp());
  command.addCommand(lnd).addCommand(ldk);
  // read before (`main.ts`)
  command.addCommand(new Command("cli").description("Asks a running gateway: `cli --help`"));
  return { command, lnd, ldk };
}

type Flags = Partial<Record<Name, string | true>>;

/** @param kind default: LND where one is given, else the embedded node @throws {SettingsError} */
export function readSettings(
  { command, lnd, ldk }: GatewayCommand,
  env: (name: string) => string | undefined,
  kind?: NodeSettings["kind"],
): GatewaySettings {
  const given = (text: string | true | undefined): string | undefined =>
    text === "" ? undefined : text === true ? "1" : text;
  const flags: Flags = { ...command.opts<Flags>(), ...lnd.opts<Flags>(), ...ldk.opts<Flags>() };
  const optional = (name: Name): string | undefined => {
    const { variable, fallback }: Row = SETTINGS[name];
    return given(flags[name]) ?? given(env(variable)) ?? fallback;
  };
  const required = (name: Name): string => {
    const text = optional(name), { flag, variable }: Row = SETTINGS[name];
    if (text === undefined) throw new SettingsError(variable, `give it, or ${flag}`);
    return text;
  };
  const fee = (name: Name): PaymentFee => {
    const read = tryDecoding(() => parsePaymentFee(required(name)));
    if (!read.ok) throw new SettingsError(SETTINGS[name].variable, read.error.message);
    return read.value;
  };
  const network = required("network"), apiAddr = optional("apiAddr");
  if (!(BITCOIN_NETWORKS as readonly string[]).includes(network)) {
    throw new SettingsError(SETTINGS.network.variable, `expected one of ${BITCOIN_NETWORKS.join(", ")}`);
  }
  const dataDir = required("dataDir"), publicUrl = apiAddr && url(apiAddr, SETTINGS.apiAddr.variable);
  const hasPages = isSwitchedOn(optional("lnurlPages"));
  if (hasPages && !publicUrl) throw new SettingsError(SETTINGS.apiAddr.variable, "give it, as pages of lnurls need it");
  const lndSettings = (): NodeSettings => ({
    kind: "lnd",
    lnd: {
      url: url(required("lndRpcHost"), SETTINGS.lndRpcHost.variable, ["https:"]),
      certificatePath: required("lndTlsCert"),
      macaroonPath: required("lndMacaroon"),
      timePreference: preference(required("lndTimePref")),
      paymentTimeoutSecs: whole(required("lndPaymentTimeout"), SETTINGS.lndPaymentTimeout.variable, 1, 600),
    },
  });
  const chainSettings = (): LdkChainSettings => {
    const bitcoind = optional("bitcoindUrl"), esplora = optional("esploraUrl");
    if (bitcoind !== undefined) {
      const { variable } = SETTINGS.bitcoindUrl;
      const [username, password] = [required("bitcoindUsername"), required("bitcoindPassword")];
      return { kind: "bitcoind", url: url(bitcoind, variable), username, password };
    }
    if (esplora !== undefined) return { kind: "esplora", url: url(esplora, SETTINGS.esploraUrl.variable) };
    const { variable } = SETTINGS.bitcoindUrl;
    throw new SettingsError(variable, `give it, or ${SETTINGS.esploraUrl.variable}: the embedded node reads the chain`);
  };
  const ldkSettings = (network: BitcoinNetwork): NodeSettings => {
    const alias = required("ldkAlias"), { variable: consent } = SETTINGS.ldkAcceptKnownFlaws;
    const acceptsKnownFlaws = isGiven(optional("ldkAcceptKnownFlaws"), consent);
    if (network === "testnet4") {
      throw new SettingsError(SETTINGS.network.variable, "the embedded node knows no testnet4: use an LND there");
    }
    if (network === "bitcoin" && !acceptsKnownFlaws) {
      throw new SettingsError(consent, KNOWN_FLAWS);
    }
    if (utf8(alias).length > ALIAS_BYTES_MAX) {
      throw new SettingsError(SETTINGS.ldkAlias.variable, `has ${ALIAS_BYTES_MAX} bytes at most`);
    }
    const port = whole(required("ldkLightningPort"), SETTINGS.ldkLightningPort.variable, 1, 65_535);
    const listen = { hostname: "0.0.0.0", port }, folder = join(dataDir, LDK_FOLDER);
    const embedded = { folder, network, chain: chainSettings(), alias, listen, acceptsKnownFlaws };
    return { kind: "ldk", embedded, port };
  };
  // who gives a part of it has an LND in mind
  const hasLnd = (["lndRpcHost", "lndTlsCert", "lndMacaroon"] as const).some((name) => optional(name) !== undefined);
  const nodeKind = kind ?? (hasLnd ? "lnd" : "ldk");
  return {
    dataDir,
    bind: address(required("listen"), SETTINGS.listen.variable),
    apiUrl: publicUrl ? new URL("v1", publicUrl).href : null,
    lnurlUrl: hasPages && publicUrl ? publicUrl : null,
    passwords: {
      admin: hash(required("bcryptPasswordHash"), SETTINGS.bcryptPasswordHash.variable),
      liquidityManager: optionalHash(optional("bcrypt_liquidity_manager_password_hash")),
    },
    network: network as BitcoinNetwork,
    fees: { lightningFee: fee("defaultRoutingFees"), transactionFee: fee("defaultTransactionFees") },
    invoiceRate: {
      burst: whole(required("invoiceRateLimitBurst"), SETTINGS.invoiceRateLimitBurst.variable, 1, 2 ** 32 - 1),
      perSecond: whole(
        required("invoiceRateLimitPerSecond"),
        SETTINGS.invoiceRateLimitPerSecond.variable,
        1,
        2 ** 32 - 1,
      ),
    },
    routeHints: whole(required("numRouteHints"), SETTINGS.numRouteHints.variable, 0, ROUTE_HINTS_MAX),
    words: given(env("FM_GATEWAY_MNEMONIC")) ?? null,
    debug: isSwitchedOn(env("FM_DEBUG_GATEWAY")),
    testEnvironment: isSwitchedOn(env("FM_IN_DEVIMINT")),
    node: nodeKind === "lnd" ? lndSettings() : ldkSettings(network as BitcoinNetwork),
  };
}

function isSwitchedOn(text: string | undefined): boolean {
  return text !== undefined && !["", "0", "false"].includes(text);
}

/** Of what is dear to be misread. @throws {SettingsError} for what is neither yes nor no */
function isGiven(text: string | undefined, setting: string): boolean {
  if (text === "1" || text === "true") return true;
  if (text === undefined || text === "0" || text === "false") return false;
  throw new SettingsError(setting, "expected 1 or 0, true or false");
}

function optionalHash(text: string | undefined): string | null {
  return text === undefined ? null : hash(text, SETTINGS.bcrypt_liquidity_manager_password_hash.variable);
}

/** @throws {SettingsError} without the text, which is a secret's hash */
function hash(text: string, setting: string): string {
  if (isBcryptHash(text)) return text;
  throw new SettingsError(setting, "expected a bcrypt hash, $2y$10$…: quote it, as shells read the dollar signs");
}

function address(text: string, setting: string): Address {
  const [, ipv6, host, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const hostname = ipv6 ?? host;
  if (hostname === undefined || Number(port) > 65_535) throw new SettingsError(setting, "expected host:port");
  return { hostname, port: Number(port) };
}

function url(text: string, setting: string, protocols: readonly string[] = ["http:", "https:"]): string {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (!parsed || !protocols.includes(parsed.protocol) || parsed.username !== "" || parsed.password !== "") {
    throw new SettingsError(setting, `expected an URL that begins with ${protocols.join(" or ")}, without credentials`);
  }
  return parsed.href;
}

function whole(text: string, setting: string, least: number, most: number): number {
  const number = Number(text);
  if (/^[0-9]+$/.test(text) && number >= least && number <= most) return number;
  throw new SettingsError(setting, `expected a whole number from ${least} to ${most}`);
}

function preference(text: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number >= -1 && number <= 1) return number;
  throw new SettingsError(SETTINGS.lndTimePref.variable, "must be a finite value in [-1, 1]");
}
