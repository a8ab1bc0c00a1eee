/**
 * What the meta module stores. Keys and values are those of the reference (fedimint-meta-server 0.13.0, `db.rs`):
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 00 | key 1 | our own vote, not in consensus: BS salt ‖ value |
 * | 01 | key 1 | consensus: BS revision ‖ value |
 * | 02 | key 1 ‖ BS peer | that guardian's vote: BS salt ‖ value |
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Codec, CodecType } from "../../../core/encoding/mod.ts";
import { decode, encode, struct, u64 } from "../../../core/encoding/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { peerId } from "../../../core/types/ids.ts";
import type { MetaConsensusValue, MetaKey } from "../common.ts";
import { metaConsensusValue, metaValue } from "../common.ts";

const DESIRED = 0x00;
const CONSENSUS = 0x01;
const SUBMISSION = 0x02;

/** A vote as it is stored. */
const metaVote = struct("MetaVote", { salt: u64, value: metaValue });
export type MetaVote = CodecType<typeof metaVote>;

async function read<T>(tx: ReadTx, key: Bytes, codec: Codec<T>): Promise<T | undefined> {
  const bytes = await tx.get(key);
  return bytes && decode(codec, bytes);
}

function submissionKey(key: MetaKey, peer: PeerId): Bytes {
  return concat(Uint8Array.of(SUBMISSION, key), encode(peerId, peer));
}

export function setDesired(tx: StoreTx, key: MetaKey, vote: MetaVote): void {
  tx.set(Uint8Array.of(DESIRED, key), encode(metaVote, vote));
}

export async function allDesired(tx: ReadTx): Promise<{ readonly key: MetaKey; readonly vote: MetaVote }[]> {
  const found: { key: MetaKey; vote: MetaVote }[] = [];
  for await (const { key, value } of tx.range({ prefix: Uint8Array.of(DESIRED) })) {
    found.push({ key: key[1]!, vote: decode(metaVote, value) });
  }
  return found;
}

export function getConsensus(tx: ReadTx, key: MetaKey): Promise<MetaConsensusValue | undefined> {
  return read(tx, Uint8Array.of(CONSENSUS, key), metaConsensusValue);
}

export function setConsensus(tx: StoreTx, key: MetaKey, value: MetaConsensusValue): void {
  tx.set(Uint8Array.of(CONSENSUS, key), encode(metaConsensusValue, value));
}

export function getSubmission(tx: ReadTx, key: MetaKey, peer: PeerId): Promise<MetaVote | undefined> {
  return read(tx, submissionKey(key, peer), metaVote);
}

export function setSubmission(tx: StoreTx, key: MetaKey, peer: PeerId, vote: MetaVote): void {
  tx.set(submissionKey(key, peer), encode(metaVote, vote));
}

export function deleteSubmission(tx: StoreTx, key: MetaKey, peer: PeerId): void {
  tx.delete(submissionKey(key, peer));
}

/** Votes for a key, by guardian, ascending. */
export async function submissionsFor(tx: ReadTx, key: MetaKey): Promise<Map<PeerId, MetaVote>> {
  const found = new Map<PeerId, MetaVote>();
  for await (const entry of tx.range({ prefix: Uint8Array.of(SUBMISSION, key) })) {
    found.set(decode(peerId, entry.key.slice(2)), decode(metaVote, entry.value));
  }
  return found;
}
