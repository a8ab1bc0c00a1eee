/** Bounds of the gateway's module ln, each with its reason. */

/**
 * Blocks that the gateway keeps for itself, to claim an outgoing contract after it has paid: as for contracts of lnv2.
 * The reference keeps 10, which a payment that is settled on the chain may use up; payers give some 500.
 */
export const CLAIM_BLOCKS = 144n;

/**
 * An intercepted forward must have more blocks than these left, or its contract is not funded: time to settle it on the
 * chain. fedimint-ln-common 0.13.0 (`LNV1_INCOMING_HTLC_EXPIRY_SAFETY_MARGIN`): what older clients' invoices give.
 */
export const FORWARD_BLOCKS_MIN = 30n;

/** Guardians that don't answer so long get no money of ours: funding can't be taken back. */
export const LIVENESS_MS = 10_000;

/**
 * A wallet that takes longer to get its notes ready funds nothing: the payment that the money is for was looked at
 * before, and may be back by then.
 */
export const FUND_WITHIN_MS = 10_000;

/** What guardians say of a contract before a payment is accepted: its payer asks again, or takes another gateway. */
export const ACCEPT_MS = 30_000;
/** A contract is looked for so often, … */
export const CONTRACT_LOOKS_MAX = 2;
/**
 * … so long after one another: payers ask as soon as it is funded, and again when they are refused. Strangers, who may
 * name any contract, cost guardians two questions by one of theirs.
 */
export const CONTRACT_LOOK_MS = 2_000;

/** Cancellations and refunds that guardians refuse are made again, later and later: so often. */
export const TRIES_MAX = 5;
export const TRY_AGAIN = { minMs: 1_000, maxMs: 60_000 };

/** A registration lives so long. fedimint-gateway-server 0.13.0 (`GW_ANNOUNCEMENT_TTL`). */
export const REGISTRATION_TTL_SECS = 600n;
/** A guardian that takes longer to register the gateway, or to forget it, is left for the next time. */
export const REGISTER_MS = 10_000;
