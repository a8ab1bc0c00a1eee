/**
 * What the watcher needs of a Bitcoin node, whichever protocol it speaks. `fedimint-server-core/src/bitcoin_rpc.rs`
 * (`IServerBitcoinRpc`).
 */
import type { Bytes } from "../../core/bytes.ts";
import type { Result } from "../../core/result.ts";
import type { BlockHash } from "../../core/types/ids.ts";

/** Why the node gave no answer that can be used. Never holds credentials. */
export type BackendFailure =
  /** No connection, or none in time. */
  | { readonly code: "unreachable" | "timeout" }
  /** It has too many questions to answer, and is left alone for as long as it asks. */
  | { readonly code: "busy" }
  /** It has deleted this block, which is old. */
  | { readonly code: "pruned"; readonly height: number }
  /**
   * Its chain isn't the one that was read before, from a block on: this one if `exactly`, otherwise this or one before
   * it that isn't remembered.
   */
  | { readonly code: "other_chain"; readonly since: number; readonly exactly: boolean }
  /** bitcoind's chain isn't Esplora's. */
  | { readonly code: "two_chains" }
  /** It doesn't know our user and password. */
  | { readonly code: "unauthorized" }
  /** It answered with its own error, such as a block that it doesn't have yet. */
  | { readonly code: "refused"; readonly rpcCode: number; readonly text: string }
  /** Too large, not JSON-RPC, or not what was asked for. */
  | { readonly code: "bad_answer"; readonly text: string };

export type Answer<T> = Promise<Result<T, BackendFailure>>;

export interface BitcoinBackend {
  /** Height of the tip + 1. */
  blockCount(signal: AbortSignal): Answer<number>;
  /** The same, and whether the node still loads the chain for the first time, so that its tip is an old one. */
  blockCountAndDownload(signal: AbortSignal): Answer<{ readonly blockCount: number; readonly downloading: boolean }>;
  /** Of the tip: while it stays, so does all that the chain tells. Null when the backend has no tip of its own. */
  tipHash(signal: AbortSignal): Answer<BlockHash | null>;
  hashAt(height: number, signal: AbortSignal): Answer<BlockHash>;
  /** The raw block; its header was checked against the hash. */
  blockOf(hash: BlockHash, signal: AbortSignal): Answer<Bytes>;
  /** sat per 1,000 vbytes for the next block; null when the node has no estimate. */
  feerateSatPerKvb(signal: AbortSignal): Answer<bigint | null>;
  /** 0 … 1; null when the backend can't tell. */
  syncProgress(signal: AbortSignal): Answer<number | null>;
  /** A transaction that is in the chain already counts as handed on. */
  broadcast(transaction: Bytes, signal: AbortSignal): Answer<null>;
}

/** One line for the log. */
export function failureText(failure: BackendFailure): string {
  switch (failure.code) {
    case "unreachable":
      return "no connection";
    case "timeout":
      return "no answer in time";
    case "busy":
      return "it has too many questions and asks to be left alone for a while";
    case "pruned":
      return `the node has pruned block ${failure.height}, which the federation needs: turn pruning off (prune=0) and ` +
        "load the chain again (-reindex), or name an Esplora server beside it (FM_ESPLORA_URL)";
    case "other_chain":
      return `the node follows another chain since block ${failure.since}${failure.exactly ? "" : " or before it"}: ` +
        "nothing is read from it. Use a node of the chain that this guardian has read";
    case "two_chains":
      return "bitcoind and Esplora follow different chains: use two of the same network";
    case "unauthorized":
      return "user or password is wrong";
    case "refused":
      return failure.text === "" ? `error ${failure.rpcCode}` : `error ${failure.rpcCode}: ${failure.text}`;
    case "bad_answer":
      return failure.text;
  }
}
