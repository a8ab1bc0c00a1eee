/**
 * A signed outcome of a session that another guardian told: what has been checked of it, and its items on demand.
 *
 * An evil guardian may send a million tiny items, so the checks go from cheap to dear: the signers, each item's frame,
 * one pass of hashing with pauses, the signatures. Nothing is decoded before a threshold has signed it, and then when
 * it is taken: of what a guardian has already, nothing. docs/protocol/03-consensus.md §B5.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { decode, DecodeError, Reader } from "../../../core/encoding/mod.ts";
import { errorText } from "../../../core/result.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem, headerOf, sessionSignatures } from "../../../core/types/session.ts";
import { SessionTree } from "../../../core/types/session_tree.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import { hashItems } from "../pieces/item_frame.ts";
import { ADOPTED_BYTES_MAX, ADOPTED_ITEMS_MAX } from "../limits.ts";
import type { Modules } from "../engine/transaction.ts";
import { checkDecodes } from "../engine/transaction.ts";

export type FetchedOutcome = {
  /** Of the tree over all items, 32 bytes. */
  readonly root: Bytes;
  /** Number of items that were sent. */
  readonly told: number;
  /** The fewest first items under the same root: what comes after them may be copies that were appended. */
  readonly shortest: number;
  /** Its items may be other than those that were signed, though the root is the same: see `SessionTree`. */
  readonly isDoubtful: boolean;
  /** A threshold of them, all valid: 64 bytes each. */
  readonly signatures: ReadonlyMap<PeerId, Bytes>;
  /**
   * The first `count` items, a few at a time: what is decoded of them is still remembered when they are processed.
   * @throws {DecodeError} at the first that this guardian can't decode
   */
  readonly items: (count: number) => AsyncIterable<readonly AcceptedItem[]>;
};

/** What a check needs. */
export type OutcomeCheck = {
  readonly session: number;
  readonly peers: NumPeers;
  readonly keychain: Keychain;
  readonly modules: Modules;
  readonly clock: Clock;
  /** Ends a check that nobody waits for. */
  readonly signal?: AbortSignal;
};

type Signatures = ReadonlyMap<PeerId, Bytes>;

const SIGNATURE_BYTES = 64;
/** Ids below it take one byte each. */
const SHORT_IDS = 0xfd;

/**
 * Whose signatures an outcome holds is read from its end, as a million items may come before. Where ids may take more
 * than a byte it can't be found so; then it is read after them.
 */
function readSigners(encoded: Bytes, { threshold, total }: NumPeers): Signatures | null {
  if (total > SHORT_IDS) return null;
  const start = encoded.length - (1 + threshold * (1 + SIGNATURE_BYTES));
  if (start < 0) throw new DecodeError("end_of_input", `There is no room for ${threshold} signatures`);
  return decode(sessionSignatures, encoded.subarray(start));
}

/** Guardians accept exactly a threshold of signatures. @throws {DecodeError} */
export function checkSigners(signatures: Signatures, { threshold, total }: NumPeers): void {
  if (signatures.size !== threshold) {
    throw new DecodeError("invalid", `There are ${signatures.size} signatures, not ${threshold}`);
  }
  for (const peer of signatures.keys()) {
    if (peer >= total) throw new DecodeError("invalid", `There is no guardian ${peer} who could have signed`);
  }
}

/** @param header 40 bytes @throws {DecodeError} at the first that is wrong */
export function checkSignatures(header: Bytes, signatures: Signatures, keychain: Keychain): void {
  for (const [peer, signature] of signatures) {
    if (!keychain.verify(peer, header, signature)) {
      throw new DecodeError("invalid", `The signature of guardian ${peer} is wrong`);
    }
  }
}

async function* decodedItems(
  encoded: Bytes,
  count: number,
  { modules, clock }: Pick<OutcomeCheck, "modules" | "clock">,
): AsyncGenerator<readonly AcceptedItem[]> {
  const reader = new Reader(encoded);
  reader.length();
  for (let left = count; left > 0;) {
    const some: AcceptedItem[] = [], from = reader.offset;
    for (; left > 0 && some.length < ADOPTED_ITEMS_MAX && reader.offset - from < ADOPTED_BYTES_MAX; left--) {
      const accepted = acceptedItem.read(reader);
      checkDecodes(modules, accepted.item);
      some.push(accepted);
    }
    await sleep(clock, 0);
    yield some;
  }
}

/** @throws {DecodeError} what is wrong with it */
async function check(encoded: Bytes, args: OutcomeCheck): Promise<FetchedOutcome> {
  const { session, peers, keychain, clock, signal } = args;
  const last = readSigners(encoded, peers);
  if (last) checkSigners(last, peers);
  const reader = new Reader(encoded);
  const told = reader.length();
  const tree = new SessionTree();
  await hashItems(encoded, reader, told, { tree, total: peers.total, clock, signal });
  const signatures = sessionSignatures.read(reader);
  reader.end();
  checkSigners(signatures, peers);

  const root = tree.root();
  checkSignatures(headerOf(session, root), signatures, keychain);
  const items = (count: number) => decodedItems(encoded, count, args);
  const isDoubtful = told > 0 && tree.isOfPairs;
  return { root, told, shortest: tree.shortest(), isDoubtful, signatures, items };
}

/**
 * @returns the outcome, or why it is refused. Guardians accept exactly a threshold of signatures, all of them valid.
 */
export async function checkOutcome(encoded: Bytes, args: OutcomeCheck): Promise<FetchedOutcome | string> {
  try {
    return await check(encoded, args);
  } catch (thrown) {
    if (thrown instanceof DecodeError) return errorText(thrown);
    throw thrown;
  }
}
