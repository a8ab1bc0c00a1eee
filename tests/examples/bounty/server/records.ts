/**
 * What guardians keep of bounties. A bounty that was paid out is forgotten, so the store grows with what is open and
 * not with history.
 *
 * | Byte | Key | Value |
 * |---|---|---|
 * | 01 | output: txid 32 ‖ BS index | the open bounty |
 * | 02 | – | BS: msat of all open bounties |
 * | 03 | BS peer | BS: the latest time that this guardian voted for |
 */
import { outPoint, peerId, slot, table, u64 } from "../../../../modules/contract/mod.ts";
import { bounty } from "../common.ts";

export const openBounties = table(0x01, outPoint, bounty);
export const lockedMsat = slot(0x02, u64);
export const timeVotes = table(0x03, peerId, u64);
