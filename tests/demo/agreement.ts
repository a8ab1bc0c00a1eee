/** What all guardians of a federation must agree on, whatever happened to them. */
import { stringifyJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";

/** Sessions that each guardian has finished. */
export async function sessionCounts(federation: DevFederation): Promise<number[]> {
  const counts = federation.guardians.map(({ peer }) => federation.call(peer, "session_count"));
  return (await Promise.all(counts)).map(Number);
}

/**
 * All guardians must have the same outcome of every session that all have finished.
 * @returns the number of these sessions
 */
export async function compareSessions(federation: DevFederation): Promise<number> {
  const common = Math.min(...await sessionCounts(federation));
  for (let session = 0; session < common; session++) {
    const outcomes = await Promise.all(
      federation.guardians.map(({ peer }) => federation.call(peer, "await_session_outcome", session)),
    );
    const texts = new Set(outcomes.map((outcome) => stringifyJson(outcome)));
    if (texts.size !== 1) throw new Error(`Guardians disagree on session ${session}`);
  }
  return common;
}
