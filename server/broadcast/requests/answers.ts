/**
 * Answers to requests. `fedimint-aleph-bft` runway/mod.rs; docs/protocol/03-consensus.md §A7. What we can't answer is
 * met with silence: the asker tries others.
 *
 * A request names whom to answer, and the reference answers whoever is named. Every guardian names itself; one that
 * names another would make us talk to somebody who hasn't asked. So we answer only the guardian that the request came
 * from, each thing a few times in a while, and in bounded bytes: what one asks for costs its own link and nobody
 * else's.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import { encode } from "../../../core/encoding/codec.ts";
import type { NetworkData } from "../messages.ts";
import { encodeMessage, newestUnitResponse } from "../messages.ts";
import type { BroadcastState } from "../state.ts";
import { mayLeave, sendAnswer, useless } from "../state.ts";
import type { SignedUnit, UnitCoord } from "../graph/unit.ts";

/** False for a request in the name of another guardian than the one it came from. */
export function asksForItself(state: BroadcastState, from: number, asker: number): boolean {
  if (asker === from) return true;
  useless(state, from, "request in another guardian's name");
  return false;
}

/** @param thing what is answered, the same for the same answer */
function answer(state: BroadcastState, asker: number, thing: string, message: () => NetworkData | null): void {
  if (state.budget.isRepeated(asker, thing)) return;
  const data = message();
  if (!data) return;
  const bytes = encodeMessage(data);
  if (state.budget.answers(asker, thing, bytes.length)) sendAnswer(state, asker, bytes);
}

/** Any variant that we have, in the graph or not. */
export function answerCoord(state: BroadcastState, asker: number, coord: UnitCoord): void {
  const stored = state.store.byCoord(coord);
  if (!stored || !mayLeave(state, stored)) return;
  answer(state, asker, `unit ${coord.round}.${coord.creator}`, () => {
    return { tag: "units", value: { tag: "responseCoord", value: stored.unit } };
  });
}

/** Only when the parents are known for sure and all here. */
export function answerParents(state: BroadcastState, asker: number, hash: Bytes): void {
  const key = toHex(hash);
  const keys = state.store.byKey(key)?.parents;
  if (!keys) return;
  answer(state, asker, `parents ${key}`, () => {
    const parents: SignedUnit[] = [];
    for (const parent of keys) {
      const stored = state.store.byKey(parent);
      if (!stored || !mayLeave(state, stored)) return null;
      parents.push(stored.unit);
    }
    return { tag: "units", value: { tag: "responseParents", value: { hash, parents } } };
  });
}

/** Which unit of the asker is the newest that we have, signed: it may have lost its database. */
export function answerNewest(state: BroadcastState, asker: number, salt: bigint): void {
  // whatever the salt: each answer costs a signature
  answer(state, asker, "newest", () => {
    const unit = state.store.newest(asker)?.unit ?? null;
    const response = { requester: asker, responder: state.identity, unit, salt };
    const signature = state.config.keychain.sign(encode(newestUnitResponse, response));
    return { tag: "units", value: { tag: "responseNewest", value: { response, signature } } };
  });
}

export function answerAlert(state: BroadcastState, asker: number, hash: Bytes): void {
  const signed = state.alerts.byHash(hash);
  if (!signed) return;
  answer(state, asker, `alert ${toHex(hash)}`, () => ({ tag: "alert", value: { tag: "forkAlert", value: signed } }));
}
