/** Bounds of the gateway, each with its reason. */

/** Body of a public request: an invoice of 7,089 characters and a contract in JSON take 9 KB at most. */
export const PUBLIC_BODY_BYTES_MAX = 64 * 1024;

/** Of unauthenticated invoices, which make work for the node. fedimint-gateway-server 0.13.0 (`lib.rs`). */
export const INVOICE_RATE = { burst: 50, perSecond: 5 };

/** Part of that rate which is given beside it to those who ask for few. */
export const INVOICES_RESERVED = 0.2;
/** What one address may ask for and still asks for few. */
export const INVOICES_OF_SOURCE = { burst: 5, tokens: 1, ms: 10_000 };

/**
 * Contracts that are registered at a time: at the usual rate of invoices those of five and a half hours; each takes
 * half a kilobyte on disk. An outsider's flood ends here.
 */
export const REGISTERED_MAX = 100_000;

/**
 * After its invoice has expired a registration is kept so long: payments that came just before still end, and can be
 * verified. fedimint-gateway-server 0.13.0.
 */
export const KEPT_AFTER_EXPIRY_SECS = 24 * 3_600;
/**
 * The answer to a forward is kept so long, for a node that hands the forward over once more. No forward lives longer:
 * nodes take none whose time is farther than 2,016 blocks, two weeks.
 */
export const ANSWER_KEPT_SECS = 30 * 24 * 3_600;
/** How often registrations and answers are looked over. */
export const PRUNE_MS = 3_600_000;
/** Registrations, and answers, that are deleted in one transaction. */
export const PRUNED_AT_ONCE = 1_000;

/** What the node said of itself is told again for so long, so that strangers' questions cost it nothing. */
export const NODE_INFO_KEPT_MS = 5_000;
/** A node that doesn't answer a question about itself within it is not connected. */
export const NODE_INFO_MS = 10_000;
/** Between two tries to reach a node that is away. */
export const NODE_AGAIN_MS = 1_000;
/** Between two tries to listen for held payments. */
export const LISTEN_AGAIN_MS = { minMs: 1_000, maxMs: 60_000 };
/** Between two tries of what a federation that is away, or a module that was started anew, left undone. */
export const RELAY_AGAIN_MS = { minMs: 500, maxMs: 10_000 };

/**
 * The gateway registers itself so often: a registration lives ten minutes. fedimint-gateway-server 0.13.0
 * (`register_clients_timer`).
 */
export const REGISTER_EVERY_MS = 510_000;
/** And so much later where the node was away, or too many guardians. */
export const REGISTER_AGAIN_MS = 10_000;
/** Ways to the node that clients of version 1 put into their invoices. fedimint-gateway-server 0.13.0. */
export const ROUTE_HINTS = 1;
/** And at most: guardians take 16 KB for a registration. */
export const ROUTE_HINTS_MAX = 20;

/** `/verify?wait` waits so long. fedimint-gateway-server 0.13.0 (`VERIFY_WAIT_TIMEOUT`). */
export const VERIFY_WAIT_MS = 30_000;
/** Reading how an invoice that was paid has ended takes no longer: so long those wait for whom there is no room. */
export const VERIFY_LOOK_MS = 1_000;
/** Requests that wait for a payment at a time; others are told at once how it stands. */
export const VERIFY_WAITING_MAX = 1_000;

/** A password's bytes: bcrypt looks at 72. */
export const PASSWORD_BYTES_MAX = 72;
/** Wrong passwords that are looked at: each costs a tenth of a second, so that all together take a tenth of a core. */
export const PASSWORD_CHECKS = { burst: 10, tokens: 1, ms: 1_000 };
/** Of these, what one address has: ten strangers are needed to keep an operator out who comes from another. */
export const PASSWORD_CHECKS_OF_SOURCE = { burst: 5, tokens: 1, ms: 10_000 };
/**
 * E-cash of strangers that guardians refuse, as it was spent before: each leaves an operation and a transaction in the
 * gateway's wallet for good, up to 100 KB.
 */
export const ECASH_REFUSED = { burst: 100, tokens: 1, ms: 60_000 };
/** Of that, what one address has: ten strangers are needed to keep others from giving. */
export const ECASH_REFUSED_OF_SOURCE = { burst: 10, tokens: 1, ms: 600_000 };
/** Body of an operator's request: e-cash as text takes 200,000 characters. */
export const ADMIN_BODY_BYTES_MAX = 1024 * 1024;
/** Fees and blocks that a payment of the operator's own may take. fedimint-gateway-server 0.13.0 (`lib.rs`). */
export const OPERATOR_PAYMENT = { baseMsat: 50n, percent: 1n, cltvLimit: 1_008 };
/** Life of an operator's invoice that names none. */
export const OPERATOR_INVOICE_SECS = 3_600;
/** Events of one page of the payment log. */
export const PAYMENT_LOG_PAGE_MAX = 1_000;
/** Of an answer to `gateway cli`: a thousand events with contracts take 2 MB. */
export const ADMIN_ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Requests of one public address or network: a shop's till asks a few a minute. At ten milliseconds each a stranger has
 * a fifth of a core.
 */
export const REQUESTS_OF_SOURCE = { burst: 100, tokens: 20, ms: 1_000 };
/** Of all behind a proxy on this machine or in its network together. */
export const REQUESTS_OF_PROXY = { burst: 1_000, tokens: 100, ms: 1_000 };
/** Addresses that are remembered at least, of 100 bytes each. */
export const SOURCES_KEPT_MIN = 10_000;

/** Blocks that a payment may bind the node's money for: as LND's own bound (`max-cltv-expiry`). */
export const CLTV_LIMIT_MAX = 2_016;

/**
 * A federation that is to be left is waited for so long: requests that guardians don't answer end within it
 * (`ACCEPT_MS`), payments don't.
 */
export const LEAVE_MS = 35_000;
/** Invoices of one that is being left that the node is asked about, and then told to end, at a time. */
export const INVOICES_ENDED_AT_ONCE = 16;
/** Registrations that are read at a time, of half a kilobyte each. */
export const REGISTRATIONS_READ_AT_ONCE = 1_000;
/** An invoice that expired so long ago has been ended by the node itself, whatever its clock says. */
export const ENDED_AFTER_EXPIRY_SECS = 3_600;
/**
 * A swap is begun within so long of its being asked for: how many blocks its payer's contract has left was counted
 * then. Two blocks within it are rare, and gateways keep more than a hundred in reserve.
 */
export const SWAP_BEGIN_WITHIN_MS = 60_000;
/** Swaps into one that is being left whose outcomes are kept in one transaction: each has a contract of 400 bytes. */
export const SWAPS_KEPT_AT_ONCE = 100;
/** A gateway that is to stop, or to leave a federation, looks so often whether all has ended. */
export const DRAIN_LOOK_MS = 250;

/**
 * A payment that is under way for so long is noted as one that the node knows: most have ended by then, and cost no
 * more than they did.
 */
export const SEEN_AT_NODE_MS = 5_000;

/** The embedded node's process ends in order within it, or is killed. */
export const LDK_STOP_MS = 20_000;
