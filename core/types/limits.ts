/**
 * Bounds of what comes as text from people and peers. The reference has none here; these are far above what it ever
 * writes.
 */

/** A URL of a guardian, gateway or peer. Browsers stop at 2 kB to 64 kB. */
export const URL_CHARACTERS_MAX = 65_536;

/** bech32m's own: longer text has no error detection to speak of, and the reference refuses it. */
export const INVITE_BECH32_CHARACTERS_MAX = 1_023;

/** The base32 form has no bound in the reference; a federation of 100 guardians with long URLs stays below. */
export const INVITE_BASE32_CHARACTERS_MAX = 65_536;

/** A setup code holds two URLs and one certificate (1 kB at most for an elliptic curve). */
export const SETUP_CODE_CHARACTERS_MAX = 262_144;

/** `x.y.z+vendor`. */
export const VERSION_CHARACTERS_MAX = 256;

/** JSON that a guardian signs about itself: a few URLs. */
export const GUARDIAN_METADATA_BYTES_MAX = 65_536;

/** An amount with its unit; the reference's bitcoin library takes 50 characters of digits. */
export const AMOUNT_CHARACTERS_MAX = 64;

/**
 * Text that somebody pasted, before it is looked at: several times the longest e-cash, as every character may have a
 * sign beside it that nobody sees.
 */
export const PASTED_CHARACTERS_MAX = 1_000_000;
