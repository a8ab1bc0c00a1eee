/**
 * How a wallet makes its notes: from the module's secret, a denomination and a public tweak of 16 bytes, so that the
 * seed words and the guardians' log are enough to find them again. Nothing is stored for it and there is no counter.
 *
 * Most tweaks in the log belong to others. A wallet recognises its own by a filter: it only uses tweaks for which a
 * hash with its secret filter begins with 16 zero bits. Making one takes 65,536 hashes on average; one in as many
 * foreign tweaks passes, and is told by the nonce's hash. Follows fedimint-mintv2-client 0.13.0 (`issuance.rs`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { hash160 } from "../../../core/bitcoin/script.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, equalBytes } from "../../../core/bytes.ts";
import type { G1 } from "../../../core/crypto/bls/mod.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import { blindMessage, messageToPoint, unblind } from "../../../core/crypto/tbs.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { struct } from "../../../core/encoding/mod.ts";
import { blsScalar } from "../../../core/types/bls.ts";
import { keypair } from "../../../core/types/keys.ts";
import type { MintOutput } from "../common.ts";
import { tweak } from "../common.ts";
import type { Denomination } from "../denomination.ts";
import { denomination } from "../denomination.ts";
import type { SpendableNote } from "../ecash.ts";

const FILTER_BYTES = 32;
export const TWEAK_BYTES = 16;

/**
 * A note that was asked for: all that its owner needs to finish it. Wire: denomination 1 · tweak 16 · key 32 · blinding
 * key 32. Secret.
 */
export const noteIssuanceRequest = struct("NoteIssuanceRequest", {
  denomination,
  tweak,
  keypair,
  blindingKey: blsScalar,
});
export type NoteIssuanceRequest = CodecType<typeof noteIssuanceRequest>;

/** 32 bytes; secret, as it tells which outputs are the wallet's. @param root the module's secret */
export function tweakFilter(root: DerivableSecret): Bytes {
  return root.randomBytes(FILTER_BYTES);
}

/** Whether the first two bytes of SHA256(tweak ‖ filter) are zero. Cost: one hash. */
export function passesFilter(tweakBytes: Uint8Array, filter: Uint8Array): boolean {
  const hash = sha256(concat(tweakBytes, filter));
  return hash[0] === 0 && hash[1] === 0;
}

/** N(d, tweak): spend key and blinding key come from this one secret. */
export function noteSecret(root: DerivableSecret, exponent: Denomination, tweakBytes: Bytes): DerivableSecret {
  return root.child(exponent).tweak(tweakBytes);
}

export function noteRequest(root: DerivableSecret, exponent: Denomination, tweakBytes: Bytes): NoteIssuanceRequest {
  const secret = noteSecret(root, exponent, tweakBytes);
  return { denomination: exponent, tweak: tweakBytes, keypair: secret.secpKey(), blindingKey: secret.blsScalar() };
}

/** 33 bytes: the note's public key. */
export function requestNonce(request: NoteIssuanceRequest): Bytes {
  return publicKeyOf(request.keypair);
}

/**
 * 48 bytes: what guardians sign. Cost: two square roots and a multiplication in G1.
 * @param nonce where it is known: it costs a multiplication
 */
export function blindedNonce(request: NoteIssuanceRequest, nonce = requestNonce(request)): G1 {
  return blindMessage(messageToPoint(nonce), request.blindingKey);
}

/** @param blinded where it is known */
export function requestOutput(request: NoteIssuanceRequest, blinded = blindedNonce(request)): MintOutput {
  const { denomination: exponent, tweak: tweakBytes } = request;
  return { tag: "V0", value: { denomination: exponent, nonce: blinded, tweak: tweakBytes } };
}

/**
 * Whether an output of the log, whose tweak passed the filter, is this request's.
 * @param nonceHash 20 bytes @param nonce where it is known
 */
export function isOutputOf(request: NoteIssuanceRequest, nonceHash: Bytes, nonce = requestNonce(request)): boolean {
  return equalBytes(hash160(blindedNonce(request, nonce)), nonceHash);
}

/**
 * The finished note. Whether its signature holds is for the caller to check. @param blindSignature the combined shares
 */
export function finishNote(request: NoteIssuanceRequest, blindSignature: G1): SpendableNote {
  const { denomination: exponent, keypair: key, blindingKey } = request;
  return { denomination: exponent, keypair: key, signature: unblind(blindSignature, blindingKey) };
}
