/** What a server module sees of the Bitcoin network. */
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";

/** What a guardian's Bitcoin node says. */
export type BitcoinStatus = {
  readonly network: BitcoinNetwork;
  /** Hash of block 1. */
  readonly chainId: BlockHash;
  /** Height of the tip + 1. */
  readonly blockCount: number;
  /** sat per 1,000 vbytes; null when the node has no estimate. */
  readonly feerateSatPerKvb: bigint | null;
  /** 0 … 1; null when unknown. */
  readonly syncProgress: number | null;
};

/** The Bitcoin network, as a module sees it. */
export interface BitcoinSource {
  /** The newest status that was polled; null while the node can't be reached. */
  status(): Promise<BitcoinStatus | null>;
  /** Raw block at a height; asks again until the node answers or the signal is aborted. */
  blockAt(height: number, signal: AbortSignal): Promise<Bytes>;
  /**
   * Hands a raw transaction to the node, whatever its fee. Ok when the node has it in its pool or in a block; the error says why it
   * doesn't. Never throws: who calls says what is wrong, and repeats.
   */
  broadcast(transaction: Bytes): Promise<Result<null, string>>;
}

/** Whether a node is one for a network. Networks are told by the first block, and testnet4's isn't known: its nodes count as regtest. */
export function isNodeOf(network: BitcoinNetwork, status: BitcoinStatus): boolean {
  return status.network === network || (network === "testnet4" && status.network === "regtest");
}
