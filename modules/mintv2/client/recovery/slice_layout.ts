/**
 * How items lie in a packed slice. A slice is its number of items and then the items: variant 1 ‖ length 1 ‖ content.
 * Content of an output: denomination 1 ‖ nonce hash 20 ‖ tweak 16; of an input: nonce hash 20. docs/protocol/04-mint.md
 * §3.
 */
export const OUTPUT = 0, INPUT = 1;
export const HEAD_BYTES = 2;
/** Of an item's nonce hash. */
export const NONCE_HASH_BYTES = 20;
export const TWEAK_BYTES = 16;
export const OUTPUT_BYTES = 1 + NONCE_HASH_BYTES + TWEAK_BYTES;
