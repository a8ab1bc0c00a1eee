/**
 * What guardians tell each other: how many blocks their chains have, and what time it is. Contracts expire by what a
 * threshold of them has seen. Follows fedimint-lnv2-server 0.13.0; docs/protocol/06-lightning-meta.md §C.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { LightningConsensusItem } from "../common.ts";
import { blockCountVotes, raiseVote, unixTimeVotes } from "./db.ts";
import type { LightningEnv } from "./inputs_outputs.ts";

/** Votes on the time are told to the minute, so that there is one of each guardian a minute. */
const TIME_STEP_SECS = 60;

export async function processConsensusItem(
  tx: StoreTx,
  item: LightningConsensusItem,
  peer: PeerId,
): Promise<Result<null, string>> {
  switch (item.tag) {
    case "BlockCountVote":
      return await raiseVote(tx, blockCountVotes, peer, item.value) ? ok(null) : err("block count vote is redundant");
    case "UnixTimeVote":
      return await raiseVote(tx, unixTimeVotes, peer, item.value) ? ok(null) : err("Unix time vote is redundant");
    case "Default":
      return err(`unknown kind of item ${item.value.variant}`);
  }
}

/** What this guardian has to say now. What was counted already is not said again: it would only be refused. */
export async function consensusProposal(env: LightningEnv, tx: ReadTx): Promise<LightningConsensusItem[]> {
  const { identity, platform: { clock }, bitcoin } = env;
  const items: LightningConsensusItem[] = [];
  const time = BigInt(TIME_STEP_SECS * Math.floor(clock.nowMs() / 1_000 / TIME_STEP_SECS));
  if (time > (await unixTimeVotes.get(tx, identity) ?? 0n)) items.push({ tag: "UnixTimeVote", value: time });
  const status = await bitcoin.status();
  const count = BigInt(status?.blockCount ?? 0);
  if (count > (await blockCountVotes.get(tx, identity) ?? 0n)) items.push({ tag: "BlockCountVote", value: count });
  return items;
}
