/**
 * Units of a forker that a confirmed alert brings. An alert of an evil guardian about an evil one may hold 65,000, one
 * a round number; all of them must be signed, or the alert brings none, as in the reference (alerts/handler.rs):
 * whoever took others than the rest do could stand on units that nobody else gets. That is half a minute of checks, so
 * they are made, and the units taken, in pieces with pauses, alert by alert in turn. What we hold with the same
 * signature was checked when it came.
 */
import { equalBytes } from "../../../core/bytes.ts";
import { receiveAlertedUnit } from "../intake.ts";
import { ALERTED_CHECKS_MAX, ALERTED_PAUSE_MS, ALERTED_UNITS_MAX } from "../limits.ts";
import type { AlertedUnits, BroadcastState } from "../state.ts";
import { schedule } from "../state.ts";
import type { SignedUnit } from "../graph/unit.ts";

/** Begins with a first piece: of an honest alert mostly all. */
export function takeAlertedUnits(state: BroadcastState, units: readonly SignedUnit[]): void {
  const alerted: AlertedUnits = { units, checked: 0, taken: 0 };
  if (workOn(state, alerted)) return;
  state.alerted.push(alerted);
  if (state.alerted.length === 1) schedule(state, ALERTED_PAUSE_MS, { kind: "alerted" });
}

export function nextAlertedUnits(state: BroadcastState): void {
  const alerted = state.alerted.shift();
  if (alerted && !workOn(state, alerted)) state.alerted.push(alerted);
  if (state.alerted.length > 0) schedule(state, ALERTED_PAUSE_MS, { kind: "alerted" });
}

/** One piece. True when it is done. */
function workOn(state: BroadcastState, alerted: AlertedUnits): boolean {
  const { units } = alerted;
  const end = alerted.checked + alerted.taken + ALERTED_UNITS_MAX;
  for (let checks = 0; alerted.checked < units.length; alerted.checked++) {
    if (checks === ALERTED_CHECKS_MAX || alerted.checked === end) return false;
    const unit = units[alerted.checked]!;
    if (isHeld(state, unit)) continue;
    checks++;
    // not remembered: so many would drive out what is needed again
    if (!state.config.keychain.verify(unit.creator, unit.hash, unit.signature)) return true;
  }
  for (; alerted.taken < units.length; alerted.taken++) {
    if (alerted.checked + alerted.taken === end) return false;
    receiveAlertedUnit(state, units[alerted.taken]!);
  }
  return true;
}

function isHeld({ store }: BroadcastState, { key, signature }: SignedUnit): boolean {
  const stored = store.byKey(key);
  return stored !== undefined && equalBytes(stored.unit.signature, signature);
}
