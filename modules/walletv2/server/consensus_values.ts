/**
 * What guardians agree on of the chain: block count, fee rate, and the fee of the next transaction.
 * docs/protocol/05-wallet.md §8.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { WalletConfig } from "../config.ts";
import { blockCountVotes, feerateVotes, unconfirmedTxs, unsignedTxs } from "./db.ts";
import type { FederationTx } from "./federation_tx.ts";

function descending(a: bigint, b: bigint): number {
  return a > b ? -1 : a < b ? 1 : 0;
}

/**
 * A threshold of guardians has seen so many blocks; 0 before a threshold has voted. A single vote may be any u64, what
 * a threshold agrees on is a chain's length.
 */
export async function consensusBlockCount(tx: ReadTx, { threshold }: NumPeers): Promise<number> {
  const votes = await blockCountVotes(tx);
  const count = Number(votes.sort(descending)[threshold - 1] ?? 0n);
  assert(Number.isSafeInteger(count), "a threshold of guardians sees a real chain");
  return count;
}

/** sat per 1,000 vbytes that a threshold of guardians finds enough; null before a threshold has one. */
export async function consensusFeerate(tx: ReadTx, { threshold }: NumPeers): Promise<bigint | null> {
  const votes = await feerateVotes(tx);
  return votes.sort((a, b) => descending(b, a))[threshold - 1] ?? null;
}

/** Transactions of the federation that are in no block yet. */
export async function pendingTxs(tx: ReadTx): Promise<FederationTx[]> {
  return [...(await unsignedTxs(tx)).values(), ...(await unconfirmedTxs(tx)).values()];
}

function saturating(value: bigint): bigint {
  return value > U64_MAX ? U64_MAX : value;
}

/**
 * Fee in sat of a transaction of `vbytes` on top of those pending: enough for itself, and for what the pending ones
 * paid too little. The least rate doubles with each pending transaction, which makes long chains unaffordable long
 * before their 33rd.
 */
export async function consensusFee(
  tx: ReadTx,
  config: WalletConfig,
  peers: NumPeers,
  vbytes: bigint,
): Promise<bigint | null> {
  const agreed = await consensusFeerate(tx, peers);
  if (agreed === null) return null;
  const pending = await pendingTxs(tx);
  const least = config.feerateBase << BigInt(pending.length);
  const feerate = agreed > least ? agreed : least;
  const own = saturating(vbytes * feerate) / 1000n;
  const stackVbytes = pending.reduce((sum, { vbytes: each }) => sum + each, vbytes);
  const paid = pending.reduce((sum, { fee }) => sum + fee, 0n);
  const owed = saturating(stackVbytes * feerate) / 1000n;
  const stack = owed > paid ? owed - paid : 0n;
  return own > stack ? own : stack;
}
