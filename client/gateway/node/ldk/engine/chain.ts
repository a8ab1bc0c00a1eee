/**
 * The chain, read block by block from a Bitcoin node and told to LDK and to the wallet; back over blocks that the chain
 * left. Headers are kept, since the node may not know those any more.
 */
import type { BackendFailure, BitcoinBackend } from "../../../../../actors/bitcoin/backend.ts";
import { failureText } from "../../../../../actors/bitcoin/backend.ts";
import type { Logger } from "../../../../../actors/logger.ts";
import type { Clock } from "../../../../../actors/platform/platform.ts";
import { sleep } from "../../../../../actors/platform/platform.ts";
import { assert } from "../../../../../core/assert.ts";
import type { Block } from "../../../../../core/bitcoin/mod.ts";
import { block, blockHashOf, blockHeader } from "../../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { decode, encode } from "../../../../../core/encoding/mod.ts";
import type { Result } from "../../../../../core/result.ts";
import { err, ok } from "../../../../../core/result.ts";
import type { BlockHash } from "../../../../../core/types/ids.ts";
import { CHAIN_RETRY_MS, HEADERS_KEPT } from "../limits.ts";
import type { Disk } from "./disk.ts";
import { headerRecord, tipRecord } from "./records.ts";

export type Tip = { readonly hash: BlockHash; readonly height: number };
export type ReadBlock = {
  readonly raw: Bytes;
  readonly block: Block;
  readonly hash: BlockHash;
  readonly height: number;
};

/** Who follows the chain from a block of its own. */
export type Follower = {
  readonly tip: () => Tip;
  readonly connect: (block: ReadBlock) => void;
  /** @param header 80 bytes: of the tip, at this height */
  readonly disconnect: (header: Bytes, height: number) => void;
};

/** The node's chain has no block that we have read, near as we look: it is another chain. */
export class OtherChainError extends Error {
  override readonly name = "OtherChainError";
}

export class Chain {
  readonly #backend: BitcoinBackend;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #disk: Disk;
  readonly #signal: AbortSignal;
  /** Blocks that we have read, in this chain or in one that was left. */
  readonly #headers = new Map<BlockHash, { readonly raw: Bytes; readonly height: number }>();
  #complaint: string | null = null;

  constructor(parts: {
    readonly backend: BitcoinBackend;
    readonly clock: Clock;
    readonly log: Logger;
    readonly disk: Disk;
    readonly signal: AbortSignal;
  }) {
    this.#backend = parts.backend;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#disk = parts.disk;
    this.#signal = parts.signal;
  }

  get isReachable(): boolean {
    return this.#complaint === null;
  }

  async load(): Promise<Tip | null> {
    for (const [hash, bytes] of await this.#disk.list("header/")) this.#headers.set(hash, decode(headerRecord, bytes));
    return await this.#disk.get(tipRecord, "tip");
  }

  /** The newest block of the node. */
  async newest(): Promise<Tip> {
    const height = await this.#asked((signal) => this.#backend.blockCount(signal)) - 1;
    return { hash: await this.#asked((signal) => this.#backend.hashAt(height, signal)), height };
  }

  /** Of a block that was read, seconds; otherwise as the node has it. */
  async timeOf({ hash, height }: Tip): Promise<number> {
    const known = this.#headers.get(hash);
    if (known !== undefined) return decode(blockHeader, known.raw).time;
    return (await this.#read(height)).block.header.time;
  }

  /** Hash of the block before the one with this header. */
  static previousOf(header: Uint8Array): BlockHash {
    return decode(blockHeader, header).prevBlockhash;
  }

  hashAt(height: number): Promise<BlockHash> {
    return this.#asked((signal) => this.#backend.hashAt(height, signal));
  }

  /** sat per 1,000 vbytes; null without an estimate. */
  feerate(): Promise<Result<bigint | null, BackendFailure>> {
    return this.#backend.feerateSatPerKvb(this.#signal);
  }

  /** Hands a transaction on, until the node has it or says no. */
  async broadcast(raw: Bytes): Promise<Result<null, string>> {
    return await this.#asked<Result<null, string>>(async (signal) => {
      const sent = await this.#backend.broadcast(raw, signal);
      if (sent.ok) return ok(sent);
      return sent.error.code === "refused" ? ok(err(failureText(sent.error))) : sent;
    });
  }

  /**
   * Brings all of them to the node's newest block, each from its own. Reads each block once.
   * @returns whether anything was read @throws {OtherChainError}
   */
  async bring(followers: readonly Follower[], connected: (block: ReadBlock) => void): Promise<boolean> {
    const newest = await this.newest();
    if (followers.every((follower) => follower.tip().hash === newest.hash)) return false;
    // a node that is behind, or that is being reorganised, is waited for
    if (followers.some((follower) => follower.tip().height > newest.height)) return false;
    for (const follower of followers) await this.#rewind(follower);
    let has = false;
    for (;;) {
      const lowest = followers.reduce((least, { tip }) => Math.min(least, tip().height), newest.height);
      if (lowest >= newest.height) return has;
      const next = await this.#read(lowest + 1);
      const behind = followers.filter((follower) => follower.tip().height === lowest);
      if (behind.some((follower) => follower.tip().hash !== next.block.header.prevBlockhash)) {
        // the chain has changed while it was read
        for (const follower of behind) await this.#rewind(follower);
        continue;
      }
      for (const follower of behind) follower.connect(next);
      this.#keepHeader(next);
      connected(next);
      has = true;
    }
  }

  /** Puts the tip of the node on disk, with what goes with it. */
  keepTip(tip: Tip): void {
    this.#disk.put(tipRecord, "tip", tip);
  }

  async #rewind(follower: Follower): Promise<void> {
    for (;;) {
      const tip = follower.tip();
      if (await this.hashAt(tip.height) === tip.hash) return;
      const header = this.#headers.get(tip.hash);
      if (header === undefined) {
        throw new OtherChainError(
          `The Bitcoin node's chain has another block at height ${tip.height} than the Lightning node has read ` +
            `(${tip.hash}). Use a node of the same chain.`,
        );
      }
      this.#log.info("A block has left the chain", { height: tip.height, hash: tip.hash });
      follower.disconnect(header.raw, tip.height);
      assert(follower.tip().height === tip.height - 1, "who follows the chain goes back block by block");
    }
  }

  async #read(height: number): Promise<ReadBlock> {
    for (;;) {
      const hash = await this.hashAt(height);
      const raw = await this.#asked((signal) => this.#backend.blockOf(hash, signal));
      const decoded = decode(block, raw);
      if (blockHashOf(decoded.header) === hash) return { raw, block: decoded, hash, height };
      this.#log.warn("The Bitcoin node answers with another block than was asked for", { height });
      await sleep(this.#clock, CHAIN_RETRY_MS, this.#signal);
    }
  }

  #keepHeader({ block: { header }, hash, height }: ReadBlock): void {
    if (this.#headers.has(hash)) return;
    const record = { raw: encode(blockHeader, header), height };
    this.#headers.set(hash, record);
    this.#disk.put(headerRecord, `header/${hash}`, record);
    for (const [old, { height: at }] of this.#headers) {
      if (at > height - HEADERS_KEPT) continue;
      this.#headers.delete(old);
      this.#disk.remove(`header/${old}`);
    }
  }

  /** Asks until the node answers. Rejects when the signal is aborted. */
  async #asked<T>(ask: (signal: AbortSignal) => Promise<Result<T, BackendFailure>>): Promise<T> {
    for (;;) {
      const answer = await ask(this.#signal);
      this.#signal.throwIfAborted();
      if (answer.ok) {
        if (this.#complaint !== null) this.#log.info("The Bitcoin node answers again");
        this.#complaint = null;
        return answer.value;
      }
      const complaint = failureText(answer.error);
      if (complaint !== this.#complaint) this.#log.warn("The Bitcoin node doesn't answer", { reason: complaint });
      this.#complaint = complaint;
      await sleep(this.#clock, CHAIN_RETRY_MS, this.#signal);
    }
  }
}
