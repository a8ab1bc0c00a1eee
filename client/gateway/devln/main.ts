/** `deno task devln`: a Lightning node on regtest, for development, and commands for one that runs. */
import { join } from "@std/path";
import { Command } from "commander";
import { child, createSystem, refTo, supervisor } from "../../../actors/mod.ts";
import type { LogSink } from "../../../actors/mod.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { realProcessHost } from "../../../actors/platform/process.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { fromHex, isHex, toHex } from "../../../core/bytes.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import { errorText } from "../../../core/result.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { parseAmount } from "../../../core/types/amount_text.ts";
import type { LdkMessage } from "../node/ldk/process.ts";
import { ldkProcess } from "../node/ldk/process.ts";
import { NodeError } from "../node/node.ts";
import { askNode, serveControl } from "./control.ts";

const SEED_FILE = "seed";
const SEED_BYTES = 32;
const STOP_MS = 20_000;
const POLL_MS = 200;
/** One hundredth and 10 sat for the way; two weeks of blocks. */
const FEE_PARTS = 100n, FEE_LEAST_MSAT = 10_000n, CLTV_LIMIT = 2_016;
const EXPIRY_SECS = 3_600;

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

function keyOf(text: string): ReturnType<typeof fromHex> {
  if (!isHex(text, 33)) throw new NodeError("refused", "A node's key has 66 hex digits.");
  return fromHex(text);
}

function satOf(text: string): bigint {
  const msat = parseAmount(text);
  if (msat % MSAT_PER_SAT !== 0n) throw new NodeError("refused", "Bitcoin has no fractions of a sat.");
  return msat / MSAT_PER_SAT;
}

/** @returns what the payment cost, for people */
async function pay(platform: Platform, dir: string, invoice: string, amountMsat: bigint): Promise<string> {
  const feeLimitMsat = amountMsat / FEE_PARTS + FEE_LEAST_MSAT;
  for (;;) {
    const { outcome } = await askNode(platform, dir, "pay", {
      invoice,
      feeLimitMsat,
      cltvLimit: CLTV_LIMIT,
      after: null,
    });
    if (outcome?.ok) return `paid; the preimage is ${toHex(outcome.value.preimage)}; fee ${outcome.value.feeMsat} msat`;
    if (outcome !== null) throw new NodeError("refused", `Not paid: ${outcome.error}`);
    await sleep(platform.clock, POLL_MS);
  }
}

async function infoOf(platform: Platform, dir: string): Promise<string> {
  const { publicKey, blockHeight, address } = await askNode(platform, dir, "info", null);
  const { onchainSats, lightningMsat, inboundMsat } = await askNode(platform, dir, "balances", null);
  const channels = await askNode(platform, dir, "channels", null);
  return [
    `node      ${toHex(publicKey)}@${address?.hostname}:${address?.port}`,
    `height    ${blockHeight}`,
    `chain     ${onchainSats} sat`,
    `lightning ${lightningMsat} msat can be sent, ${inboundMsat} msat received`,
    ...channels.map(({ remoteKey, sizeSats, isActive }) =>
      `channel   ${sizeSats} sat with ${toHex(remoteKey)}, ${isActive ? "active" : "away"}`
    ),
  ].join("\n");
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
  const printed = (work: (dir: string) => Promise<string>): Promise<void> =>
    ended(async () => {
      console.log(await work(program.opts<Options>().dir));
      return 0;
    });
  program.command("run").description("run the node").option("--listen <host:port>", "for peers", "127.0.0.1:9736")
    .requiredOption("--bitcoind-url <url>", "of a regtest node")
    .option("--bitcoind-username <name>", "its user", "bitcoin")
    .option("--bitcoind-password <text>", "its password", "bitcoin")
    .action((options: Omit<RunOptions, "dir">) => ended(() => run({ ...options, ...program.opts<Options>() })));
  program.command("info").description("who and where it is, its money and channels")
    .action(() => printed((dir) => infoOf(platform, dir)));
  program.command("address").description("an address to pay to on the chain")
    .action(() => printed((dir) => askNode(platform, dir, "address", null)));
  program.command("invoice").argument("<amount...>", 'such as "1000 sat"').description("an invoice to be paid by")
    .action((amount: string[]) =>
      printed((dir) => {
        const terms = { amountMsat: parseAmount(amount.join(" ")), expirySecs: EXPIRY_SECS, description: "devln" };
        return askNode(platform, dir, "createInvoice", terms);
      })
    );
  program.command("pay").argument("<invoice>").description("pay an invoice; waits until it is over")
    .action((text: string) =>
      printed((dir) => {
        const invoice = parseBolt11(text.trim().replace(/^lightning:/i, ""));
        return pay(platform, dir, invoice.text, invoice.amountMsat ?? 0n);
      })
    );
  program.command("open").argument("<node>", "KEY@HOST:PORT").argument("<size>").argument(
    "[push]",
    "given away",
    "0 sat",
  )
    .description('open a channel, such as `open 02…@127.0.0.1:9735 "1000000 sat" "500000 sat"`')
    .action((node: string, size: string, push: string) =>
      printed((dir) => {
        const [key = "", host = ""] = node.split("@");
        const channel = { publicKey: keyOf(key), host, sizeSats: satOf(size), pushSats: satOf(push) };
        return askNode(platform, dir, "open", channel);
      })
    );
  return program;
}

if (import.meta.main) await commands().parseAsync();
