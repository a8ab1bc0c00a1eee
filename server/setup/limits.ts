/** Bounds of setup, each with its reason. */
import { SETUP_CODE_CHARACTERS_MAX } from "../../core/types/limits.ts";

/** Guardians of a federation: a multisig output has at most 20 keys. */
export const GUARDIANS_MAX = 20;
/** Characters of a guardian's or a federation's name. A certificate's label has 63, four of them "peer". */
export const GUARDIAN_NAME_MAX = 59;
export const FEDERATION_NAME_MAX = 200;
/**
 * Messages of one guardian's ceremony that wait until the ceremony asks for them: peers run ahead by a round at most.
 */
export const WAITING_MESSAGES_MAX = 64;
/** Their bytes together: the largest honest one, the commitment to a polynomial for 20 guardians, has 1.4 KB. */
export const WAITING_BYTES_MAX = 1_000_000;
/**
 * When nothing comes for so long, the ceremony tells whom it waits for; then after twice as long, and so on to the
 * longest.
 */
export const SILENCE_TOLD_MS = 30_000;
export const SILENCE_TOLD_MAX_MS = 600_000;
/**
 * When the ceremony's guardians are looked for first: those that are there have connected by then; then after twice as
 * long, to the longest.
 */
export const REACH_FIRST_MS = 3_000;
export const REACH_MAX_MS = 300_000;
export const REACH_TIMEOUT_MS = 10_000;
/** Largest config file: 20 guardians with 42 keys of 96 bytes in hex take about 200 KB. */
export const CONFIG_FILE_BYTES_MAX = 16_000_000;
/** All files of a config in one, while they are being written. */
export const UNFINISHED_CONFIG_BYTES_MAX = 4 * CONFIG_FILE_BYTES_MAX;
/** Largest file of an unfinished setup: 20 codes, each as long as one may be, and the own keys and parameters. */
export const SETUP_FILE_BYTES_MAX = GUARDIANS_MAX * SETUP_CODE_CHARACTERS_MAX + 100_000;
