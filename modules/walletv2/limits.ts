/** Bounds of the walletv2 module, each with its reason. */

/** Outputs that one slice answers; clients ask for 1,000 at a time, and follow on when fewer come. */
export const OUTPUT_SLICE_MAX = 10_000;
