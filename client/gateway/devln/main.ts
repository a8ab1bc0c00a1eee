/** `deno task devln`: a Lightning node on regtest, for development, and commands for one that runs. */
import { join } from "@std/path";
import { Command } from "commander";
import { child, createSystem, refTo, supervisor } from "../../../actors/mod.ts";
import type { LogSink } from "../../../actors/mod.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { realProcessHost } from "../../../actors/platform/process.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { toHex } from "../../../core/bytes.ts";
import { errorText } from "../../../core/result.ts";
import type { LdkMessage } from "../node/ldk/process.ts";
import { ldkProcess } from "../node/ldk/process.ts";
import { addDevlnCommands } from "./commands.ts";
import { serveControl } from "./control.ts";

const SEED_FILE = "seed";
const SEED_BYTES = 32;
const STOP_MS = 20_000;

type Options = { readonly dir: string };
type RunOptions = Options & {
  readonly bitcoindUrl: string;
  readonly bitcoindUsername: string;
  readonly bitcoindPassword: string;
  readonly listen: string;
};

/** Made when there is none: nobody needs words for play money. */
async function seedOf(platform: Platform, dir: string): Promise<string> {
  const path = join(dir, SEED_FILE);
  const known = await platform.files.read(path, SEED_BYTES);
  if (known !== undefined) return toHex(known);
  const seed = platform.dice.bytes(SEED_BYTES);
  await platform.files.create(path, seed, { secret: true });
  return toHex(seed);
}

const logSink: LogSink = ({ level, path, message, facts }) => {
  if (level === "debug") return;
  console.error(`${level.toUpperCase()} ${path}: ${message} ${JSON.stringify(facts)}`);
};

/** @returns exit code */
async function run(options: RunOptions): Promise<number> {
  const platform = realPlatform(), { dir } = options;
  await platform.files.makeDirectory(dir, { secret: true });
  const [hostname = "", port = ""] = options.listen.split(":");
  const process = refTo<LdkMessage>("devln/ldk");
  const system = createSystem({ platform, log: logSink });
  await system.start(supervisor("devln", {
    children: [
      child(ldkProcess, {
        shutdownMs: STOP_MS,
        args: {
          host: realProcessHost,
          settings: {
            seedHex: await seedOf(platform, dir),
            folder: dir,
            network: "regtest",
            chain: {
              kind: "bitcoind",
              url: options.bitcoindUrl,
              username: options.bitcoindUsername,
              password: options.bitcoindPassword,
            },
            alias: "devln",
            listen: { hostname, port: Number(port) },
            acceptsKnownFlaws: false,
          },
          // whoever plays keeps no second count: a peer's proof is enough
          commits: { read: () => Promise.resolve(0), keep: () => {} },
        },
      }),
    ],
  }));
  const control = await serveControl(platform, system, process, dir);
  const off = realProcessHost.onSignal(() => void system.stop());
  const code = await system.ended;
  off();
  await control.close();
  return code;
}

async function ended(work: () => Promise<number>): Promise<void> {
  try {
    realProcessHost.exit(await work());
  } catch (thrown) {
    console.error(`error: ${errorText(thrown)}`);
    realProcessHost.exit(1);
  }
}

function commands(): Command {
  const platform = realPlatform();
  const program = new Command("devln").description("A Lightning node on regtest: the outside world of a gateway.")
    .option("--dir <folder>", "the node's folder", "./devln");
  program.command("run").description("run the node").option("--listen <host:port>", "for peers", "127.0.0.1:9736")
    .requiredOption("--bitcoind-url <url>", "of a regtest node")
    .option("--bitcoind-username <name>", "its user", "bitcoin")
    .option("--bitcoind-password <text>", "its password", "bitcoin")
    .action((options: Omit<RunOptions, "dir">) => ended(() => run({ ...options, ...program.opts<Options>() })));
  addDevlnCommands(program, (command) =>
    ended(async () => {
      const { dir } = program.opts<Options>();
      console.log(await command({ platform, dir, progress: (line) => console.error(line) }));
      return 0;
    }));
  return program;
}

if (import.meta.main) await commands().parseAsync();
