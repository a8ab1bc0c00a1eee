/**
 * A finished session in pieces, for guardians that can't fetch it as a whole: it may be larger than any answer of the
 * protocol.
 *
 * Where a session is cut, and what proves each piece (`core/types/session_proof.ts`), is found in one pass over it when
 * somebody first asks, and kept: a few kilobytes a megabyte. Official guardians know nothing of it.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { numberIn, numberKey } from "../../../actors/store/number_key.ts";
import type { ReadTx, StoreView } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { decode, encode, fixedHex, list, struct, u64Number, Writer } from "../../../core/encoding/mod.ts";
import { sessionSignatures } from "../../../core/types/session.ts";
import { ProofBuilder } from "../../../core/types/session_proof.ts";
import { acceptedItems, itemsRange } from "../store/db.ts";
import { PIECE_ITEMS_MAX } from "../limits.ts";
import { someEntries } from "../store/some_entries.ts";

export const SESSION_END_METHOD = "signed_session_end";
export const SESSION_PIECE_METHOD = "signed_session_piece";

const CUT_PREFIX = Uint8Array.of(0x17);

const nodes = list(fixedHex(32));

/** `to`: position behind its last item. `left`, `right`: its proof. */
const sessionCut = struct("SessionCut", { to: u64Number, left: nodes, right: nodes });
export type SessionCut = CodecType<typeof sessionCut>;

/**
 * What a guardian tells of a finished session: all but its items. `root`: 32 bytes. `signatures`: a threshold of them,
 * 64 bytes each.
 */
export const signedSessionEnd = struct("SignedSessionEnd", {
  items: u64Number,
  root: fixedHex(32),
  signatures: sessionSignatures,
});

/** The item that is wanted, and with it those around it. */
export const pieceRequest = struct("SessionPieceRequest", { session: u64Number, position: u64Number });

/**
 * A piece begins with this, then its items follow as a list of `AcceptedItem`s. `from`: position of the first. `left`:
 * waiting nodes of the tree before it. `right`: nodes right of its last.
 */
export const pieceHead = struct("SessionPiece", { from: u64Number, left: nodes, right: nodes });

function cutsPrefix(session: number): Bytes {
  return numberKey(CUT_PREFIX, session);
}

/** The piece that holds an item; undefined when the session was not cut yet. @param position of an item that it has */
export async function cutAt(
  tx: ReadTx,
  session: number,
  position: number,
): Promise<SessionCut & { readonly from: number } | undefined> {
  const prefix = cutsPrefix(session);
  const range = { start: prefix, end: numberKey(prefix, position + 1), reverse: true, limit: 1 };
  for await (const { key, value } of tx.range(range)) {
    return { ...decode(sessionCut, value), from: numberIn(key, prefix.length) };
  }
  return undefined;
}

/**
 * Cuts a finished session. Twice does the same again.
 * @param items their number, at least one
 * @param bytesMax of a piece's items; one with a single item may be larger
 */
export async function cutSession(
  store: StoreView,
  session: number,
  items: number,
  { bytesMax, clock }: { readonly bytesMax: number; readonly clock: Clock },
): Promise<void> {
  const builder = new ProofBuilder(items);
  for (let at = 0, bytes = 0, count = 0; at < items;) {
    const some = await store.read((tx) => someEntries(tx, itemsRange(session, at)));
    assert(some.length > 0, "there are no gaps in a session's items");
    for (const { value } of some) {
      if (count > 0 && (bytes + value.length > bytesMax || count === PIECE_ITEMS_MAX)) {
        builder.cut();
        bytes = count = 0;
      }
      builder.add(value);
      bytes += value.length;
      count++;
    }
    at += some.length;
    await sleep(clock, 0); // consensus goes on in between
  }
  builder.cut();
  const proofs = builder.finish();
  await store.transact((tx) => {
    for (const { from, to, left, right } of proofs) {
      tx.set(numberKey(cutsPrefix(session), from), encode(sessionCut, { to, left: [...left], right: [...right] }));
    }
  });
}

/** A piece as it is told. */
export async function readPiece(
  tx: ReadTx,
  session: number,
  { from, to, left, right }: SessionCut & { readonly from: number },
): Promise<Bytes> {
  const items: Bytes[] = [];
  let bytes = 0;
  for await (const item of acceptedItems(tx, session, from, to)) {
    items.push(item);
    bytes += item.length;
  }
  assert(items.length === to - from, "there are no gaps in a session's items");
  const head = encode(pieceHead, { from, left, right });
  const writer = new Writer(head.length + bytes + 9);
  writer.raw(head);
  writer.bigSize(items.length);
  for (const item of items) writer.raw(item);
  return writer.finish();
}
