/**
 * Real Lightning nodes on regtest: LNDs beside a Bitcoin node, a channel with money on both sides between two of them.
 * One is a gateway's, the other "the outside world" that pays it and is paid by it.
 */
import { join } from "@std/path";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { Lnd } from "../../client/gateway/node/lnd/lnd.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "../../client/gateway/node/lnd/lnd.ts";
import { NodeError } from "../../client/gateway/node/node.ts";
import { mineOn, payFrom } from "../../server/dev/chain/faucet.ts";
import { startBitcoin } from "../../server/dev/federation/federation.ts";
import { freePorts, OwnedProcess } from "../../server/dev/federation/processes.ts";
import type { BitcoinNode } from "../../server/dev/federation/rpc.ts";
import { callBitcoin } from "../../server/dev/federation/rpc.ts";
import { until, within } from "../demo/waits.ts";
import type { Suite } from "./suite.ts";

const START_MS = 120_000;
const CHANNEL_SATS = 10_000_000n, ONCHAIN_SATS = 20_000_000n;
const BLOCKS_TO_OPEN = 6;
const PROBE_MSAT = 1_000n;
const POLL_MS = 100;

type LndProcessOptions = {
  readonly platform: Platform;
  /** Its own. */
  readonly dir: string;
  /** Path of the program. */
  readonly lnd: string;
  readonly bitcoin: BitcoinNode;
  readonly signal: AbortSignal;
};

/** An LND that these tests own. */
class LndProcess {
  readonly dir: string;
  /** `https://HOST:PORT`, as our gateway takes it. */
  readonly restUrl: string;
  /** `https://HOST:PORT`, as gatewayd takes it (`FM_LND_RPC_ADDR`). */
  readonly grpcUrl: string;
  /** `HOST:PORT` for other Lightning nodes. */
  readonly peerAddress: string;
  readonly certificatePath: string;
  readonly macaroonPath: string;
  readonly #options: LndProcessOptions;
  readonly #command: readonly string[];
  #process: OwnedProcess | undefined;

  constructor(options: LndProcessOptions) {
    const { dir, lnd, bitcoin } = options;
    const [peers, grpc, rest] = freePorts(3) as [number, number, number];
    this.#options = options;
    this.dir = dir;
    this.peerAddress = `127.0.0.1:${peers}`;
    this.grpcUrl = `https://127.0.0.1:${grpc}`;
    this.restUrl = `https://127.0.0.1:${rest}`;
    this.certificatePath = join(dir, "tls.cert");
    this.macaroonPath = join(dir, "data", "chain", "bitcoin", "regtest", "admin.macaroon");
    this.#command = [
      lnd,
      `--lnddir=${dir}`,
      "--bitcoin.regtest",
      "--bitcoin.node=bitcoind",
      `--bitcoind.rpchost=${new URL(bitcoin.url).host}`,
      `--bitcoind.rpcuser=${bitcoin.username}`,
      `--bitcoind.rpcpass=${bitcoin.password}`,
      "--bitcoind.rpcpolling",
      "--bitcoind.blockpollinginterval=1s",
      "--bitcoind.txpollinginterval=1s",
      "--noseedbackup",
      "--nobootstrap",
      `--listen=${this.peerAddress}`,
      `--rpclisten=127.0.0.1:${grpc}`,
      `--restlisten=127.0.0.1:${rest}`,
      "--bitcoin.minhtlcout=1",
    ];
  }

  /** Resolves when it can be asked and has all blocks. */
  async start(): Promise<void> {
    const { platform, dir, signal } = this.#options;
    await platform.files.makeDirectory(dir);
    this.#process = await OwnedProcess.start(platform.clock, {
      name: "lnd",
      command: this.#command,
      env: {},
      logFile: join(dir, "lnd.log"),
      signal,
    });
    await within("LND's start", until("LND is up", () => this.#isUp(), signal), START_MS);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Our connection to it. */
  open(onTrouble: (what: string) => void = () => undefined): Promise<Lnd> {
    const { platform: { clock, dice, files } } = this.#options;
    return openLnd(
      {
        url: this.restUrl,
        certificatePath: this.certificatePath,
        macaroonPath: this.macaroonPath,
        ...DEFAULT_PAYMENT_OPTIONS,
      },
      { clock, dice, files, openHttp: openPinnedHttp, onTrouble },
    );
  }

  async #isUp(): Promise<boolean> {
    if (!this.#process!.isRunning) throw new Error(`LND has ended:\n${await this.#process!.tail()}`);
    try {
      const lnd = await this.open();
      const { isSynced } = await lnd.info();
      lnd.close();
      return isSynced;
    } catch (thrown) {
      // its files or its interface aren't there yet
      if (thrown instanceof NodeError) return false;
      throw thrown;
    }
  }
}

export type LightningPair = {
  readonly bitcoin: BitcoinNode;
  /** A gateway's. */
  readonly inner: LndProcess;
  readonly outside: LndProcess;
  mine(blocks: number): Promise<void>;
  /** Resolves when both have all blocks: before it no channel can be opened. */
  synced(): Promise<void>;
  /** Resolves when either can pay the other: after a start, too. */
  ready(): Promise<void>;
};

/**
 * Two LNDs with a channel of 10,000,000 sat, half of it on each side, and as much again on the chain. Ends with the
 * suite.
 * @param options.bitcoin a running node with a wallet; by default one is started
 */
export async function startLightning(
  suite: Suite,
  options: { readonly lnd: string; readonly bitcoindDir?: string; readonly bitcoin?: BitcoinNode },
): Promise<LightningPair> {
  const platform = realPlatform(), { signal } = suite;
  const bitcoin = options.bitcoin ?? await ownBitcoin(suite, platform, options.bitcoindDir);
  const process = (name: string): LndProcess => {
    const lnd = new LndProcess({ platform, dir: join(suite.dir, name), lnd: options.lnd, bitcoin, signal });
    suite.onEnd(() => lnd.stop());
    return lnd;
  };
  const inner = process("lnd-inner"), outside = process("lnd-outside");
  await Promise.all([inner.start(), outside.start()]);
  const pair: LightningPair = {
    bitcoin,
    inner,
    outside,
    mine: (blocks) => mineOn(platform, bitcoin, blocks),
    synced: () => synced(platform, bitcoin, [inner, outside], signal),
    ready: async () => {
      await probed(platform, inner, outside, signal);
      await probed(platform, outside, inner, signal);
    },
  };
  const [a, b] = [await inner.open(), await outside.open()];
  for (const { operator } of [a, b]) await payFrom(platform, bitcoin, await operator.onchainAddress(), ONCHAIN_SATS);
  await pair.mine(BLOCKS_TO_OPEN);
  await until("LND has its coins", async () => (await a.operator.balances()).onchainSats === ONCHAIN_SATS, signal);
  await pair.synced();
  const { publicKey } = await b.info();
  const channel = { sizeSats: CHANNEL_SATS, pushSats: CHANNEL_SATS / 2n };
  await a.operator.openChannel({ publicKey, host: outside.peerAddress, ...channel });
  await pair.mine(BLOCKS_TO_OPEN);
  await until("the channel is open", async () => (await a.operator.channels())[0]?.isActive === true, signal);
  await pair.ready();
  a.close();
  b.close();
  return pair;
}

async function ownBitcoin(suite: Suite, platform: Platform, bitcoindDir: string | undefined): Promise<BitcoinNode> {
  const { node, process } = await startBitcoin({
    platform,
    dir: suite.dir,
    progress: () => undefined,
    signal: suite.signal,
    ...(bitcoindDir !== undefined && { bitcoindDir }),
  });
  suite.onEnd(() => process.stop());
  return node;
}

async function synced(
  platform: Platform,
  bitcoin: BitcoinNode,
  nodes: readonly LndProcess[],
  signal: AbortSignal,
): Promise<void> {
  const height = Number(await callBitcoin(platform, bitcoin, "getblockcount"));
  for (const process of nodes) {
    const lnd = await process.open();
    await until("LND has all blocks", async () => {
      const { isSynced, blockHeight } = await lnd.info();
      return isSynced && blockHeight >= height;
    }, signal);
    lnd.close();
  }
}

/** A channel that is active can't be used before both know its policies: only a payment tells. */
async function probed(platform: Platform, from: LndProcess, to: LndProcess, signal: AbortSignal): Promise<void> {
  const [payer, payee] = [await from.open(), await to.open()];
  await until("a payment goes over the channel", async () => {
    const invoice = { amountMsat: PROBE_MSAT, expirySecs: 3_600, description: "probe" };
    const text = await payee.operator.createInvoice(invoice);
    return (await payer.pay({ invoice: parseBolt11(text), feeLimitMsat: PROBE_MSAT, cltvLimit: 500 }, signal)).ok;
  }, signal);
  await sleep(platform.clock, POLL_MS, signal);
  payer.close();
  payee.close();
}
