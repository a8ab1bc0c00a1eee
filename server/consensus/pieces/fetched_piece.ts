/**
 * What another guardian tells of a session that is too large to be told at once, checked before anything of it is used:
 * who signed its root, then piece by piece that the items stand under that root. A false one is its teller's alone, as
 * each is checked by itself.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { decode, DecodeError, moduleEncodedBase64Bytes, Reader } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { acceptedItem, headerOf } from "../../../core/types/session.ts";
import { rootBeyond, rootHeight } from "../../../core/types/session_proof.ts";
import { SessionTree } from "../../../core/types/session_tree.ts";
import type { OutcomeCheck } from "../session/fetched_outcome.ts";
import { checkSignatures, checkSigners } from "../session/fetched_outcome.ts";
import { hashItems } from "./item_frame.ts";
import { ADOPTED_ITEMS_MAX, END_CHARACTERS_MAX, PIECE_CHARACTERS_MAX } from "../limits.ts";
import { pieceHead, signedSessionEnd } from "./session_pieces.ts";
import type { Modules } from "../engine/transaction.ts";
import { checkDecodes } from "../engine/transaction.ts";

/** A session's root that a threshold has signed. */
export type FetchedEnd = {
  /** Number of items as it was told: a root doesn't tell copies of the last ones. At least one. */
  readonly told: number;
  readonly root: Bytes;
  /** All valid, 64 bytes each. */
  readonly signatures: ReadonlyMap<PeerId, Bytes>;
};

/** Items that stand under the signed root, each in its place. */
export type FetchedPiece = {
  readonly from: number;
  /** Encodings. */
  readonly items: readonly Bytes[];
  /** Over all items up to the last of these. */
  readonly tree: SessionTree;
};

/** @throws {DecodeError} what is wrong with it */
export function checkEnd(
  json: Json,
  { session, peers, keychain }: Omit<OutcomeCheck, "modules" | "clock">,
): FetchedEnd {
  const encoded = moduleEncodedBase64Bytes(json, END_CHARACTERS_MAX);
  const { items: told, root, signatures } = decode(signedSessionEnd, encoded);
  checkSigners(signatures, peers);
  checkSignatures(headerOf(session, root), signatures, keychain);
  if (told === 0) throw new DecodeError("invalid", "A session without items needs no pieces");
  return { told, root, signatures };
}

async function checkItems(items: readonly Bytes[], modules: Modules, clock: Clock): Promise<void> {
  for (const [i, item] of items.entries()) {
    if (i % ADOPTED_ITEMS_MAX === ADOPTED_ITEMS_MAX - 1) await sleep(clock, 0);
    checkDecodes(modules, decode(acceptedItem, item).item);
  }
}

/**
 * @param end by the same guardian
 * @param position of an item that the piece must hold
 * @throws {DecodeError} what is wrong with it
 */
export async function checkPiece(
  json: Json,
  end: FetchedEnd,
  position: number,
  { peers, modules, clock }: Pick<OutcomeCheck, "peers" | "modules" | "clock">,
): Promise<FetchedPiece> {
  const encoded = moduleEncodedBase64Bytes(json, PIECE_CHARACTERS_MAX);
  const reader = new Reader(encoded);
  const { from, left, right } = pieceHead.read(reader);
  const count = reader.length();
  if (from > position || from + count <= position || from + count > end.told) {
    throw new DecodeError("out_of_range", `The piece has items ${from} to ${from + count}, asked was for ${position}`);
  }
  const tree = SessionTree.at(from, left);
  if (!tree) throw new DecodeError("invalid", `${left.length} nodes are not those of a tree over ${from} items`);
  const items: Bytes[] = [];
  await hashItems(encoded, reader, count, { tree, total: peers.total, clock, onItem: (item) => items.push(item) });
  reader.end();
  const root = rootBeyond(tree, right, rootHeight(end.told));
  // with the last item the number of all is proven, too, but for copies
  const isProven = root !== null && equalBytes(root, end.root) &&
    (tree.count < end.told || equalBytes(tree.root(), end.root));
  if (!isProven) throw new DecodeError("invalid", "The piece is not of the session that was signed");
  await checkItems(items, modules, clock);
  return { from, items, tree };
}
