/**
 * The time that guardians agree on. Clocks differ, and what is processed must not depend on the own one: each guardian
 * votes, and the votes are ordered like everything else.
 */
import type { NumPeers, PeerId, ReadTx, Result, StoreTx } from "../../../../modules/contract/mod.ts";
import { err, ok } from "../../../../modules/contract/mod.ts";
import { timeVotes } from "./records.ts";

// quote: time
/**
 * The latest time that a threshold of guardians says has come, unix seconds; 0 before. Evil guardians, fewer than a
 * third, can't hurry it: one honest guardian at least has seen it go by. It never goes back, since no vote does.
 */
export async function agreedTime(tx: ReadTx, peers: NumPeers): Promise<bigint> {
  const times: bigint[] = [];
  for await (const [, time] of timeVotes.entries(tx)) times.push(time);
  times.sort((a, b) => a < b ? 1 : a > b ? -1 : 0);
  return times[peers.threshold - 1] ?? 0n;
}

/** A vote that doesn't go on from the one before is refused: so a copy counts once. */
export async function processTime(tx: StoreTx, time: bigint, peer: PeerId): Promise<Result<null, string>> {
  if (time <= (await timeVotes.get(tx, peer) ?? 0n)) return err("this guardian has voted for as late a time before");
  timeVotes.set(tx, peer, time);
  return ok(null);
}
// quote: end

/** What this guardian votes for now, if that is news: its clock, rounded down to a step. */
export async function dueVote(
  tx: ReadTx,
  own: PeerId,
  clock: { readonly nowMs: number; readonly stepSecs: number },
): Promise<bigint | null> {
  const nowSecs = Math.floor(clock.nowMs / 1_000);
  const time = BigInt(nowSecs - nowSecs % clock.stepSecs);
  return time > (await timeVotes.get(tx, own) ?? 0n) ? time : null;
}
