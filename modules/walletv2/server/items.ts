/**
 * What guardians tell each other: how far their chains go, what fee rate they see, and their signatures. Only items
 * that change something are accepted, and only accepted ones enter a session's signed outcome, so "redundant" is
 * consensus. Follows fedimint-walletv2-server 0.13.0; docs/protocol/05-wallet.md §8.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { BitcoinTxid, PeerId } from "../../../core/types/ids.ts";
import type { BitcoinStatus } from "../../contract/bitcoin.ts";
import type { WalletEnv } from "./block_sync.ts";
import { syncBlocks } from "./block_sync.ts";
import type { WalletConsensusItem } from "../common.ts";
import { consensusBlockCount } from "./consensus_values.ts";
import {
  getBlockCountVote,
  getFeerateVote,
  getUnsigned,
  hasSigned,
  setBlockCountVote,
  setFeerateVote,
  setSignatures,
  setSigned,
  signaturesOf,
  unsignedTxs,
} from "./db.ts";
import type { SignatureChecker } from "./federation_tx.ts";
import { finaliseFederationTx, signFederationTx } from "./federation_tx.ts";

/** A guardian's vote is so many blocks behind its node. */
const BLOCK_COUNT_VOTE_DELAY = 7;
/** A vote runs ahead of the consensus by so much at most, so that blocks come in pieces. */
const BLOCK_COUNT_STEP_MAX = 5;
const BLOCK_COUNT_STEP_MAX_TEST = 100;
/** 1 sat a vbyte: what nodes relay at least. */
const FEERATE_VOTE_MIN = 1_000n;

async function processBlockCount(
  env: WalletEnv,
  tx: StoreTx,
  hashOfKeys: Bytes,
  vote: bigint,
  peer: PeerId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  if (vote <= await getBlockCountVote(tx, peer)) return err("block count vote is redundant");
  const before = await consensusBlockCount(tx, env.peers);
  setBlockCountVote(tx, peer, vote);
  const after = await consensusBlockCount(tx, env.peers);
  assert(before <= after, "a rising vote never lowers the consensus block count");
  // on a real network, blocks older than the federation hold nothing of it
  const scans = before > 0 || env.config.network === "regtest";
  if (scans && before < after) await syncBlocks(env, tx, hashOfKeys, { from: before, to: after }, signal);
  return ok(null);
}

async function processFeerate(tx: StoreTx, feerate: bigint | null, peer: PeerId): Promise<Result<null, string>> {
  if (await getFeerateVote(tx, peer) === feerate) return err("fee rate vote is redundant");
  setFeerateVote(tx, peer, feerate);
  return ok(null);
}

async function processSignatures(
  env: WalletEnv,
  tx: StoreTx,
  checker: SignatureChecker,
  [txid, signatures]: readonly [BitcoinTxid, readonly Bytes[]],
  peer: PeerId,
): Promise<Result<null, string>> {
  const unsigned = await getUnsigned(tx, txid);
  if (!unsigned) return err("there is no such unsigned transaction");
  const { bitcoinPks } = env.config;
  assert(bitcoinPks.has(peer), "items come from guardians of the federation");
  // the cheap reason first
  if (await hasSigned(tx, txid, peer)) return err("this guardian has signed before");
  if (!checker.verify(txid, unsigned, signatures, peer)) return err("signatures are wrong");
  setSignatures(tx, txid, peer, signatures);
  const all = await signaturesOf(tx, txid);
  if (all.size < env.peers.threshold) return ok(null);
  const signed = finaliseFederationTx(bitcoinPks, unsigned, all);
  await setSigned(tx, txid, signed);
  tx.onCommit(() =>
    env.log.info("A transaction of the federation is signed", { txid, inputs: signed.tx.inputs.length })
  );
  return ok(null);
}

/** What a running module has computed once. */
export type Prepared = { readonly hashOfKeys: Bytes; readonly checker: SignatureChecker };

export async function processConsensusItem(
  env: WalletEnv,
  tx: StoreTx,
  { hashOfKeys, checker }: Prepared,
  item: WalletConsensusItem,
  peer: PeerId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  switch (item.tag) {
    case "BlockCount":
      return await processBlockCount(env, tx, hashOfKeys, item.value, peer, signal);
    case "Feerate":
      return await processFeerate(tx, item.value, peer);
    case "Signatures":
      return await processSignatures(env, tx, checker, item.value, peer);
    case "Default":
      return err(`unknown kind of item ${item.value.variant}`);
  }
}

async function signatureItems(env: WalletEnv, tx: ReadTx): Promise<WalletConsensusItem[]> {
  const { bitcoinPks } = env.config;
  const items: WalletConsensusItem[] = [];
  for (const [txid, unsigned] of await unsignedTxs(tx)) {
    if (await hasSigned(tx, txid, env.identity)) continue;
    const signatures = signFederationTx(bitcoinPks, unsigned, env.privateConfig.bitcoinSk);
    items.push({ tag: "Signatures", value: [txid, signatures] });
  }
  return items;
}

async function blockCountItems(
  env: WalletEnv,
  tx: ReadTx,
  { blockCount }: BitcoinStatus,
): Promise<WalletConsensusItem[]> {
  const seen = Math.max(0, blockCount - BLOCK_COUNT_VOTE_DELAY);
  const agreed = await consensusBlockCount(tx, env.peers);
  const step = env.testEnvironment ? BLOCK_COUNT_STEP_MAX_TEST : BLOCK_COUNT_STEP_MAX;
  const vote = BigInt(agreed === 0 ? seen : Math.min(seen, agreed + step));
  return vote > await getBlockCountVote(tx, env.identity) ? [{ tag: "BlockCount", value: vote }] : [];
}

async function feerateItems(
  env: WalletEnv,
  tx: ReadTx,
  status: BitcoinStatus | null,
): Promise<WalletConsensusItem[]> {
  // without a node, or an estimate of its, the vote is taken back
  const seen = status?.feerateSatPerKvb ?? null;
  const vote = seen !== null && seen < FEERATE_VOTE_MIN ? FEERATE_VOTE_MIN : seen;
  const before = await getFeerateVote(tx, env.identity) ?? null;
  return vote === before ? [] : [{ tag: "Feerate", value: vote }];
}

/** What this guardian has to say now. What was counted already is not said again: it would only be refused. */
export async function consensusProposal(env: WalletEnv, tx: ReadTx): Promise<WalletConsensusItem[]> {
  const items = await signatureItems(env, tx);
  const status = await env.bitcoin.status();
  if (status) { for (const item of await blockCountItems(env, tx, status)) items.push(item); }
  for (const item of await feerateItems(env, tx, status)) items.push(item);
  return items;
}
