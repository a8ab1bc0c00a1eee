/**
 * Constants and the byte order of the `random` points of the `bls12_381` crate. docs/protocol/04-mint.md §1.1,
 * docs/protocol/06-lightning-meta.md §B.
 */
import type { Bytes } from "../../bytes.ts";
import { concat } from "../../bytes.ts";
import { requireLength } from "../error.ts";

/**
 * 1 − x of the curve's parameter x = −0xd201000000010000: multiplying by it brings every point of G1's curve into G1.
 */
export const CLEARING_FACTOR = 0xd201000000010001n;

/** A field element's share of one try, in bytes. */
export const BLOCK_BYTES = 96;

/**
 * The 96 bytes of a field element as one big-endian number: the crate puts the first half at the low end.
 * @throws {CryptoError} `bad_length`
 */
export function wideBlock(block: Uint8Array): Bytes {
  requireLength(block, BLOCK_BYTES, "block");
  return concat(block.subarray(48), block.subarray(0, 48));
}
