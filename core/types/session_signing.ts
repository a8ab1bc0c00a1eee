/**
 * What guardians sign at the end of a session, and what makes a signed outcome valid.
 * `fedimint-core/src/session_outcome.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import { schnorrVerify } from "../crypto/mod.ts";
import type { BroadcastKeys } from "./broadcast_keys.ts";
import { broadcastTag } from "./broadcast_keys.ts";
import { numPeers } from "./num_peers.ts";
import type { SessionOutcome, SignedSessionOutcome } from "./session.ts";
import { sessionHeader } from "./session.ts";

/**
 * 32 bytes: SHA-256 of tag ‖ header.
 * @param tag 32 bytes, of `broadcastTag`
 */
export function sessionMessage(tag: Bytes, index: number | bigint, outcome: SessionOutcome): Bytes {
  return sha256(concat(tag, sessionHeader(index, outcome))) as Bytes;
}

/**
 * A threshold of signatures, and every one that is there must be by a guardian and hold: one that doesn't spoils the
 * outcome.
 * @param threshold of the federation; by default that of so many guardians as there are keys
 */
export function verifySignedSession(
  signed: SignedSessionOutcome,
  index: number | bigint,
  keys: BroadcastKeys,
  threshold: number = numPeers(keys.size).threshold,
): boolean {
  if (signed.signatures.size < threshold) return false;
  const message = sessionMessage(broadcastTag(keys), index, signed.sessionOutcome);
  return [...signed.signatures].every(([peer, signature]) => {
    const key = keys.get(peer);
    return key !== undefined && schnorrVerify(signature, message, key);
  });
}
