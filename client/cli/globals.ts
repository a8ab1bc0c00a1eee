/** Flags that stand before every command; each has an environment variable. docs/protocol/02b-cli.md §1. */
import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { PeerId } from "../../core/types/ids.ts";
import { listedModules } from "../../modules/contract/loading.ts";
import { boolishArgument, peerArgument } from "./arguments.ts";
import { CliError } from "./error.ts";
import type { CliIo } from "./io.ts";

export type Globals = {
  readonly dataDir: string | null;
  /** Own guardian. */
  readonly ourId: PeerId | null;
  /** Of the own guardian's API. Secret. */
  readonly password: string | null;
  /** Of one federation, instead of words: hex of its encoding, as it was given. Secret. */
  readonly federationSecretHex: string | null;
  readonly useTor: boolean;
  readonly verbose: boolean;
  /** Further modules to load, as they were given. */
  readonly modules: readonly string[];
};

type Flag = {
  readonly name: string;
  readonly flags: string;
  readonly env?: string;
  readonly help: string;
  readonly parse?: (text: string) => unknown;
  readonly isSwitch?: true;
};

const DB_BACKENDS = ["rocksdb", "cursed-redb"];

function dbBackend(text: string): string {
  if (DB_BACKENDS.includes(text)) return text;
  throw new InvalidArgumentError(`Expected ${DB_BACKENDS.join(" or ")}.`);
}

export const FLAGS: readonly Flag[] = [
  {
    name: "dataDir",
    flags: "--data-dir <DIR>",
    env: "FM_CLIENT_DIR",
    help: "where the wallet is kept; made when there is none",
  },
  {
    name: "ourId",
    flags: "--our-id <N>",
    env: "FM_OUR_ID",
    help: "guardian's commands: the own guardian",
    parse: peerArgument,
  },
  {
    name: "password",
    flags: "--password <PASSWORD>",
    env: "FM_PASSWORD_API",
    help: "guardian's commands: its API password",
  },
  {
    name: "federationSecretHex",
    flags: "--federation-secret-hex <HEX>",
    env: "FM_FEDERATION_SECRET_HEX",
    help: "a federation's secret instead of stored words: `restore`, then every command",
  },
  {
    name: "useTor",
    flags: "--use-tor",
    env: "FM_USE_TOR",
    help: "refused: there is no Tor in this client",
    isSwitch: true,
  },
  {
    name: "irohEnableDht",
    flags: "--iroh-enable-dht <BOOL>",
    env: "FM_IROH_ENABLE_DHT",
    help: "taken and without effect: guardians are reached by WebSocket",
    parse: boolishArgument,
  },
  {
    name: "dbBackend",
    flags: "--db-backend <NAME>",
    env: "FM_DB_BACKEND",
    help: "taken and without effect: the database is Deno KV",
    parse: dbBackend,
  },
];

const MODULES = "FM_CLIENT_MODULES";

export function addGlobals(program: Command): void {
  for (const { flags, env, help, parse } of FLAGS) {
    const option = new Option(flags, env === undefined ? help : `${help} [env: ${env}]`);
    if (parse) option.argParser(parse);
    program.addOption(option);
  }
  program.option(
    "--module <FILE>",
    `a further module: a file, or an https:, npm: or jsr: address; may be given again [env: ${MODULES}, separated by commas]`,
    (text: string, before: readonly string[] | undefined) => [...before ?? [], text],
  );
  program.option("-v, --verbose", "log more; RUST_LOG sets the level by itself");
}

/** What is empty isn't given: a script's variable that nobody set is no password, and no folder. */
export function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** @throws {CliError} `usage` for a variable that can't be read */
function ofEnvironment({ env, parse, isSwitch }: Flag, variable: CliIo["env"]): unknown {
  const text = env === undefined ? undefined : variable(env);
  if (!isGiven(text)) return undefined;
  try {
    if (isSwitch) return boolishArgument(text);
    return parse ? parse(text) : text;
  } catch (thrown) {
    if (!(thrown instanceof InvalidArgumentError)) throw thrown;
    throw CliError.usage(`environment variable ${env} is invalid. ${thrown.message}`);
  }
}

/** A flag beats its variable. @throws {CliError} `usage` */
export function readGlobals(program: Command, variable: CliIo["env"]): Globals {
  const given = program.opts<Record<string, unknown>>();
  const valueOf = (flag: Flag): unknown => {
    const value = given[flag.name];
    return value === undefined || value === "" ? ofEnvironment(flag, variable) : value;
  };
  const values = new Map(FLAGS.map((flag) => [flag.name, valueOf(flag)]));
  const value = <T>(name: string): T | null => (values.get(name) as T | undefined) ?? null;
  return {
    dataDir: value<string>("dataDir"),
    ourId: value<PeerId>("ourId"),
    password: value<string>("password"),
    federationSecretHex: value<string>("federationSecretHex"),
    useTor: value<boolean>("useTor") ?? false,
    verbose: given["verbose"] === true,
    modules: (given["module"] as readonly string[] | undefined)?.filter(isGiven) ?? listedModules(variable(MODULES)),
  };
}
