/** Consensus items, sessions and their signed outcomes. `fedimint-core/src/session_outcome.rs`. */
import type { Bytes } from "../bytes.ts";
import type { CodecType } from "../encoding/mod.ts";
import { closedEnum, fixedHex, list, map, openEnum, struct, unit } from "../encoding/mod.ts";
import { dyn } from "./dyn.ts";
import { peerId } from "./ids.ts";
import { transaction } from "./transaction.ts";

/** What guardians order. Unknown variants are rejected by guardians and skipped by clients. */
export const consensusItem = openEnum("ConsensusItem", { Transaction: transaction, Module: dyn });
export type ConsensusItem = CodecType<typeof consensusItem>;
/** Kinds that this version knows: indices below. */
export const CONSENSUS_ITEM_VARIANTS = 2;
/** One of them. */
export type KnownItem = Exclude<ConsensusItem, { readonly tag: "Default" }>;

export const acceptedItem = struct("AcceptedItem", { item: consensusItem, peer: peerId });
export type AcceptedItem = CodecType<typeof acceptedItem>;

export const sessionOutcome = struct("SessionOutcome", { items: list(acceptedItem) });
export type SessionOutcome = CodecType<typeof sessionOutcome>;

/** By guardian, ascending. */
export const sessionSignatures = map(peerId, fixedHex(64));

/** Signatures are BIP340 (64 bytes) over the tagged header; a stored outcome has exactly a threshold of them. */
export const signedSessionOutcome = struct("SignedSessionOutcome", {
  sessionOutcome,
  signatures: sessionSignatures,
});
export type SignedSessionOutcome = CodecType<typeof signedSessionOutcome>;

export const sessionStatus = closedEnum("SessionStatus", {
  Initial: unit,
  Pending: list(acceptedItem),
  Complete: sessionOutcome,
});

export const sessionStatusV2 = closedEnum("SessionStatusV2", {
  Initial: unit,
  Pending: list(acceptedItem),
  Complete: signedSessionOutcome,
});

/**
 * 40 bytes: session index (u64 big-endian) ‖ merkle root. What guardians sign.
 * @param root 32 bytes, of `session_tree.ts`
 */
export function headerOf(index: number | bigint, root: Bytes): Bytes {
  const header = new Uint8Array(40);
  new DataView(header.buffer).setBigUint64(0, BigInt(index));
  header.set(root, 8);
  return header;
}
