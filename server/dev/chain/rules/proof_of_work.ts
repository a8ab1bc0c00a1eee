/** Regtest's proof of work: half of all hashes have it. */
import type { BlockHeader } from "../../../../core/bitcoin/mod.ts";
import { blockHashOf } from "../../../../core/bitcoin/mod.ts";
import type { BlockHash } from "../../../../core/types/ids.ts";
import { TARGET } from "../params.ts";

export function hasWork(hash: BlockHash): boolean {
  return BigInt(`0x${hash}`) <= TARGET;
}

/** Two tries on average. */
export function mine(header: BlockHeader): BlockHeader {
  for (let nonce = 0;; nonce++) {
    const mined = { ...header, nonce };
    if (hasWork(blockHashOf(mined))) return mined;
  }
}
