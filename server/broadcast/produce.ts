/** Our own units: when, on what parents, with what data, signed once. `fedimint-aleph-bft` runway/packer.rs; sheet "consensus" A5. */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { PreUnit } from "./creator.ts";
import { accept } from "./intake.ts";
import { BATCH_BYTES_MAX } from "./limits.ts";
import { NewestCollection } from "./newest.ts";
import { subsetOf } from "./scale.ts";
import type { BroadcastState } from "./state.ts";
import { schedule, send, warn } from "./state.ts";
import type { UnitData, UnitFields } from "./unit.ts";
import { combineHashes, SignedUnit, unitHash } from "./unit.ts";

/** @param ownRound the round after our newest unit in the backup */
export function beginCreating(state: BroadcastState, ownRound: number): void {
  if (!state.config.askNewest) return state.creator.start(ownRound);
  const { config, validator, peers, dice } = state;
  state.newest = new NewestCollection(config.keychain, validator, peers, dice.u64(), ownRound);
  askNewest(state);
  schedule(state, config.delays.newestPatienceMs, { kind: "newestPatience" });
}

export function askNewest(state: BroadcastState): void {
  if (!state.newest) return;
  const request = { asker: state.identity, salt: state.newest.salt };
  send(state, "all", { tag: "units", value: { tag: "requestNewest", value: request } });
  schedule(state, state.config.delays.newestRequestMs, { kind: "newest" });
}

/** Starts creating when enough guardians have said what they have of us. */
export function concludeNewest(state: BroadcastState): void {
  const startRound = state.newest?.startRound ?? null;
  if (startRound === null) return;
  state.newest = null;
  // found out meanwhile: two units of ours in one round
  if (!state.store.isForker(state.identity)) state.creator.start(startRound);
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
    if (!preUnit) return;
    if (hasOwn(state, preUnit.round)) continue;
    state.preUnits.push(preUnit);
    state.effects.push({ type: "requestData" });
  }
}

/** Others may have shown us a unit of ours that our database no longer knew: then that one stands, and we sign no second. */
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
  if (hasOwn(state, preUnit.round) || state.store.isForker(state.identity)) {
    if (data) warn(state, "Data of a unit that is not created was given up", { round: preUnit.round });
    return;
  }
  const fields = fieldsOf(state, preUnit, data);
  accept(state, new SignedUnit(fields, state.config.keychain.sign(unitHash(fields))));
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
