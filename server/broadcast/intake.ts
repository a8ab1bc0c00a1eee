/**
 * A unit's way in: checked, stored, put into the graph, ordered, saved. `fedimint-aleph-bft` runway/mod.rs;
 * docs/protocol/03-consensus.md §A7.
 *
 * What two units of one creator and round mean: the creator has forked. It is marked, the second unit is dropped, and
 * from then on its units come in through confirmed alerts only. Those accepted before stay.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { coordCame, parentsCame, requestCoord, requestParents, stopAskingForUnitsOf } from "./requests/asking.ts";
import type { DagOutput, DagUnit } from "./graph/dag.ts";
import { matchesControlHash } from "./graph/dag.ts";
import type { RestoredUnit } from "./own/backup.ts";
import type { ForkProof, SignedAlert } from "./messages.ts";
import { formAlert } from "./forks/own_alert.ts";
import { batchCostUs } from "./cost.ts";
import { COPY_ROUNDS } from "./limits.ts";
import type { BroadcastState } from "./state.ts";
import { mayLeave, save, schedule, send, tellCopy, useless, warn } from "./state.ts";
import type { SignedUnit } from "./graph/unit.ts";

/** A unit that came by itself. */
export function receiveUnit(state: BroadcastState, from: number, unit: SignedUnit): void {
  // before the costly check: neither would do anything
  if (state.store.byKey(unit.key) || state.store.isForker(unit.creator)) return;
  const fault = state.validator.fault(unit);
  // a guardian that lags behind, or the end of the session before
  if (fault === "wrong_session") return;
  if (fault !== null) return useless(state, from, `unit is invalid: ${fault}`);
  coordCame(state, unit);
  acceptUnlessFork(state, from, unit);
}

/** A validated unit. @param from who sent it */
function acceptUnlessFork(state: BroadcastState, from: number, unit: SignedUnit): void {
  if (state.store.byKey(unit.key) || state.store.isForker(unit.creator)) return;
  const { creator, data } = unit;
  if (creator !== state.identity && data?.kind === "batch") state.budget.unit(creator, from, batchCostUs(data.bytes));
  const other = state.store.byCoord(unit);
  if (other) return detectFork(state, { first: unit, second: other.unit });
  if (isForeign(state, unit)) {
    endOwnUnits(state);
    tellCopy(state, "unknown_unit", { round: unit.round });
  }
  accept(state, unit);
}

/**
 * A unit of ours that is none of this life's and none that our database can have lost: another process creates our
 * units. Of a database that was lost we know little; then the others may still show us what was on its way.
 */
function isForeign({ identity, own }: BroadcastState, { creator, round }: SignedUnit): boolean {
  return creator === identity && own !== null && round >= own.firstRound + (own.isKnown ? 0 : COPY_ROUNDS);
}

/** A proven fork, seen or learnt from an alert: from now on its creator is banned. The accusation is made once. */
export function detectFork(state: BroadcastState, proof: ForkProof): void {
  const { creator, round } = proof.first;
  if (state.store.isForker(creator)) return;
  state.store.markForker(creator);
  const signed = formAlert(state, proof);
  if (signed) save(state, { kind: "alert", signed });
  stopAskingForUnitsOf(state, creator);
  warn(state, "Guardian has forked", { creator, round });
  // somebody signs with our key, or our database was lost: one more unit of ours could only make it worse
  if (creator !== state.identity) return;
  endOwnUnits(state);
  tellCopy(state, "fork", { round });
}

/** Who signs a unit where another process may sign one, too, is taken for evil: better none. */
function endOwnUnits(state: BroadcastState): void {
  state.isSilenced = true;
  state.creator.end();
  for (const stored of state.store.unitsOf(state.identity)) stored.withheld = !stored.durable;
}

/** A validated unit that isn't stored yet, into the graph. */
export function accept(state: BroadcastState, unit: SignedUnit): void {
  state.store.add(unit);
  handleOutput(state, state.dag.add(unit), unit.creator);
}

/** @param owner creator of the unit that brought this about */
function handleOutput(state: BroadcastState, output: DagOutput, owner: number): void {
  for (const coord of output.missing) requestCoord(state, coord, owner);
  for (const unit of output.added) enterDag(state, unit);
  for (const unit of output.wrongParents) {
    const parents = state.store.byKey(unit.key)?.parents;
    // somebody may have told its parents before we knew that we need them
    if (parents) handleOutput(state, state.dag.addParents(unit, parents), unit.creator);
    else requestParents(state, unit);
  }
}

function enterDag(state: BroadcastState, unit: DagUnit): void {
  const stored = state.store.byKey(unit.unit.key);
  assert(stored, "what is in the graph is in the store");
  stored.vertex = unit;
  parentsCame(state, unit.unit.key);
  save(state, { kind: "unit", stored });
  order(state, unit);
}

function order(state: BroadcastState, unit: DagUnit): void {
  state.creator.absorb(unit);
  for (const batch of state.extender.add(unit)) {
    for (const { unit: { round, creator, data } } of batch.units) state.ordered.push({ round, creator, data });
  }
}

/** The answer to a request for all parents of the unit with this hash. */
export function receiveParents(state: BroadcastState, from: number, hash: Bytes, parents: readonly SignedUnit[]): void {
  const stored = state.store.byKey(toHex(hash));
  if (!stored || stored.parents) return;
  const { unit } = stored;
  if (parents.length !== unit.parentCreators.length) return useless(state, from, "wrong number of parents");
  const slots = new Array<Bytes | null>(state.peers.total).fill(null);
  for (const [i, parent] of parents.entries()) {
    if (parent.round + 1 !== unit.round || parent.creator !== unit.parentCreators[i]) {
      return useless(state, from, "a parent is of another place");
    }
    if (!state.store.byKey(parent.key)) {
      const fault = state.validator.fault(parent);
      if (fault !== null) return useless(state, from, `parent is invalid: ${fault}`);
    }
    slots[parent.creator] = parent.hash;
    coordCame(state, parent);
    acceptUnlessFork(state, from, parent);
  }
  if (!matchesControlHash(unit, slots)) return useless(state, from, "parents don't match the control hash");
  // the parents themselves may have completed the unit meanwhile
  const known = stored.parents ?? stored.parentsTold(parents.map((parent) => parent.key));
  handleOutput(state, state.dag.addParents(unit, known), unit.creator);
}

/** A unit of a forker that a confirmed alert holds; its signature was checked. */
export function receiveAlertedUnit(state: BroadcastState, unit: SignedUnit): void {
  if (state.validator.structureFault(unit) !== null) return;
  coordCame(state, unit);
  assert(state.store.isForker(unit.creator), "who is named in an alert was marked as forker");
  if (!state.store.byKey(unit.key)) accept(state, unit);
}

/** An accusation of the own backup: told again, as the others may not have heard it. */
export function restoreAlert(state: BroadcastState, signed: SignedAlert): void {
  state.store.markForker(signed.alert.proof.first.creator);
  state.alertsToTell.push(signed);
}

/**
 * A unit of the own backup: it was in the graph before, so it enters it whatever we know of its creator. The proof if
 * its creator has forked; to be heeded when all units are back, as the accusation names them.
 */
export function restoreUnit(state: BroadcastState, { unit, parents }: RestoredUnit): ForkProof | null {
  const other = state.store.byCoord(unit);
  const stored = state.store.add(unit);
  stored.vertex = state.dag.restore(unit, parents);
  stored.durable = true;
  order(state, stored.vertex);
  disseminate(state, unit);
  return other ? { first: unit, second: other.unit } : null;
}

/** The next `count` records are on disk: now they may be told. */
export function recordsSaved(state: BroadcastState, count: number): void {
  assert(count <= state.saving.length, "only what was being saved can have been saved");
  for (const saved of state.saving.splice(0, count)) {
    if (saved.kind === "alert") {
      state.alertsToTell.push(saved.signed);
      continue;
    }
    const { stored } = saved;
    stored.durable = true;
    if (!mayLeave(state, stored)) continue;
    if (stored.unit.creator === state.identity) sendUnit(state, stored.unit);
    disseminate(state, stored.unit);
  }
}

export function sendUnit(state: BroadcastState, unit: SignedUnit): void {
  send(state, "all", { tag: "units", value: { tag: "newUnit", value: unit } });
}

function disseminate(state: BroadcastState, unit: SignedUnit): void {
  const delayMs = state.config.delays.rebroadcastMs(state.dice.fraction());
  if (state.dissemination.discover(unit, state.nowMs + delayMs)) {
    schedule(state, delayMs, { kind: "rebroadcast", creator: unit.creator });
  }
}
