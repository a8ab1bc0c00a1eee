/**
 * Sends requests for what is missing, again and again by schedule. `fedimint-aleph-bft` member.rs;
 * docs/protocol/03-consensus.md §A4, §A7.
 */
import type { BroadcastState } from "../state.ts";
import { schedule, send } from "../state.ts";
import type { SignedUnit, UnitCoord } from "../graph/unit.ts";

function coordKey(state: BroadcastState, { round, creator }: UnitCoord): number {
  return round * state.peers.total + creator;
}

/**
 * Guardians by chance, none that has forked. First of all who made the unit that needs something: it must have all its
 * parents.
 */
function whomToAsk(state: BroadcastState, owner: number, count: number, tries: number): number[] {
  const honest = state.others.filter((peer) => !state.store.isForker(peer));
  if (tries > 0 || !honest.includes(owner)) return state.dice.choose(honest, count);
  return [owner, ...state.dice.choose(honest.filter((peer) => peer !== owner), count - 1)];
}

/** @param owner creator of the unit that needs it */
export function requestCoord(state: BroadcastState, coord: UnitCoord, owner: number): void {
  // a forker's units are accepted from alerts alone: asking for them is in vain
  if (state.store.byCoord(coord) || state.store.isForker(coord.creator)) return;
  const key = coordKey(state, coord);
  if (state.coordRequests.open(key, coord, owner)) askForCoord(state, key, 0);
}

export function askForCoord(state: BroadcastState, key: number, tries: number): void {
  const request = state.coordRequests.get(key);
  if (!request) return;
  const { what: coord, owner } = request;
  const { delays } = state.config;
  for (const peer of whomToAsk(state, owner, delays.coordRequestRecipients(tries), tries)) {
    send(state, peer, { tag: "units", value: { tag: "requestCoord", value: { asker: state.identity, coord } } });
  }
  schedule(state, delays.coordRequestMs(tries), { kind: "coord", key, tries: tries + 1 });
}

/** A valid unit of this coordinate has come. */
export function coordCame(state: BroadcastState, coord: UnitCoord): void {
  const next = state.coordRequests.resolve(coordKey(state, coord));
  if (next !== undefined) askForCoord(state, next, 0);
}

export function stopAskingForUnitsOf(state: BroadcastState, creator: number): void {
  for (const key of state.coordRequests.drop((coord) => coord.creator === creator)) askForCoord(state, key, 0);
}

export function requestParents(state: BroadcastState, unit: SignedUnit): void {
  if (state.parentsRequests.open(unit.key, unit, unit.creator)) askForParents(state, unit.key, 0);
}

export function askForParents(state: BroadcastState, key: string, tries: number): void {
  const unit = state.parentsRequests.get(key)?.what;
  if (!unit) return;
  for (const peer of whomToAsk(state, unit.creator, 1, tries)) {
    send(state, peer, {
      tag: "units",
      value: { tag: "requestParents", value: { asker: state.identity, hash: unit.hash } },
    });
  }
  schedule(state, state.config.delays.parentsRequestMs, { kind: "parents", key, tries: tries + 1 });
}

export function parentsCame(state: BroadcastState, key: string): void {
  const next = state.parentsRequests.resolve(key);
  if (next !== undefined) askForParents(state, next, 0);
}
