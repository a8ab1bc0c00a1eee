/**
 * Answers to requests. `fedimint-aleph-bft` runway/mod.rs; sheet "consensus" A7. They go to the index that the request
 * names and count for the guardian that it came from. What we can't answer is met with silence: the asker tries others.
 */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/codec.ts";
import type { NetworkData } from "./messages.ts";
import { encodeMessage, newestUnitResponse } from "./messages.ts";
import type { BroadcastState } from "./state.ts";
import { isPeer, mayLeave, sendBytes } from "./state.ts";
import type { SignedUnit, UnitCoord } from "./unit.ts";

export function answer(state: BroadcastState, from: number, asker: number, message: NetworkData): void {
  if (!isPeer(state, asker)) return;
  const bytes = encodeMessage(message);
  if (state.budget.answers(from, bytes.length)) sendBytes(state, asker, bytes);
}

/** Any variant that we have, in the graph or not. */
export function answerCoord(state: BroadcastState, from: number, asker: number, coord: UnitCoord): void {
  const stored = state.store.byCoord(coord);
  if (!stored || !mayLeave(state, stored)) return;
  answer(state, from, asker, { tag: "units", value: { tag: "responseCoord", value: stored.unit } });
}

/** Only when the parents are known for sure and all here. */
export function answerParents(state: BroadcastState, from: number, asker: number, hash: Bytes): void {
  const keys = state.store.byKey(toHex(hash))?.parents;
  if (!keys) return;
  const parents: SignedUnit[] = [];
  for (const key of keys) {
    const stored = state.store.byKey(key);
    if (!stored || !mayLeave(state, stored)) return;
    parents.push(stored.unit);
  }
  answer(state, from, asker, { tag: "units", value: { tag: "responseParents", value: { hash, parents } } });
}

/** Which unit of the asker is the newest that we have, signed: it may have lost its database. */
export function answerNewest(state: BroadcastState, from: number, asker: number, salt: bigint): void {
  if (!isPeer(state, asker)) return;
  // each answer costs a signature, and nobody needs to ask more than once in seconds
  state.budget.useless(from);
  const unit = state.store.newest(asker)?.unit ?? null;
  const response = { requester: asker, responder: state.identity, unit, salt };
  const signature = state.config.keychain.sign(encode(newestUnitResponse, response));
  answer(state, from, asker, { tag: "units", value: { tag: "responseNewest", value: { response, signature } } });
}
