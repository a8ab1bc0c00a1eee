/**
 * Our own units: when, on what parents, with what data, signed once. `fedimint-aleph-bft` runway/packer.rs;
 * docs/protocol/03-consensus.md §A5.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { PreUnit } from "./creator.ts";
import { accept, sendUnit } from "../intake.ts";
import { BATCH_BYTES_MAX } from "../limits.ts";
import { encodeMessage } from "../messages.ts";
import { NewestCollection } from "./newest.ts";
import { subsetOf } from "../scale.ts";
import type { BroadcastState } from "../state.ts";
import { mayLeave, schedule, send, sendBytes, tellCopy, warn } from "../state.ts";
import type { UnitData, UnitFields } from "../graph/unit.ts";
import { combineHashes, SignedUnit } from "../graph/unit.ts";

/** @param ownRound the round after our newest unit in the backup */
export function beginCreating(state: BroadcastState, ownRound: number): void {
  const { config, validator, peers, dice, nowMs } = state;
  const { keychain, session, delays, inDoubt } = config;
  if (!config.askNewest && !inDoubt) return startCreating(state, ownRound, true);
  const salt = state.askedSalt = dice.u64();
  const options = { keychain, validator, peers, session, salt, ownRound, nowMs, delays };
  state.newest = new NewestCollection(
    inDoubt ? { ...options, doubtMs: delays.newestDoubtMs(dice.fraction()) } : options,
  );
  askNewest(state);
}

function startCreating(state: BroadcastState, firstRound: number, isKnown: boolean): void {
  state.own = { firstRound, isKnown, sinceMs: state.nowMs };
  // the one unit that may have been saved and not sent; others ask for older ones when they lack them
  const newest = state.store.newest(state.identity);
  if (newest && mayLeave(state, newest)) sendUnit(state, newest.unit);
  state.creator.start(firstRound);
}

/** Now and then, and looks at the time, until we begin. */
export function askNewest(state: BroadcastState): void {
  const { newest, nowMs, identity: asker } = state;
  if (!newest) return;
  if (newest.isQuestionDue(nowMs)) {
    send(state, "all", { tag: "units", value: { tag: "requestNewest", value: { asker, salt: newest.salt } } });
  }
  schedule(state, state.config.delays.newestTickMs, { kind: "newest" });
}

function heldRound({ store, identity }: BroadcastState): number {
  return (store.newest(identity)?.unit.round ?? -1) + 1;
}

/** Starts creating when enough guardians have said what they have of us, and nobody else creates our units. */
export function concludeNewest(state: BroadcastState): void {
  const { newest } = state;
  if (!newest) return;
  // found out meanwhile: two units of ours in one round
  const conclusion = state.isSilenced ? null : newest.conclude(state.nowMs, heldRound(state));
  if (conclusion?.kind === "wait") return;
  state.newest = null;
  if (conclusion === null) return;
  if (conclusion.kind === "begin") return startCreating(state, conclusion.round, conclusion.isKnown);
  state.phase = "stopped";
  tellCopy(state, "at_work", { round: conclusion.round });
}

/** As far as parents and delays allow. */
export function advanceCreator(state: BroadcastState): void {
  for (;;) {
    if (state.creator.needsDelay()) {
      const { round } = state.creator;
      const delayMs = state.config.delays.creationMs(round, state.dice.fraction());
      schedule(state, delayMs, { kind: "create", round });
    }
    const preUnit = state.creator.create();
    if (!preUnit) return watchStall(state);
    if (hasOwn(state, preUnit.round)) continue;
    state.preUnits.push(preUnit);
    state.effects.push({ type: "requestData" });
  }
}

function watchStall(state: BroadcastState): void {
  const { round, lacking } = state.creator;
  if (lacking.length === 0 || state.watchedRound === round) return;
  state.watchedRound = round;
  schedule(state, state.config.delays.stallMs(0), { kind: "stall", round, times: 1 });
}

/**
 * When too few units of the last round reach us for long, they may have been lost, and ours too, and nobody's next unit
 * tells of it. The reference waits for the re-broadcast, 15 to 20 seconds; we ask their creators and one more guardian,
 * and send ours again.
 */
export function breakStall(state: BroadcastState, round: number, times: number): void {
  const { lacking } = state.creator;
  if (state.creator.round !== round || lacking.length === 0) return;
  const newest = state.store.newest(state.identity);
  if (newest && mayLeave(state, newest)) sendUnit(state, newest.unit);
  for (const creator of lacking) {
    const coord = { round: round - 1, creator };
    if (creator === state.identity || state.store.byCoord(coord) || state.store.isForker(creator)) continue;
    const request = encodeMessage({
      tag: "units",
      value: { tag: "requestCoord", value: { asker: state.identity, coord } },
    });
    const others = state.others.filter((peer) => peer !== creator);
    for (const peer of [creator, ...state.dice.choose(others, 1)]) sendBytes(state, peer, request);
  }
  schedule(state, state.config.delays.stallMs(times), { kind: "stall", round, times: times + 1 });
}

/**
 * Others may have shown us a unit of ours that our database no longer knew: then that one stands, and we sign no
 * second.
 */
function hasOwn(state: BroadcastState, round: number): boolean {
  return state.store.byCoord({ round, creator: state.identity }) !== undefined;
}

/** The oldest requested data has come: makes its unit, which is told once it is saved. */
export function packUnit(state: BroadcastState, data: UnitData | null): void {
  const preUnit = state.preUnits.shift();
  assert(preUnit, "data comes only when it was requested");
  assert(
    data?.kind !== "batch" || data.bytes.length <= BATCH_BYTES_MAX,
    "a batch keeps to the limit beyond which others drop its unit",
  );
  if (hasOwn(state, preUnit.round) || state.isSilenced) {
    if (data) warn(state, "Data of a unit that is not created was given up", { round: preUnit.round });
    return;
  }
  const fields = fieldsOf(state, preUnit, data);
  accept(state, SignedUnit.sign(fields, (hash) => state.config.keychain.sign(hash)));
}

function fieldsOf(state: BroadcastState, { round, parents }: PreUnit, data: UnitData | null): UnitFields {
  const { total } = state.peers;
  const slots = new Array<Bytes | null>(total).fill(null);
  for (const { unit } of parents) slots[unit.creator] = unit.hash;
  return {
    round,
    creator: state.identity,
    mask: subsetOf(total, parents.map(({ unit }) => unit.creator)),
    combinedHash: combineHashes(slots),
    data,
    session: state.config.session,
  };
}
