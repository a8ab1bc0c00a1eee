/**
 * What the guardian remembers of the chain that it has read: which chain it is, and the hashes of the last blocks that
 * it took in. A node that is set up anew on another chain, or goes over to a branch that leaves before the last block
 * read, would have this guardian count deposits that the others don't know: nothing more is read from such a node.
 *
 * | Key | Value |
 * |---|---|
 * | `i` | hash of block 1, 32 B |
 * | `h` ‖ height u64 BE | hash of the block that was read, 32 B |
 */
import { numberIn, numberKey } from "../../actors/store/number_key.ts";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import { blockHashOf, blockHeader } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { Answer, BackendFailure } from "../../actors/bitcoin/backend.ts";
import { BLOCK_HASHES_KEPT } from "./limits.ts";

/** Of the guardian's store. */
export const CHAIN_MEMORY_PREFIX = Uint8Array.of(0x60);

const CHAIN_ID = utf8("i"), HASHES = utf8("h");
const HEADER_BYTES = 80;
/** More than come in at a time: after a gap what is old goes too, little by little. */
const FORGOTTEN_AT_ONCE = 8;

type Known = { readonly height: number; readonly hash: BlockHash };

function keyOf(height: number): Bytes {
  return numberKey(HASHES, height);
}

async function hashAt(tx: ReadTx, height: number): Promise<BlockHash | undefined> {
  const value = await tx.get(keyOf(height));
  return value && toHex(value);
}

/** Ascending; all without a bound. */
async function known(tx: ReadTx, newest?: number): Promise<Known[]> {
  const found: Known[] = [];
  const range = newest === undefined ? { prefix: HASHES } : { prefix: HASHES, reverse: true, limit: newest };
  for await (const { key, value } of tx.range(range)) {
    found.push({ height: numberIn(key, HASHES.length), hash: toHex(value) });
  }
  return found;
}

function otherChain(since: number, exactly: boolean): { readonly ok: false; readonly error: BackendFailure } {
  return err({ code: "other_chain", since, exactly });
}

export class ChainMemory {
  readonly #store: StoreView;

  /** @param store its own part of the guardian's */
  constructor(store: StoreView) {
    this.#store = store;
  }

  /** Whether the node is still on the chain that was read. One question while all is well. */
  async check(
    chainId: BlockHash,
    blockCount: number,
    askHash: (height: number) => Answer<BlockHash>,
  ): Promise<Result<null, BackendFailure>> {
    const { id, last } = await this.#store.read(async (tx) => ({
      id: await tx.get(CHAIN_ID),
      last: (await known(tx, 1))[0],
    }));
    if (id === undefined || last === undefined) return ok(null);
    if (toHex(id) !== chainId) return otherChain(1, true);
    if (last.height < blockCount) {
      const hash = await askHash(last.height);
      if (!hash.ok) return hash;
      if (hash.value === last.hash) return ok(null);
    }
    // a shorter chain may be the same that loads again
    const hashes = (await this.#store.read((tx) => known(tx))).filter(({ height }) => height < blockCount);
    return await firstOther(hashes, askHash);
  }

  /**
   * Takes note of a block before it is given out, unless it belongs to another chain than those before it. Whoever is
   * given it commits later, into the same store, so that the note is durable first.
   */
  async remember(chainId: BlockHash, height: number, block: Bytes): Promise<Result<null, BackendFailure>> {
    const header = decode(blockHeader, block.subarray(0, HEADER_BYTES));
    const hash = blockHashOf(header);
    const { value } = await this.#store.transact((tx) => note(tx, chainId, { height, hash }, header.prevBlockhash));
    return value;
  }
}

async function note(
  tx: StoreTx,
  chainId: BlockHash,
  { height, hash }: Known,
  parent: BlockHash,
): Promise<Result<null, BackendFailure>> {
  const id = await tx.get(CHAIN_ID);
  if (id !== undefined && toHex(id) !== chainId) return otherChain(1, true);
  const before = height > 0 ? await hashAt(tx, height - 1) : undefined;
  if (before !== undefined && before !== parent) return otherChain(height - 1, false);
  const there = await hashAt(tx, height);
  if (there !== undefined) return there === hash ? ok(null) : otherChain(height, false);
  const [newest] = await known(tx, 1);
  // what is read once more, far back, tells nothing about where the chain goes on
  if (newest !== undefined && height < newest.height) return ok(null);
  if (id === undefined) tx.set(CHAIN_ID, fromHex(chainId));
  tx.set(keyOf(height), fromHex(hash));
  const old = { start: keyOf(0), end: keyOf(Math.max(0, height - BLOCK_HASHES_KEPT + 1)), limit: FORGOTTEN_AT_ONCE };
  for await (const { key } of tx.range(old)) tx.delete(key);
  return ok(null);
}

/** Halves what is known until the first block that the node has another of is found. @param hashes ascending */
async function firstOther(
  hashes: readonly Known[],
  askHash: (height: number) => Answer<BlockHash>,
): Promise<Result<null, BackendFailure>> {
  let same = -1, other = hashes.length;
  while (other - same > 1) {
    const middle = (same + other) >> 1, { height, hash } = hashes[middle]!;
    const answer = await askHash(height);
    if (!answer.ok) return answer;
    if (answer.value === hash) same = middle;
    else other = middle;
  }
  const first = hashes[other];
  if (first === undefined) return ok(null);
  return otherChain(first.height, same >= 0 && hashes[same]!.height === first.height - 1);
}
