/**
 * `deno task devchain`: a regtest chain in a folder of its own, on a socket of its own, that bitcoind's clients take
 * for a bitcoind.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { join } from "@std/path";
import type { Address, Clock, Platform } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import type { LogSink } from "../../../actors/mod.ts";
import { createSystem } from "../../../actors/mod.ts";
import { openKvStore } from "../../../actors/store/mod.ts";
import { toHex, utf8 } from "../../../core/bytes.ts";
import { errorText } from "../../../core/result.ts";
import { BLOCK_INTERVAL_LEAST_MS } from "./limits.ts";
import { BLOCKS_UNTIL_SEEN, mine, nodeFile, pay, writeNodeFile } from "./faucet.ts";
import { GENERATE_BLOCKS_MAX } from "./params.ts";
import { devchainTree } from "./tree.ts";

type Options = {
  readonly dir: string;
  readonly rpc: Address;
  readonly user?: string;
  readonly password?: string;
  readonly blockInterval?: number;
  readonly blockIntervalMs?: number;
  readonly premine: number;
};

type Credentials = { readonly username: string; readonly password: string };

function address(text: string): Address {
  const match = /^(.+):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw new InvalidArgumentError("Expected host:port.");
  return { hostname: match[1]!.replace(/^\[(.*)\]$/, "$1"), port };
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^[0-9]+$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

const DAY_SECONDS = 86_400;

function command(): Command {
  return new Command("devchain")
    .description(
      "A Bitcoin regtest chain without bitcoind: real blocks, checked transactions, a faucet, bitcoind's JSON-RPC.\n" +
        "Blocks come when they are asked for (`mine`, generatetoaddress), or every so often (--block-interval).",
    )
    .option("--dir <folder>", "where the chain is kept", "./devchain")
    .addOption(
      new Option("--rpc <host:port>", "where it answers JSON-RPC")
        .argParser(address).default({ hostname: "127.0.0.1", port: 18_443 }, "127.0.0.1:18443"),
    )
    .option("--user <name>", "who may call it, besides holders of the cookie file in <folder>/regtest")
    .addOption(new Option("--password <text>", "the user's password").env("DEVCHAIN_PASSWORD"))
    .option("--block-interval <seconds>", "mine a block every so many seconds", wholeNumber(1, DAY_SECONDS))
    .addOption(
      new Option("--block-interval-ms <milliseconds>", "the same, finer")
        .argParser(wholeNumber(BLOCK_INTERVAL_LEAST_MS, DAY_SECONDS * 1_000)).conflicts("blockInterval"),
    )
    .option(
      "--premine <blocks>",
      "blocks mined to the faucet when the chain is new",
      wholeNumber(0, GENERATE_BLOCKS_MAX),
      101,
    )
    .addHelpText("after", EXAMPLES);
}

/** Commands for a chain that runs in another process. */
function faucetCommands(program: Command): void {
  const platform = realPlatform();
  const printed = (work: (dir: string) => Promise<string>): Promise<void> =>
    ended(async () => {
      console.log((await work(program.opts<Options>().dir)).trimEnd());
      return 0;
    });
  program.command("pay").argument("<address>", "Bitcoin address").argument("<amount...>", 'such as "0.1 btc"')
    .option(
      "--blocks <number>",
      "blocks to mine behind it; guardians see it after some",
      blocksArgument,
      BLOCKS_UNTIL_SEEN,
    )
    .description("pay out of the chain's own money; prints the transaction's id")
    .action((address: string, amount: string[], { blocks }: { blocks: number }) =>
      printed((dir) => pay(platform, dir, { address, amount: amount.join(" "), blocks }))
    );
  program.command("mine").argument("[blocks]", "how many", wholeNumber(1, GENERATE_BLOCKS_MAX), 1)
    .description("mine blocks; prints the height")
    .action((blocks: number) => printed((dir) => mine(platform, dir, blocks)));
}

const blocksArgument = wholeNumber(0, GENERATE_BLOCKS_MAX);

const EXAMPLES = `
Examples:
  deno task devchain --user bitcoin --password bitcoin --block-interval 10
  deno task devchain pay bcrt1q… "0.1 btc"        # in another terminal; with --dir FOLDER as the chain that runs
  deno task devchain mine 6
  bitcoin-cli -regtest -datadir=./devchain getblockchaininfo
  bitcoin-cli -regtest -rpcuser=bitcoin -rpcpassword=bitcoin sendtoaddress <address> 0.1
  bitcoin-cli -regtest -datadir=./devchain -generate 6`;

/** One line a record to standard error. */
function logTo(clock: Clock): LogSink {
  return ({ level, path, message, facts }) => {
    if (level === "debug") return;
    const time = Temporal.Instant.fromEpochMilliseconds(Math.floor(clock.nowMs()));
    const details = Object.entries(facts).map(([name, value]) => ` ${name}=${value}`).join("");
    console.error(`${time} ${level.toUpperCase()} ${path}: ${message}${details}`);
  };
}

/** A fresh secret in the file where bitcoin-cli looks for it: whoever may read the folder may call. */
async function makeCookie(platform: Platform, directory: string): Promise<Credentials & { readonly path: string }> {
  const folder = join(directory, "regtest");
  await platform.files.makeDirectory(folder);
  const cookie = { username: "__cookie__", password: toHex(platform.dice.bytes(32)), path: join(folder, ".cookie") };
  await platform.files.replace(cookie.path, utf8(`${cookie.username}:${cookie.password}`), { secret: true });
  return cookie;
}

/** Returns the process' exit code. */
async function run(options: Options): Promise<number> {
  const platform = realPlatform();
  await platform.files.makeDirectory(options.dir, { secret: true });
  const store = await openKvStore({ path: join(options.dir, "chain.kv"), platform });
  const cookie = await makeCookie(platform, options.dir);
  const named = options.user && options.password ? [{ username: options.user, password: options.password }] : [];
  await writeNodeFile(platform, options.dir, {
    url: `http://${hostOf(options.rpc)}:${options.rpc.port}`,
    username: cookie.username,
    password: cookie.password,
  });
  const system = createSystem({ platform, log: logTo(platform.clock) });
  const stop = (): void => void system.stop();
  store.failed.catch((thrown) => {
    console.error(`The store failed: ${errorText(thrown)}`);
    Deno.exit(1);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, stop);
  const { blockInterval, blockIntervalMs } = options;
  await system.start(devchainTree({
    store,
    address: options.rpc,
    credentials: [cookie, ...named],
    blockIntervalMs: blockIntervalMs ?? (blockInterval === undefined ? null : blockInterval * 1_000),
    premineBlocks: options.premine,
    stopAsked: stop,
  }));
  const code = await system.ended;
  await platform.files.remove(cookie.path);
  await platform.files.remove(nodeFile(options.dir));
  await store.close();
  return code;
}

/** Where a socket that listens on every address is called. */
function hostOf({ hostname }: Address): string {
  if (hostname === "0.0.0.0" || hostname === "::") return "127.0.0.1";
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

async function ended(work: () => Promise<number>): Promise<void> {
  try {
    Deno.exit(await work());
  } catch (thrown) {
    console.error(`error: ${errorText(thrown)}`);
    Deno.exit(1);
  }
}

if (import.meta.main) {
  const program = command();
  faucetCommands(program);
  program.action(async (options: Options) => {
    // what is empty is not given: a shell's unset variable must not become a password
    if (!options.user !== !options.password) {
      program.error("error: --user and --password go together");
    }
    await ended(() => run(options));
  });
  await program.parseAsync();
}
