/**
 * Vocabulary of the mintv2 module: e-cash notes signed blindly by a threshold of guardians. A note is a public key (the
 * nonce) with a signature of its denomination's key; whoever knows the secret key can spend it once. Follows
 * fedimint-mintv2-common 0.13.0.
 */
import { g1Point } from "../../core/types/bls.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, fixedHex, openEnum, struct, unit } from "../../core/encoding/mod.ts";
import { publicKey } from "../../core/types/keys.ts";
import type { Version } from "../../core/types/version.ts";
import { denomination } from "./denomination.ts";
import { unknownVariantError } from "../contract/unknown_variant.ts";

export const MINTV2_KIND = "mintv2";
export const MINTV2_CONSENSUS_VERSION: Version = { major: 1, minor: 0 };
/** Guardians of 0.1 answer `signature_shares` at once, those of 0.2 wait for the shares. */
export const MINTV2_API_VERSION: Version = { major: 0, minor: 2 };
export const MINTV2_API_VERSION_REQUIRED: Version = { major: 0, minor: 1 };

/** Bytes 16, chosen by the client so that it finds its outputs again; guardians don't look at it. */
export const tweak = fixedBytes(16);

/** Public: all that is needed to check a note. Wire: denomination 1 · nonce 33 (secp256k1 key) · signature 48 (G1). */
export const note = struct("Note", { denomination, nonce: publicKey, signature: g1Point });
export type Note = CodecType<typeof note>;

const mintInputV0 = struct("MintInputV0", { note });
export const mintInput = openEnum("MintInput", { V0: mintInputV0 });
export type MintInput = CodecType<typeof mintInput>;

/** A note to sign. Wire: denomination 1 · blinded nonce 48 (G1) · tweak 16. */
const mintOutputV0 = struct("MintOutputV0", { denomination, nonce: g1Point, tweak });
export const mintOutput = openEnum("MintOutput", { V0: mintOutputV0 });
export type MintOutput = CodecType<typeof mintOutput>;

/** Nothing: clients fetch signature shares from the module's API. */
export const mintOutputOutcome = unit;

/** None are defined; unknown ones are kept so that old clients can read newer sessions. */
export const mintConsensusItem = openEnum("MintConsensusItem", {});
export type MintConsensusItem = CodecType<typeof mintConsensusItem>;

export const mintInputError = closedEnum("MintInputError", {
  UnknownInputVariant: unknownVariantError,
  SpentCoin: unit,
  InvalidDenomination: unit,
  InvalidSignature: unit,
});
export type MintInputError = CodecType<typeof mintInputError>;

export const mintOutputError = closedEnum("MintOutputError", {
  UnknownOutputVariant: unknownVariantError,
  InvalidDenomination: unit,
});
export type MintOutputError = CodecType<typeof mintOutputError>;

/** HASH160, 20 bytes. */
const nonceHash = fixedHex(20);

/**
 * One line of the log from which clients recover. The hash is of the *blinded* nonce (48 bytes) in an output and of the
 * nonce itself (33 bytes) in an input, so that guardians can't link them.
 */
export const recoveryItem = closedEnum("RecoveryItem", {
  Output: struct("RecoveryOutput", { denomination, nonceHash, tweak }),
  Input: struct("RecoveryInput", { nonceHash }),
});
export type RecoveryItem = CodecType<typeof recoveryItem>;

export function mintInputErrorText(error: MintInputError): string {
  switch (error.tag) {
    case "UnknownInputVariant":
      return "The mint input version is not supported by this federation";
    case "SpentCoin":
      return "The note is already spent";
    case "InvalidDenomination":
      return "The note has an invalid amount not issued by the mint";
    case "InvalidSignature":
      return "The note has an invalid signature";
  }
}

export function mintOutputErrorText(error: MintOutputError): string {
  switch (error.tag) {
    case "UnknownOutputVariant":
      return "The mint output version is not supported by this federation";
    case "InvalidDenomination":
      return "The note has an invalid amount not issued by the mint";
  }
}
