/** For tests: whole sessions in the store and out of it. */
import type { Bytes } from "../../../core/bytes.ts";
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { decode, encode } from "../../../core/encoding/mod.ts";
import type { AcceptedItem, SessionOutcome, SignedSessionOutcome } from "../../../core/types/session.ts";
import { acceptedItem, headerOf, signedSessionOutcome } from "../../../core/types/session.ts";
import { SessionTree } from "../../../core/types/session_tree.ts";
import { acceptedItems, getSessionEnd, setAcceptedItem, setSessionEnd } from "../store/db.ts";
import { numberKey } from "../../../actors/store/number_key.ts";

export function treeOf(items: readonly AcceptedItem[]): SessionTree {
  const tree = new SessionTree();
  for (const item of items) tree.add(encode(acceptedItem, item));
  return tree;
}

/** What guardians sign of a session that is at hand as a whole: 40 bytes. */
export function sessionHeader(session: number, { items }: SessionOutcome): Bytes {
  return headerOf(session, treeOf(items).root());
}

export function putItems(tx: StoreTx, session: number, items: readonly AcceptedItem[]): void {
  for (const [position, item] of items.entries()) setAcceptedItem(tx, session, position, encode(acceptedItem, item));
}

export function putSession(tx: StoreTx, session: number, { sessionOutcome, signatures }: SignedSessionOutcome): void {
  putItems(tx, session, sessionOutcome.items);
  const tree = treeOf(sessionOutcome.items);
  setSessionEnd(tx, session, { items: tree.count, bytes: tree.bytes, root: tree.root(), signatures });
}

/** As the oldest databases have it (`../store/old_layout.ts`). */
export function putOldSession(tx: StoreTx, session: number, outcome: SignedSessionOutcome): void {
  tx.set(numberKey(Uint8Array.of(0x04), session), encode(signedSessionOutcome, outcome));
}

export async function itemsIn(tx: ReadTx, session: number): Promise<AcceptedItem[]> {
  const items: AcceptedItem[] = [];
  for await (const encoded of acceptedItems(tx, session)) items.push(decode(acceptedItem, encoded));
  return items;
}

export async function sessionIn(tx: ReadTx, session: number): Promise<SignedSessionOutcome | undefined> {
  const end = await getSessionEnd(tx, session);
  return end && { sessionOutcome: { items: await itemsIn(tx, session) }, signatures: end.signatures };
}
