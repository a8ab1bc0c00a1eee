/**
 * The embedded node: what LDK asks for is done here, and in this order, again and again: LDK's messages and events are
 * handled until there are no more, then all that has changed goes to disk in one commit (monitors, the manager of the
 * same moment, our books), then what was held back leaves: bytes to peers, transactions to the chain, answers.
 */
import type { BitcoinBackend } from "../../../../../actors/bitcoin/backend.ts";
import type { CoinFinder } from "../../../../../actors/bitcoin/coins.ts";
import type { Logger } from "../../../../../actors/logger.ts";
import type { Platform, Timer } from "../../../../../actors/platform/platform.ts";
import { sleep } from "../../../../../actors/platform/platform.ts";
import type { Tcp } from "../../../../../actors/platform/tcp.ts";
import type { Store } from "../../../../../actors/store/store.ts";
import { bitcoinTransaction, bitcoinTxidOf } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromHex } from "../../../../../core/bytes.ts";
import { decode, encode } from "../../../../../core/encoding/mod.ts";
import type { Result } from "../../../../../core/result.ts";
import { errorText } from "../../../../../core/result.ts";
import type { NodeError } from "../../node.ts";
import {
  BLOCK_POLL_MS,
  BLOCK_POLL_REGTEST_MS,
  FEE_POLL_MS,
  GRAPH_BYTES_MAX,
  GRAPH_KEPT_MS,
  MANAGER_TICK_MS,
  PEERS_TICK_MS,
  REBROADCAST_MS,
  REDIAL_MS,
} from "../limits.ts";
import type { LdkSettings } from "../settings.ts";
import { forgetterOf, loadLdk, unwrap } from "./bindings.ts";
import type { Tip } from "./chain.ts";
import { Chain } from "./chain.ts";
import { Channels } from "./channels.ts";
import { Commits } from "./commits.ts";
import type { Core } from "./core.ts";
import { Disk } from "./disk.ts";
import { EventDesk } from "./events.ts";
import { Fees } from "./fees.ts";
import { followersOf } from "./followers.ts";
import { checkIdentity } from "./identity.ts";
import { Invoices } from "./invoices.ts";
import { WalletKeys } from "./keys.ts";
import type { Lightning } from "./lightning.ts";
import { openLightning } from "./lightning.ts";
import { Monitors } from "./monitors.ts";
import { Payments } from "./payments.ts";
import { searchCoins } from "./search.ts";
import { Sockets } from "./sockets.ts";
import { Sweeps } from "./sweeps.ts";
import { Wallet } from "./wallet.ts";

export type EngineParts = {
  readonly settings: LdkSettings;
  readonly platform: Pick<Platform, "clock" | "dice" | "files">;
  readonly tcp: Tcp;
  readonly store: Store;
  readonly backend: BitcoinBackend;
  readonly finder: CoinFinder;
  readonly log: Logger;
  /** Something that callers may wait for has changed. */
  readonly changed: () => void;
  /** What can't go on: the process ends with this text. Nothing is told to anybody after it. */
  readonly fail: (thrown: unknown) => void;
};

export class Engine implements Core {
  readonly disk: Disk;
  readonly wallet: Wallet;
  readonly keys: WalletKeys;
  readonly fees = new Fees();
  readonly commits: Commits;
  lightning!: Lightning;
  sockets!: Sockets;
  payments!: Payments;
  invoices!: Invoices;
  sweeps!: Sweeps;
  channels!: Channels;
  readonly #parts: EngineParts;
  readonly #chain: Chain;
  readonly #stop = new AbortController();
  readonly #timers = new Set<Timer>();
  #events!: EventDesk;
  /** Of what LDK's objects were given and need no more. */
  #forget: () => void = () => {};
  #tip: Tip = { hash: "", height: 0 };
  #chainSecs = 0n;
  #isSynced = false;
  #broadcasts: Uint8Array[] = [];
  #isPumping = false;
  /** Something has come while it was pumped. */
  #again = false;
  #isPoked = false;
  /** What a folder that is older than what was told is refused with, once that is on disk. */
  #stale: Promise<NodeError> | null = null;
  #isSending = false;
  #isSendingDue = false;
  /** LDK isn't asked anything before all is there. */
  #isReady = false;

  private constructor(parts: EngineParts) {
    const { settings, platform, store, backend, log } = parts;
    this.#parts = parts;
    this.disk = new Disk(store);
    this.keys = new WalletKeys(fromHex(settings.seedHex));
    this.wallet = new Wallet(this.disk, this.keys, settings.network);
    this.commits = new Commits(this.disk);
    const { clock } = platform;
    this.#chain = new Chain({ backend, clock, log, disk: this.disk, signal: this.#stop.signal });
  }

  /** Resolves when it has read the chain and answers. @throws what it can't start with */
  static async start(parts: EngineParts): Promise<Engine> {
    await loadLdk(parts.platform.files);
    const engine = new Engine(parts);
    await engine.#start();
    return engine;
  }

  get network(): LdkSettings["network"] {
    return this.#parts.settings.network;
  }

  get tip(): Tip {
    return this.#tip;
  }

  get isSynced(): boolean {
    return this.#isSynced && this.#chain.isReachable;
  }

  /** Ends the node. If a peer proved a newer state than ours, that is on disk before. */
  fail(thrown: unknown): void {
    const { fail } = this.#parts;
    if (this.#stale === null) fail(thrown);
    else this.#stale.then(fail, fail);
  }

  nowSecs(): bigint {
    return BigInt(Math.floor(this.#parts.platform.clock.nowMs() / 1_000));
  }

  async #start(): Promise<void> {
    const { settings, platform, tcp, log, changed } = this.#parts;
    await this.commits.load(settings.leastCommits);
    await this.wallet.load();
    const stored = await this.#chain.load();
    await this.#readFeerate();
    const monitors = new Monitors(this.disk);
    this.lightning = await openLightning({
      seed: fromHex(settings.seedHex),
      keys: this.keys,
      network: settings.network,
      dice: platform.dice,
      nowSecs: Number(this.nowSecs()),
      log,
      disk: this.disk,
      fees: this.fees,
      monitors,
      newest: () => this.#chain.newest(),
      broadcast: (txs) => {
        for (const tx of txs) this.#broadcasts.push(tx.slice());
        this.poke();
      },
      // LDK panics as soon as it has said so
      onFallenBehind: (text) => this.fail(this.#stale ??= this.commits.markStale(text)),
    });
    const { manager, nodeKey, nodeSecret, peers, spender } = this.lightning;
    await checkIdentity(this.disk, { nodeKey, network: settings.network, firstBlock: await this.#chain.hashAt(1) });
    const best = manager.current_best_block();
    this.#tip = stored ?? followersOf(this.lightning, this.fees).manager.tip();
    this.#chainSecs = this.nowSecs();
    const shared = { disk: this.disk, manager, nowSecs: () => this.nowSecs(), log, changed };
    this.payments = new Payments({ ...shared, currency: settings.network });
    this.invoices = new Invoices({
      ...shared,
      nodeSecret,
      chainSecs: () => this.#chainSecs,
      height: () => this.#tip.height,
    });
    this.sweeps = new Sweeps({ disk: this.disk, spender, wallet: this.wallet, fees: this.fees, log });
    this.sockets = new Sockets({
      tcp,
      disk: this.disk,
      peers,
      poke: () => this.poke(),
      fail: (thrown) => this.fail(thrown),
    });
    this.channels = new Channels(this, platform, log);
    this.#events = new EventDesk(this, this.channels, platform.clock, log);
    await Promise.all([this.payments.load(), this.invoices.load(), this.sweeps.load(), this.channels.load()]);
    log.debug("LDK is open", { height: best.get_height() });
    await this.#catchUp();
    for (const monitor of this.lightning.monitors) {
      unwrap(this.lightning.watch.watch_channel(monitor.get_funding_txo().get_a(), monitor), "watching a channel");
    }
    const { chainMonitor, graph, scores, watch } = this.lightning;
    this.#forget = forgetterOf([manager, chainMonitor, graph, peers, scores, spender, watch]);
    this.payments.checkWithLdk();
    this.channels.forgetUnfunded();
    this.#isReady = true;
    this.invoices.resume();
    await this.pump();
    if (settings.listen !== null) await this.sockets.listen(settings.listen);
    this.#startTimers();
    this.#sendWaiting();
    this.#beside(this.#follow());
    this.#beside(this.#search());
  }

  async #search(): Promise<void> {
    const { disk, keys, wallet } = this, { finder, log, platform: { clock } } = this.#parts;
    const { signal } = this.#stop;
    await searchCoins({ finder, clock, disk, keys, wallet, tip: () => this.#tip, log, signal });
    await this.pump();
  }

  /** Manager, wallet and each monitor from its own block to the newest. */
  async #catchUp(): Promise<void> {
    const { manager, monitors } = followersOf(this.lightning, this.fees);
    let isThere = false;
    while (!isThere) {
      await this.#chain.bring([manager, this.#walletFollower(), ...monitors], (read) => {
        this.#chainSecs = BigInt(read.block.header.time);
      });
      const height = this.#tip.height;
      isThere = manager.tip().height === height && monitors.every((monitor) => monitor.tip().height === height);
      if (!isThere) await sleep(this.#parts.platform.clock, BLOCK_POLL_REGTEST_MS, this.#stop.signal);
    }
    this.#isSynced = true;
    await this.#readChainTime();
  }

  /** When nothing was read: LDK's clock is that of its newest block. */
  async #readChainTime(): Promise<void> {
    this.#chainSecs = BigInt(await this.#chain.timeOf(this.#tip));
  }

  async #readFeerate(): Promise<void> {
    const rate = await this.#chain.feerate();
    if (rate.ok) this.fees.set(rate.value);
  }

  #walletFollower() {
    return {
      tip: () => this.#tip,
      connect: ({ block, hash, height }: { block: Parameters<Wallet["connect"]>[0]; hash: string; height: number }) => {
        this.wallet.connect(block, height);
        this.#tip = { hash, height };
        this.#chain.keepTip(this.#tip);
      },
      disconnect: (header: Uint8Array, height: number) => {
        this.wallet.disconnect(height);
        this.#tip = { hash: Chain.previousOf(header), height: height - 1 };
        this.#chain.keepTip(this.#tip);
      },
    };
  }

  async #follow(): Promise<void> {
    const { clock } = this.#parts.platform;
    const pollMs = this.#parts.settings.network === "regtest" ? BLOCK_POLL_REGTEST_MS : BLOCK_POLL_MS;
    const { manager, chainMonitor } = followersOf(this.lightning, this.fees);
    for (let feeDueMs = clock.monotonicMs();;) {
      await sleep(clock, pollMs, this.#stop.signal);
      if (clock.monotonicMs() >= feeDueMs) {
        await this.#readFeerate();
        feeDueMs = clock.monotonicMs() + FEE_POLL_MS;
      }
      const both = {
        tip: manager.tip,
        connect: (read: Parameters<typeof manager.connect>[0]) => {
          manager.connect(read);
          chainMonitor.connect(read);
        },
        disconnect: (header: Parameters<typeof manager.disconnect>[0], height: number) => {
          manager.disconnect(header, height);
          chainMonitor.disconnect(header, height);
        },
      };
      const has = await this.#chain.bring([both, this.#walletFollower()], (read) => {
        this.#chainSecs = BigInt(read.block.header.time);
      });
      if (!has) continue;
      this.sweeps.step(this.#tip.height);
      await this.pump();
      this.#sendWaiting();
    }
  }

  /** LDK or our books have something to do. */
  poke(): void {
    if (this.#isPoked || !this.#isReady) return;
    this.#isPoked = true;
    queueMicrotask(() => {
      this.#isPoked = false;
      this.pump().catch((thrown) => this.fail(thrown));
    });
  }

  /** Does all that there is to do. Resolves when it is on disk. */
  async pump(): Promise<void> {
    if (this.#isPumping) {
      const mark = this.disk.mark;
      this.#again = true;
      return await this.disk.whenDurable(mark);
    }
    this.#isPumping = true;
    try {
      do {
        this.#again = false;
        this.#settle();
        const isNeeded = this.lightning.manager.get_and_clear_needs_persistence();
        const broadcasts = this.#broadcasts;
        this.#broadcasts = [];
        if (isNeeded || this.disk.hasChanges) {
          this.disk.putBytes("manager", this.lightning.manager.write());
          this.commits.next();
          await this.disk.commit();
          this.commits.done();
          this.#again = true;
        }
        if (broadcasts.length > 0) this.#sendWaiting();
      } while (this.#again && !this.#stop.signal.aborted);
    } finally {
      this.#isPumping = false;
    }
  }

  /** Until LDK has nothing more to say. Nothing is awaited here: what follows is written at one moment. */
  #settle(): void {
    do {
      this.lightning.peers.process_events();
    } while (this.#events.handleAll());
    this.invoices.told();
    for (const raw of this.#broadcasts) this.#keep(raw);
    this.#forget();
  }

  #keep(raw: Uint8Array): void {
    const tx = decode(bitcoinTransaction, raw);
    const txid = this.wallet.keep(tx, "Lightning", this.#tip.height);
    this.channels.broadcast(txid);
  }

  /** Sends what isn't in the chain yet. While a sending goes on another one is noted. */
  #sendWaiting(): void {
    this.#isSendingDue = true;
    if (this.#isSending) return;
    this.#isSending = true;
    this.#beside(this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    try {
      while (this.#isSendingDue) {
        this.#isSendingDue = false;
        const waiting = this.wallet.waiting();
        await this.disk.whenDurable();
        for (const tx of waiting) {
          const sent = await this.#chain.broadcast(encode(bitcoinTransaction, tx));
          const facts = { txid: bitcoinTxidOf(tx), reason: sent.ok ? "" : sent.error };
          if (!sent.ok) this.#parts.log.debug("The Bitcoin node doesn't take a transaction", facts);
        }
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** Work that nobody awaits: what it throws ends the process, but for the end itself. */
  #beside(work: Promise<void>): void {
    work.catch((thrown) => {
      if (!this.#stop.signal.aborted) this.fail(thrown);
    });
  }

  /** Sends a transaction of the wallet's that is on disk. The error: the Bitcoin node's no. */
  async sendNow(raw: Bytes): Promise<Result<null, string>> {
    await this.pump();
    return await this.#chain.broadcast(raw);
  }

  #every(delayMs: number, work: () => void): void {
    const set = (): void => {
      const timer = this.#parts.platform.clock.setTimer(delayMs, () => {
        this.#timers.delete(timer);
        if (this.#stop.signal.aborted) return;
        set();
        try {
          work();
        } catch (thrown) {
          this.fail(thrown);
        }
        this.poke();
      });
      this.#timers.add(timer);
    };
    set();
  }

  #startTimers(): void {
    const { manager, chainMonitor, graph, peers, scores } = this.lightning;
    manager.timer_tick_occurred();
    chainMonitor.archive_fully_resolved_channel_monitors();
    this.#every(PEERS_TICK_MS, () => peers.timer_tick_occurred());
    this.#every(REBROADCAST_MS, () => {
      chainMonitor.rebroadcast_pending_claims();
      this.#sendWaiting();
    });
    this.#every(MANAGER_TICK_MS, () => {
      manager.timer_tick_occurred();
      graph.remove_stale_channels_and_tracking_with_time(this.nowSecs());
      scores.time_passed(this.nowSecs());
      this.invoices.prune();
    });
    this.channels.redial();
    this.#every(REDIAL_MS, () => this.channels.redial());
    this.#every(GRAPH_KEPT_MS, () => {
      this.#keepGraph();
      chainMonitor.archive_fully_resolved_channel_monitors();
    });
  }

  #keepGraph(): void {
    const graph = this.lightning.graph.write(), scorer = this.lightning.scorer.write();
    if (graph.length > GRAPH_BYTES_MAX || scorer.length > GRAPH_BYTES_MAX) return;
    this.disk.putBytes("graph", graph);
    this.disk.putBytes("scorer", scorer);
  }

  /** Orderly: what is under way goes on at the next start. */
  async close(): Promise<void> {
    this.#keepGraph();
    await this.pump();
    this.#stop.abort(new Error("the node is closing"));
    for (const timer of this.#timers) timer.cancel();
    this.lightning.peers.disconnect_all_peers();
    try {
      await this.sockets.close();
    } catch (thrown) {
      this.#parts.log.warn("A socket could not be closed", { reason: errorText(thrown) });
    }
  }
}
