/**
 * What the ln module stores on a guardian. Keys and values are those of the reference (fedimint-ln-server 0.13.0,
 * `db.rs`), but for 42 and 48; 4a and 4b are ours.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 40 | contract id | contract and what lies in it; stays when it is empty |
 * | 41 | payment hash | offer that nobody has taken |
 * | 42 | contract id | nothing: an incoming contract's decryption was begun, and has not ended |
 * | 43 | contract id ‖ BS peer | that guardian's share of the decryption, 48 bytes |
 * | 44 | outpoint | outcome; stays |
 * | 45 | gateway's key | its registration |
 * | 46 | BS peer | BS: that guardian's vote on the block count |
 * | 47 | hash of a ciphertext | nothing: it was offered; stays |
 * | 48 | – | BS: sum of what lies in all contracts, msat |
 * | 49 | BS peer | that guardian's vote on the module's version |
 * | 4a | contract id | own share, as long as it is not counted yet |
 * | 4b | gateway's key | BS: until when it is registered, Unix ms |
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import { toHex } from "../../../core/bytes.ts";
import type { G1 } from "../../../core/crypto/mod.ts";
import type { ThresholdCiphertext } from "../../../core/crypto/threshold_crypto.ts";
import { encode, fixedHex, tuple, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import type { PeerId, Sha256 } from "../../../core/types/ids.ts";
import { outPoint, peerId, sha256Hash } from "../../../core/types/ids.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { Version } from "../../../core/types/version.ts";
import { version } from "../../../core/types/version.ts";
import { slot, table } from "../../contract/records.ts";
import { FUNDED_ONCE_VERSION, LN_CONSENSUS_VERSION, LN_CONSENSUS_VERSION_FIRST, lnOutputOutcomeV0 } from "../common.ts";
import type { ContractAccount, ContractId } from "../contracts.ts";
import { contractId, fundedContractId, storedAccount, storedOffer } from "../contracts.ts";
import { gatewayRegistration } from "../gateways.ts";
import { storedCiphertext, storedShare } from "../threshold_codecs.ts";

export const accounts = table(0x40, contractId, storedAccount);
export const offers = table(0x41, sha256Hash, storedOffer);
export const decryptions = table(0x42, contractId, unit);
const agreedShares = table(0x43, tuple(contractId, peerId), storedShare);
export const outcomes = table(0x44, outPoint, lnOutputOutcomeV0);
/** Keys that were checked before they were stored. */
const storedKey = fixedHex(33);
export const gateways = table(0x45, storedKey, gatewayRegistration);
export const blockCountVotes = table(0x46, peerId, u64);
const offeredCiphertexts = table(0x47, sha256Hash, unit);
const liabilities = slot(0x48, u64);
const versionVotes = table(0x49, peerId, version);
export const dueShares = table(0x4a, contractId, storedShare);
export const gatewayEndsMs = table(0x4b, storedKey, u64Number);

/** A sum of msat may pass 64 bits before a transaction's funding is looked at, which no such one has. */
function wrapped(msat: bigint): bigint {
  return BigInt.asUintN(64, msat);
}

/** What lies in all contracts, msat: the federation owes it. */
export async function liabilitiesMsat(tx: ReadTx): Promise<bigint> {
  return await liabilities.get(tx) ?? 0n;
}

/** Puts `changeMsat` into a contract, or takes it out. */
export async function changeAccount(tx: StoreTx, account: ContractAccount, changeMsat: bigint): Promise<void> {
  accounts.set(tx, fundedContractId(account.contract), { ...account, amount: wrapped(account.amount + changeMsat) });
  liabilities.set(tx, wrapped(await liabilitiesMsat(tx) + changeMsat));
}

/** @returns false if this ciphertext was offered before */
export async function markOffered(tx: StoreTx, ciphertext: ThresholdCiphertext): Promise<boolean> {
  const hash = toHex(sha256(encode(storedCiphertext, ciphertext))) as Sha256;
  if (await offeredCiphertexts.get(tx, hash) !== undefined) return false;
  offeredCiphertexts.set(tx, hash, null);
  return true;
}

export async function hasShareOf(tx: ReadTx, id: ContractId, peer: PeerId): Promise<boolean> {
  return await agreedShares.get(tx, [id, peer]) !== undefined;
}

export function setShareOf(tx: StoreTx, id: ContractId, peer: PeerId, share: G1): void {
  agreedShares.set(tx, [id, peer], share);
}

/** By peer. */
export async function sharesOf(tx: ReadTx, id: ContractId): Promise<Map<PeerId, G1>> {
  const shares = new Map<PeerId, G1>();
  for await (const [[, peer], share] of agreedShares.entries(tx, { beginning: encode(contractId, id) })) {
    shares.set(peer, share);
  }
  return shares;
}

/** The decryption has ended. */
export async function endDecryption(tx: StoreTx, id: ContractId): Promise<void> {
  decryptions.delete(tx, id);
  dueShares.delete(tx, id);
  for (const peer of (await sharesOf(tx, id)).keys()) agreedShares.delete(tx, [id, peer]);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The middle of all votes, where so many that are missing count as 0 that there are 3·⌊k/2⌋ + 1 of them: in federations
 * of 4 and 7 half of the guardians and one more have seen so many blocks, in others more of them.
 */
export async function consensusBlockCount(tx: ReadTx, { threshold }: NumPeers): Promise<bigint> {
  const counts: bigint[] = [], seats = 3 * Math.floor(threshold / 2) + 1;
  for await (const [, vote] of blockCountVotes.entries(tx)) counts.push(vote);
  assert(counts.length <= seats, "there is a seat for each guardian");
  while (counts.length < seats) counts.push(0n);
  return counts.sort(ascending)[Math.floor(seats / 2)]!;
}

export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor;
}

/** The highest version for which all guardians but f have voted. */
export async function consensusVersion(tx: ReadTx, { total, maxEvil }: NumPeers): Promise<Version> {
  const votes: Version[] = [];
  for await (const [, vote] of versionVotes.entries(tx)) votes.push(vote);
  assert(votes.length <= total, "each guardian has one vote");
  while (votes.length < total) votes.push(LN_CONSENSUS_VERSION_FIRST);
  return votes.sort(compareVersions)[maxEvil]!;
}

/** Whether a contract is funded once only, and with what was offered. */
export async function isFundedOnce(tx: ReadTx, peers: NumPeers): Promise<boolean> {
  return compareVersions(FUNDED_ONCE_VERSION, await consensusVersion(tx, peers)) <= 0;
}

/** @returns whether the vote has risen; so a copy of it changes nothing */
export async function raiseVersionVote(tx: StoreTx, peer: PeerId, vote: Version, peers: NumPeers): Promise<boolean> {
  const before = await versionVotes.get(tx, peer) ?? LN_CONSENSUS_VERSION_FIRST;
  if (compareVersions(vote, before) <= 0) return false;
  versionVotes.set(tx, peer, vote);
  assert(
    compareVersions(await consensusVersion(tx, peers), LN_CONSENSUS_VERSION) <= 0,
    "the federation has agreed on a version of ln that this program doesn't know: install a newer one",
  );
  return true;
}
