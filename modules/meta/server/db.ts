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
import type { CodecType } from "../../../core/encoding/mod.ts";
import { struct, tuple, u64 } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { peerId } from "../../../core/types/ids.ts";
import { table } from "../../contract/records.ts";
import type { MetaConsensusValue, MetaKey } from "../common.ts";
import { metaConsensusValue, metaKey, metaValue } from "../common.ts";

/** A vote as it is stored. */
const metaVote = struct("MetaVote", { salt: u64, value: metaValue });
export type MetaVote = CodecType<typeof metaVote>;

const desired = table(0x00, metaKey, metaVote);
const consensus = table(0x01, metaKey, metaConsensusValue);
const submissions = table(0x02, tuple(metaKey, peerId), metaVote);

export function setDesired(tx: StoreTx, key: MetaKey, vote: MetaVote): void {
  desired.set(tx, key, vote);
}

export async function allDesired(tx: ReadTx): Promise<{ readonly key: MetaKey; readonly vote: MetaVote }[]> {
  const found: { key: MetaKey; vote: MetaVote }[] = [];
  for await (const [key, vote] of desired.entries(tx)) found.push({ key, vote });
  return found;
}

export function getConsensus(tx: ReadTx, key: MetaKey): Promise<MetaConsensusValue | undefined> {
  return consensus.get(tx, key);
}

export function setConsensus(tx: StoreTx, key: MetaKey, value: MetaConsensusValue): void {
  consensus.set(tx, key, value);
}

export function getSubmission(tx: ReadTx, key: MetaKey, peer: PeerId): Promise<MetaVote | undefined> {
  return submissions.get(tx, [key, peer]);
}

export function setSubmission(tx: StoreTx, key: MetaKey, peer: PeerId, vote: MetaVote): void {
  submissions.set(tx, [key, peer], vote);
}

export function deleteSubmission(tx: StoreTx, key: MetaKey, peer: PeerId): void {
  submissions.delete(tx, [key, peer]);
}

/** Votes for a key, by guardian, ascending. */
export async function submissionsFor(tx: ReadTx, key: MetaKey): Promise<Map<PeerId, MetaVote>> {
  const found = new Map<PeerId, MetaVote>();
  for await (const [[, peer], vote] of submissions.entries(tx, { beginning: Uint8Array.of(key) })) {
    found.set(peer, vote);
  }
  return found;
}
