/**
 * What the lnv2 module stores on a guardian. Keys and values are those of the reference (fedimint-lnv2-server 0.13.0,
 * `db.rs`); 12 is ours.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 01 | BS peer | BS: that guardian's vote on the block count |
 * | 02 | BS peer | BS: its vote on the time, Unix seconds |
 * | 03 | outpoint | incoming contract that is open |
 * | 04 | contract id | outpoint that funded it last; stays |
 * | 05 | outpoint | outgoing contract that is open |
 * | 06 | outpoint | own share of the decryption key, 48 bytes; stays |
 * | 07 | outpoint | preimage with which the outgoing contract was claimed, 32 bytes; stays |
 * | 08 | URL | nothing: the guardian's operator trusts this gateway |
 * | 09 | – | BS: incoming contracts so far, the next one's number |
 * | 10 | BS number | incoming contract that is open |
 * | 11 | outpoint | BS: its number, while it is open |
 * | 12 | – | sum of all open contracts, msat, 16 bytes big-endian |
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { bigEndian } from "../../../core/bytes.ts";
import type { G1, G2 } from "../../../core/crypto/bls/mod.ts";
import type { Codec } from "../../../core/encoding/mod.ts";
import { fixedBytes, fixedHex, mapCodec, struct, u64, unit } from "../../../core/encoding/mod.ts";
import type { OutPoint, PeerId } from "../../../core/types/ids.ts";
import { outPoint, peerId } from "../../../core/types/ids.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { safeUrl } from "../../../core/types/safe_url.ts";
import { slot, table } from "../../contract/records.ts";
import type { CipherText, ContractId, IncomingContract, OutgoingContract } from "../contracts.ts";
import { commitment, contractId, outgoingContract } from "../contracts.ts";

/** Points that were checked before they were stored: they are looked at again only when something is computed. */
const storedG1 = fixedHex(48) as Codec<Bytes> as Codec<G1>;
const storedCipherText: Codec<CipherText> = struct("CipherText", {
  encryptedPreimage: fixedBytes(32),
  pk: storedG1,
  signature: fixedHex(96) as Codec<Bytes> as Codec<G2>,
});
/** An incoming contract as it was stored: encoded as any, its points unchecked. */
export const storedIncomingContract: Codec<IncomingContract> = struct("IncomingContract", {
  commitment,
  ciphertext: storedCipherText,
});
export const storedShare = storedG1;

/** A sum may pass a u64 before a transaction's funding is looked at. */
const sumMsat: Codec<bigint> = mapCodec(fixedBytes(16), "SumMsat", {
  decode: bigEndian,
  encode: (sum) => Uint8Array.from({ length: 16 }, (_, i) => Number(sum >> BigInt(8 * (15 - i)) & 0xffn)) as Bytes,
});

/** What guardians vote on. Its prefix is also what to wait on. */
export const blockCountVotes = table(0x01, peerId, u64);
export const unixTimeVotes = table(0x02, peerId, u64);
export const incomingContracts = table(0x03, outPoint, storedIncomingContract);
export const outPointsOfContracts = table(0x04, contractId, outPoint);
export const outgoingContracts = table(0x05, outPoint, outgoingContract);
export const decryptionShares = table(0x06, outPoint, storedShare);
export const preimages = table(0x07, outPoint, fixedBytes(32));
const gateways = table(0x08, safeUrl, unit);
const streamLength = slot(0x09, u64);
const stream = table(0x10, u64, storedIncomingContract);
const streamNumbers = table(0x11, outPoint, u64);
const openMsat = slot(0x12, sumMsat);

/** The key of the stream's length, to wait on. */
export const STREAM_LENGTH_KEY = streamLength.key;

type Votes = typeof blockCountVotes;

/**
 * What a threshold of guardians has seen, or more; 0 before a threshold has voted. Each vote is read by its key: the
 * store has them at hand, while a range would be asked of the disk for every claim.
 */
async function agreed(tx: ReadTx, votes: Votes, { total, threshold }: NumPeers): Promise<bigint> {
  const all: bigint[] = [];
  for (let peer = 0; peer < total; peer++) all.push(await votes.get(tx, peer) ?? 0n);
  all.sort((a, b) => a > b ? -1 : a < b ? 1 : 0);
  return all[threshold - 1]!;
}

/** Blocks of the chain, the first one included. */
export function consensusBlockCount(tx: ReadTx, peers: NumPeers): Promise<bigint> {
  return agreed(tx, blockCountVotes, peers);
}

/** Unix seconds. */
export function consensusUnixTime(tx: ReadTx, peers: NumPeers): Promise<bigint> {
  return agreed(tx, unixTimeVotes, peers);
}

/** A vote only rises. @returns whether it did */
export async function raiseVote(tx: StoreTx, votes: Votes, peer: PeerId, vote: bigint): Promise<boolean> {
  if (vote <= (await votes.get(tx, peer) ?? 0n)) return false;
  votes.set(tx, peer, vote);
  return true;
}

/** What all open contracts hold, msat. */
export async function openContractsMsat(tx: ReadTx): Promise<bigint> {
  return await openMsat.get(tx) ?? 0n;
}

async function addOpenMsat(tx: StoreTx, changeMsat: bigint): Promise<void> {
  const sum = await openContractsMsat(tx) + changeMsat;
  assert(sum >= 0n, "no more leaves the contracts than came in");
  openMsat.set(tx, sum);
}

export async function openOutgoing(tx: StoreTx, at: OutPoint, contract: OutgoingContract): Promise<void> {
  outgoingContracts.set(tx, at, contract);
  await addOpenMsat(tx, contract.amount);
}

/** Undefined when there is none, or it was spent. */
export async function closeOutgoing(tx: StoreTx, at: OutPoint): Promise<OutgoingContract | undefined> {
  const contract = await outgoingContracts.get(tx, at);
  if (!contract) return undefined;
  outgoingContracts.delete(tx, at);
  await addOpenMsat(tx, -contract.amount);
  return contract;
}

/** An equal contract that was funded before loses its place under the id, and stays open. */
export async function openIncoming(
  tx: StoreTx,
  at: OutPoint,
  id: ContractId,
  contract: IncomingContract,
): Promise<void> {
  const number = await incomingCount(tx);
  incomingContracts.set(tx, at, contract);
  outPointsOfContracts.set(tx, id, at);
  stream.set(tx, number, contract);
  streamNumbers.set(tx, at, number);
  streamLength.set(tx, number + 1n);
  await addOpenMsat(tx, contract.commitment.amount);
}

/** Undefined when there is none, or it was spent. */
export async function closeIncoming(tx: StoreTx, at: OutPoint): Promise<IncomingContract | undefined> {
  const contract = await incomingContracts.get(tx, at);
  if (!contract) return undefined;
  const number = await streamNumbers.get(tx, at);
  assert(number !== undefined, "an open incoming contract has a number");
  incomingContracts.delete(tx, at);
  stream.delete(tx, number);
  streamNumbers.delete(tx, at);
  await addOpenMsat(tx, -contract.commitment.amount);
  return contract;
}

/** Incoming contracts so far. */
export async function incomingCount(tx: ReadTx): Promise<bigint> {
  return await streamLength.get(tx) ?? 0n;
}

/** Open incoming contracts from a number on, `limit` at most, and the number from which to go on. */
export async function incomingFrom(
  tx: ReadTx,
  start: bigint,
  limit: number,
): Promise<{ readonly contracts: readonly IncomingContract[]; readonly next: bigint }> {
  const contracts: IncomingContract[] = [];
  let next = await incomingCount(tx);
  const from = start === 0n ? { limit } : { limit, after: start - 1n };
  for await (const [number, contract] of stream.entries(tx, from)) {
    contracts.push(contract);
    next = number + 1n;
  }
  return { contracts, next };
}

/** In the order of their lengths, then of their bytes. */
export async function gatewayList(tx: ReadTx): Promise<SafeUrl[]> {
  const urls: SafeUrl[] = [];
  for await (const [url] of gateways.entries(tx)) urls.push(url);
  return urls;
}

/** @returns whether it wasn't there */
export async function addGateway(tx: StoreTx, url: SafeUrl): Promise<boolean> {
  if (await gateways.get(tx, url) !== undefined) return false;
  gateways.set(tx, url, null);
  return true;
}

/** @returns whether it was there */
export async function removeGateway(tx: StoreTx, url: SafeUrl): Promise<boolean> {
  if (await gateways.get(tx, url) === undefined) return false;
  gateways.delete(tx, url);
  return true;
}
