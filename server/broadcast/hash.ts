/**
 * AlephBFT's hash, `alephHash` of core, over native SHA-256 and without copies: a guardian hashes every unit that it
 * receives, up to 50 kB, which by the portable one costs more than checking its signature. `aleph_bft/network.rs`;
 * docs/protocol/03-consensus.md §A2.
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../../core/bytes.ts";
import { Writer } from "../../core/encoding/io.ts";

const LENGTH_BYTES_MAX = 9;

/** `sha256(BigSize(length) ‖ bytes)`, 32 bytes. */
export function hashOf(bytes: Uint8Array): Bytes {
  const length = new Writer(LENGTH_BYTES_MAX);
  length.bigSize(bytes.length);
  return Uint8Array.from(createHash("sha256").update(length.finish()).update(bytes).digest());
}
