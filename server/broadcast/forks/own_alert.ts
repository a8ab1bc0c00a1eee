/** What our accusation of a forker says. Signed once and saved before it is told: see backup.ts. */
import { ALERT_BYTES_MAX } from "../limits.ts";
import type { ForkProof, SignedAlert } from "../messages.ts";
import { alertHash } from "../messages.ts";
import type { BroadcastState } from "../state.ts";
import { mayLeave } from "../state.ts";
import type { SignedUnit } from "../graph/unit.ts";

/**
 * Null when the proof holds a unit of ours that nobody has seen: that is no fork yet, and must not become one by being
 * shown.
 */
export function formAlert(state: BroadcastState, proof: ForkProof): SignedAlert | null {
  if (isSecret(state, proof.first) || isSecret(state, proof.second)) return null;
  const alert = { sender: state.identity, proof, legitUnits: legitUnitsOf(state, proof) };
  return { alert, signature: state.config.keychain.sign(alertHash(alert)) };
}

function isSecret(state: BroadcastState, { key }: SignedUnit): boolean {
  const stored = state.store.byKey(key);
  return stored !== undefined && !mayLeave(state, stored);
}

/**
 * What we accepted of a forker, ascending by round; what doesn't fit into a message is left out, the oldest first: that
 * others have.
 */
function legitUnitsOf(state: BroadcastState, { first, second }: ForkProof): SignedUnit[] {
  const units: SignedUnit[] = [];
  let bytes = first.bytes.length + second.bytes.length;
  for (const stored of state.store.unitsOf(first.creator).toReversed()) {
    if (!mayLeave(state, stored)) continue;
    bytes += stored.unit.bytes.length;
    if (bytes > ALERT_BYTES_MAX) break;
    units.push(stored.unit);
  }
  return units.reverse();
}
