/**
 * k of n keys behind a P2WSH output: witness script, output script, and the finished witness. Keys are sorted (BIP67),
 * as `sortedmulti` does. Sources: `miniscript` crate `Wsh::SortedMulti`; BIP383.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { compareBytes, concat } from "../bytes.ts";
import { p2wshScript } from "./script.ts";

/** `OP_CHECKMULTISIG` takes no more. */
export const MULTISIG_KEYS_MAX = 20;

const OP_CHECKMULTISIG = 0xae;
const PUBLIC_KEY_BYTES = 33;

/** OP_1 … OP_16, above that a push of the number. */
function pushSmallNumber(value: number): Bytes {
  return value <= 16 ? Uint8Array.of(0x50 + value) : Uint8Array.of(1, value);
}

function checkKeys(threshold: number, keys: readonly Uint8Array[]): void {
  if (keys.length > MULTISIG_KEYS_MAX) throw new RangeError(`A multisig has at most ${MULTISIG_KEYS_MAX} keys`);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw new RangeError(`A multisig of ${keys.length} keys can't ask for ${threshold} signatures`);
  }
  if (keys.some((key) => key.length !== PUBLIC_KEY_BYTES)) throw new RangeError("Keys are 33 bytes compressed");
}

/** Keys in the order of the script. */
export function sortedKeys(keys: readonly Bytes[]): Bytes[] {
  return keys.toSorted(compareBytes);
}

/**
 * `k <key> … <key> n OP_CHECKMULTISIG`
 * @param keys 33 bytes each, in any order, at most 20
 */
export function sortedMultisigScript(threshold: number, keys: readonly Bytes[]): Bytes {
  checkKeys(threshold, keys);
  const pushes = sortedKeys(keys).flatMap((key) => [Uint8Array.of(PUBLIC_KEY_BYTES), key]);
  return concat(pushSmallNumber(threshold), ...pushes, pushSmallNumber(keys.length), Uint8Array.of(OP_CHECKMULTISIG));
}

/** The P2WSH output script of a witness script. */
export function p2wshOf(witnessScript: Uint8Array): Bytes {
  return p2wshScript(sha256(witnessScript));
}

/**
 * Witness that spends a multisig output: `[empty, signatures, witness script]`, the empty element for the one that
 * OP_CHECKMULTISIG takes too many.
 * @param signatures DER with sighash byte, exactly `k`, in the order of the script's keys
 */
export function multisigWitness(signatures: readonly Bytes[], witnessScript: Bytes): Bytes[] {
  return [new Uint8Array(0), ...signatures, witnessScript];
}
