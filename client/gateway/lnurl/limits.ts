/** Bounds of the lnurl pages: strangers ask, and name the gateways that are asked for them. */

/** msat. Source: recurringdv2. */
export const SENDABLE_MSAT_MIN = 100_000n;
export const SENDABLE_MSAT_MAX = 100_000_000_000n;
/** Invoices live so long. Source: recurringdv2. */
export const INVOICE_SECS = 3_600;

/** Gateways of one lnurl that are asked, in its order: a wallet names those that its guardians vet. */
export const GATEWAYS_ASKED_MAX = 8;
/** For all that one invoice needs; payers' wallets wait no longer. */
export const INVOICE_MS = 30_000;
/**
 * Invoices under way at once: each holds a request to somebody else's server. Who has waited longest makes room for who
 * comes: a gateway that answers does so in a second or two, one that never does holds nothing up.
 */
export const INVOICES_AT_ONCE_MAX = 32;
/** Of one public address or network among them. */
export const INVOICES_OF_SOURCE_MAX = 8;
/**
 * As gateways' own for invoices, with the same reserve for those who ask for few: making a contract costs some tens of
 * milliseconds.
 */
export const INVOICE_RATE = { burst: 50, perSecond: 5 };
