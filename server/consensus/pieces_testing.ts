/** For tests of sessions in pieces: sessions that guardians 1 to 3 have signed, in the store of whoever tells them. */
import type { Clock } from "../../actors/platform/platform.ts";
import type { Store } from "../../actors/store/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { AcceptedItem } from "../../core/types/session.ts";
import { headerOf } from "../../core/types/session.ts";
import { testStore } from "../../modules/contract/testing.ts";
import { putSession, treeOf } from "./db_testing.ts";
import type { FetchedEnd } from "./fetched_piece.ts";
import { keychains } from "./outcome_testing.ts";

/** Stands still; pauses end at once and are counted. */
export function pausingClock(): Clock & { readonly pauses: number } {
  const clock = {
    pauses: 0,
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimer: (_delayMs: number, fire: () => void) => {
      clock.pauses++;
      queueMicrotask(fire);
      return { cancel: () => undefined };
    },
  };
  return clock;
}

export function signaturesOver(session: number, root: Bytes, peers: readonly PeerId[] = [1, 2, 3]): Map<PeerId, Bytes> {
  return new Map(peers.map((peer) => [peer, keychains[peer]!.sign(headerOf(session, root))]));
}

export function endOf(session: number, items: readonly AcceptedItem[]): FetchedEnd {
  const root = treeOf(items).root();
  return { told: items.length, root, signatures: signaturesOver(session, root) };
}

/** The store of a guardian that has finished a session. */
export async function storedSession(session: number, items: AcceptedItem[], store?: Store): Promise<Store> {
  const made = store ?? await testStore();
  const signatures = new Map(endOf(session, items).signatures);
  await made.transact((tx) => putSession(tx, session, { sessionOutcome: { items }, signatures }));
  return made;
}
