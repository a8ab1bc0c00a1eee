/** Until when a gateway may claim. Follows fedimint-ln-client 0.13.0 (`create_outgoing_output`). */

/** Blocks beyond what the invoice's receiver wants, for the gateway's way to it. */
const TIMELOCK_BLOCKS = 499n;
/** Of a contract in all: what lies in it is away so long at most. The receiver chooses a part of it. */
const TIMELOCK_BLOCKS_MAX = 1_440n;

/** Blocks from now on, as the invoice wants it; more than the maximum is refused. */
export function timelockBlocks(minFinalCltvExpiryDelta: bigint): bigint {
  return minFinalCltvExpiryDelta + TIMELOCK_BLOCKS;
}

/** Height of the last block in which the gateway may claim; null when the invoice wants too many blocks. */
export function timelockOf(blockCount: bigint, minFinalCltvExpiryDelta: bigint): bigint | null {
  const blocks = timelockBlocks(minFinalCltvExpiryDelta);
  return blocks > TIMELOCK_BLOCKS_MAX ? null : blockCount + blocks;
}
