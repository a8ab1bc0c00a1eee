/**
 * The dev chain's state, loaded from its store and written to it: chain, mempool, wallet. What a method promises is
 * durable when it resolves; memory changes after the store did, and a store that fails throws, so that the actor around
 * it starts again from what is there.
 */
import type { Logger } from "../../../actors/logger.ts";
import type { Clock, Dice } from "../../../actors/platform/platform.ts";
import type { ReadTx, StoreView } from "../../../actors/store/mod.ts";
import { checkSchema } from "../../../actors/store/mod.ts";
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { bitcoinTransaction, block } from "../../../core/bitcoin/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { decode, DecodeError } from "../../../core/encoding/mod.ts";
import type { BlockHash } from "../../../core/types/ids.ts";
import { checkForMempool } from "./rules/accept.ts";
import { checkBlock } from "./rules/block_checks.ts";
import { Chain } from "./chain.ts";
import * as db from "./db.ts";
import { DevchainError } from "./error.ts";
import { Mempool } from "./mempool.ts";
import type { MempoolEntry } from "./mempool.ts";
import type { PackageOutcome } from "./package.ts";
import { enterPackage } from "./package.ts";
import { LOAD_SCRIPT_BLOCKS } from "./params.ts";
import type { Checked } from "./rules/reject.ts";
import { rejectText } from "./rules/reject.ts";
import { mineBlock } from "./template.ts";
import { Wallet } from "./wallet.ts";

export type World = { readonly clock: Clock; readonly dice: Dice };

export class Devnode {
  readonly chain: Chain;
  readonly mempool: Mempool;
  readonly wallet: Wallet;
  readonly startedMs: number;
  readonly #store: StoreView;
  readonly #seed: Bytes;
  readonly #clock: Clock;

  private constructor(parts: {
    readonly chain: Chain;
    readonly mempool: Mempool;
    readonly wallet: Wallet;
    readonly store: StoreView;
    readonly seed: Bytes;
    readonly clock: Clock;
  }) {
    this.chain = parts.chain;
    this.mempool = parts.mempool;
    this.wallet = parts.wallet;
    this.#store = parts.store;
    this.#seed = parts.seed;
    this.#clock = parts.clock;
    this.startedMs = parts.clock.monotonicMs();
  }

  /**
   * Reads the store and checks everything in it again. @throws {DevchainError} `damaged` @throws {StoreError}
   * `newer_schema`
   */
  static async open(store: StoreView, { clock, dice }: World, log: Logger): Promise<Devnode> {
    await checkSchema(store, db.CHAIN_SCHEMA);
    const opened = await store.transact(async (tx) => {
      const stored = await db.wallet(tx);
      const record = stored ?? { seed: dice.bytes(32), addresses: 1 };
      if (stored === undefined) db.putWallet(tx, record);
      return record;
    });
    await opened.durable;
    const { seed, addresses } = opened.value;
    const chain = new Chain(), mempool = new Mempool(), wallet = new Wallet(seed, addresses);
    await store.read((tx) => loadBlocks(tx, chain, wallet));
    const dropped = await store.read((tx) => loadMempool(tx, chain, mempool, log));
    if (dropped.length > 0) {
      await (await store.transact((tx) => dropped.forEach((sequence) => db.deleteMempool(tx, sequence)))).durable;
    }
    log.info("Dev chain loaded", { height: chain.height, mempool: mempool.size });
    return new Devnode({ chain, mempool, wallet, store, seed, clock });
  }

  nowSeconds(): number {
    return Math.floor(this.#clock.nowMs() / 1000);
  }

  uptimeSeconds(): number {
    return Math.floor((this.#clock.monotonicMs() - this.startedMs) / 1000);
  }

  /** Checks only. */
  check(tx: BitcoinTransaction): Checked<MempoolEntry> {
    return checkForMempool(this.chain, this.mempool, tx, this.nowSeconds());
  }

  /** Puts what `check` accepted into the mempool, in the place of those that it replaces. */
  async accept(entry: MempoolEntry): Promise<void> {
    const { sequence, time, height, raw } = entry, replaced = this.mempool.replacedBy(entry.tx);
    const { durable } = await this.#store.transact((tx) => {
      for (const { sequence: old } of replaced) db.deleteMempool(tx, old);
      db.putMempool(tx, sequence, { time, height, raw });
    });
    for (const old of replaced) this.mempool.remove(old);
    this.mempool.add(entry);
    await durable;
  }

  /** Tries transactions that come together, and puts those that pass into the mempool in one commit. */
  async acceptPackage(txs: readonly BitcoinTransaction[]): Promise<PackageOutcome> {
    const outcome = enterPackage(this.chain, this.mempool, txs, this.nowSeconds());
    const entered = outcome.results.flatMap((result) => result.tag === "entered" ? [result.entry] : []);
    const { durable } = await this.#store.transact((tx) => {
      for (const { sequence } of outcome.replaced) db.deleteMempool(tx, sequence);
      for (const { sequence, time, height, raw } of entered) db.putMempool(tx, sequence, { time, height, raw });
    });
    await durable;
    return outcome;
  }

  /** Mines blocks that pay to `payout`; each is a commit of its own, and all are durable at the end. */
  async generate(count: number, payout: Bytes): Promise<BlockHash[]> {
    const hashes: BlockHash[] = [];
    let durable = Promise.resolve();
    for (let i = 0; i < count; i++) {
      const mined = mineBlock(this.chain, this.mempool, payout, this.nowSeconds());
      // scripts were run when the transactions came, and nothing they depend on has changed
      const checked = checkBlock(this.chain, mined.block, { nowSeconds: null, scripts: false });
      assert(checked.ok, `our own block is valid: ${checked.ok ? "" : rejectText(checked.error)}`);
      const { stored } = checked.value;
      const committed = await this.#store.transact((tx) => {
        db.putBlock(tx, stored.height, stored.raw);
        for (const { sequence } of mined.confirmed) db.deleteMempool(tx, sequence);
      });
      this.chain.append(checked.value);
      this.wallet.connect(checked.value);
      for (const entry of mined.confirmed) this.mempool.remove(entry);
      // the store makes commits durable in order: the last one stands for all
      durable = committed.durable;
      hashes.push(stored.hash);
    }
    await durable;
    return hashes;
  }

  /** A further address of the wallet, as its output script. */
  async newAddress(): Promise<Bytes> {
    const script = this.wallet.scriptAt(this.wallet.addresses);
    const record = { seed: this.#seed, addresses: this.wallet.addresses + 1 };
    const { durable } = await this.#store.transact((tx) => db.putWallet(tx, record));
    this.wallet.addAddress();
    await durable;
    return script;
  }
}

async function loadBlocks(tx: ReadTx, chain: Chain, wallet: Wallet): Promise<void> {
  const last = await db.lastHeight(tx);
  for await (const { height, raw } of db.blocks(tx)) {
    const scripts = height > last - LOAD_SCRIPT_BLOCKS;
    const checked = height === chain.height + 1
      ? checkStored(chain, raw, scripts)
      : damaged(height, "a block is missing");
    if (!checked.ok) damaged(height, rejectText(checked.error));
    chain.append(checked.value);
    wallet.connect(checked.value);
  }
}

function checkStored(chain: Chain, raw: Bytes, scripts: boolean): ReturnType<typeof checkBlock> {
  try {
    return checkBlock(chain, decode(block, raw), { nowSeconds: null, scripts });
  } catch (thrown) {
    if (thrown instanceof DecodeError) damaged(chain.height + 1, thrown.message);
    throw thrown;
  }
}

function damaged(height: number, reason: string): never {
  throw new DevchainError(
    { code: "damaged", height, reason },
    `The stored chain is damaged at height ${height}: ${reason}. Restore the folder, or start with an empty one.`,
  );
}

/** Returns what is no longer accepted, after an update with stricter rules say. */
async function loadMempool(tx: ReadTx, chain: Chain, mempool: Mempool, log: Logger): Promise<number[]> {
  const dropped: number[] = [];
  for (const { sequence, record } of await db.mempoolRecords(tx)) {
    const { raw, time, height } = record;
    const checked = checkForMempool(chain, mempool, decode(bitcoinTransaction, raw), time, { fee: "any" });
    if (checked.ok) {
      mempool.add({ ...checked.value, sequence, height });
    } else {
      log.warn("A transaction of the mempool is no longer accepted", { reason: rejectText(checked.error) });
      dropped.push(sequence);
    }
  }
  return dropped;
}
