/**
 * gatewayd's flags and environment variables, as far as this program has what they are about. A flag beats its
 * variable, and what is empty is not given. fedimint-gateway-server 0.13.0 (`config.rs`), fedimint-gateway-common
 * (`lib.rs`); docs/protocol/06-lightning-meta.md §E.3.
 */
import { Command, Option } from "commander";
import type { Address } from "../../actors/platform/platform.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import { BITCOIN_NETWORKS } from "../../core/bitcoin/network.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import { FedimintError } from "../../core/result.ts";
import { FEDIMINT_VERSION } from "../../core/types/version.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";
import { formatPaymentFee, parsePaymentFee, TRANSACTION_FEE_DEFAULT } from "../../modules/lnv2/fees.ts";
import type { PasswordHashes } from "./admin/password.ts";
import { isBcryptHash } from "./admin/password.ts";
import { INVOICE_RATE } from "./limits.ts";
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
  readonly words: string | null;
  readonly debug: boolean;
  readonly testEnvironment: boolean;
  readonly lnd: LndOptions;
};

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
} as const satisfies Record<string, Row>;
type Name = keyof typeof SETTINGS;

/** Of the subcommand `lnd`; taken before its name as well. */
const LND_SETTINGS: readonly Name[] = ["lndRpcHost", "lndTlsCert", "lndMacaroon", "lndTimePref", "lndPaymentTimeout"];

/** gatewayd wants them as well; here the federations' guardians and LND know the chain. */
const UNUSED = [
  ["--bitcoind-url <url>", "FM_BITCOIND_URL"],
  ["--bitcoind-username <name>", "FM_BITCOIND_USERNAME"],
  ["--bitcoind-password <text>", "FM_BITCOIND_PASSWORD"],
  ["--esplora-url <url>", "FM_ESPLORA_URL"],
  ["--num-route-hints <number>", "FM_NUMBER_OF_ROUTE_HINTS"],
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

Example:
  FM_GATEWAY_BCRYPT_PASSWORD_HASH='$2y$10$…' deno task gateway --data-dir ./gateway --listen 127.0.0.1:8175 \\
    --api-addr https://gateway.example --network regtest lnd --lnd-rpc-host https://127.0.0.1:8080 \\
    --lnd-tls-cert ~/.lnd/tls.cert --lnd-macaroon ~/.lnd/data/chain/bitcoin/regtest/admin.macaroon`;

/** The command with all its options and `lnd`; no action yet. */
export function gatewayCommand(): { readonly command: Command; readonly lnd: Command } {
  const command = new Command("gateway")
    .description("A Lightning gateway of Fedimint federations, compatible with gatewayd 0.13")
    .version(FEDIMINT_VERSION)
    .addHelpText("after", HELP);
  const lnd = new Command("lnd").description("Runs with an LND, by its REST interface");
  for (const [name, row] of Object.entries(SETTINGS)) {
    if (LND_SETTINGS.includes(name as Name)) lnd.addOption(optionOf(row));
    else command.addOption(optionOf(row));
  }
  for (const [flag] of UNUSED) command.addOption(new Option(flag).hideHelp());
  command.addCommand(lnd);
  // read before (`main.ts`)
  command.addCommand(new Command("cli").description("Asks a running gateway: `cli --help`"));
  return { command, lnd };
}

/** @throws {SettingsError} */
export function readSettings(
  { command, lnd }: ReturnType<typeof gatewayCommand>,
  env: (name: string) => string | undefined,
): GatewaySettings {
  const given = (text: string | undefined): string | undefined => text === "" ? undefined : text;
  const flags = { ...command.opts<Partial<Record<Name, string>>>(), ...lnd.opts<Partial<Record<Name, string>>>() };
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
  return {
    dataDir: required("dataDir"),
    bind: address(required("listen"), SETTINGS.listen.variable),
    apiUrl: apiAddr === undefined ? null : new URL("v1", url(apiAddr, SETTINGS.apiAddr.variable)).href,
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
    words: given(env("FM_GATEWAY_MNEMONIC")) ?? null,
    debug: isSwitchedOn(env("FM_DEBUG_GATEWAY")),
    testEnvironment: isSwitchedOn(env("FM_IN_DEVIMINT")),
    lnd: {
      url: url(required("lndRpcHost"), SETTINGS.lndRpcHost.variable, ["https:"]),
      certificatePath: required("lndTlsCert"),
      macaroonPath: required("lndMacaroon"),
      timePreference: preference(required("lndTimePref")),
      paymentTimeoutSecs: whole(required("lndPaymentTimeout"), SETTINGS.lndPaymentTimeout.variable, 1, 600),
    },
  };
}

function isSwitchedOn(text: string | undefined): boolean {
  return text !== undefined && !["", "0", "false"].includes(text);
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
