/** Bounds of the gateway's module, each with its reason. */

/**
 * Blocks that the gateway keeps for itself, to claim an outgoing contract after it has paid: a payment may bind money
 * for what is left without them. fedimint-gwv2-client 0.13.0 (`EXPIRATION_DELTA_MINIMUM_V2`).
 */
export const EXPIRATION_DELTA_MINIMUM = 144n;

/**
 * Blocks that must be left until settling a held payment is no longer safe, or its contract is not funded. Nodes give
 * their invoices few blocks more than that, so it can't be much.
 */
export const CLAIM_DEADLINE_BLOCKS_MIN = 2n;

/**
 * A payment must have been held for so long before anything is paid for it: an LND that dies within milliseconds after
 * it told of one gives it back when it starts (docs/protocol/08-lightning-nodes.md §A). Guardians are asked meanwhile.
 */
export const HELD_SURE_MS = 100;

/** Guardians that don't answer so long get no money of ours: funding can't be taken back. */
export const LIVENESS_MS = 10_000;

/**
 * A wallet that takes longer to get its notes ready funds nothing: the payment that the money is for was looked at
 * before, and may be back by then.
 */
export const FUND_WITHIN_MS = 10_000;

/**
 * What guardians say of an outgoing contract before a payment is accepted: its payer waits, or takes another gateway.
 */
export const ACCEPT_MS = 30_000;
