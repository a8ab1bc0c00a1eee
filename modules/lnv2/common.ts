/** Vocabulary of the lnv2 module: Lightning payments through gateways. Follows fedimint-lnv2-common 0.13.0. */
import { g1Point } from "../../core/types/bls.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, fixedHex, openEnum, tuple, u64, unit } from "../../core/encoding/mod.ts";
import { outPoint } from "../../core/types/ids.ts";
import type { Version } from "../../core/types/version.ts";
import { incomingContract, outgoingContract } from "./contracts.ts";
import { unknownVariantError } from "../contract/unknown_variant.ts";

export const LNV2_KIND = "lnv2";
export const LNV2_CONSENSUS_VERSION: Version = { major: 1, minor: 0 };
export const LNV2_API_VERSION: Version = { major: 0, minor: 0 };

/**
 * Why an outgoing contract may be spent: the preimage (32 bytes), its expiration, or the gateway's forfeit signature
 * (64 bytes).
 */
export const outgoingWitness = closedEnum("OutgoingWitness", {
  Claim: fixedBytes(32),
  Refund: unit,
  Cancel: fixedHex(64),
});
export type OutgoingWitness = CodecType<typeof outgoingWitness>;

/** Contracts are spent by the output that funded them; an incoming one with the decryption key (48 bytes, G1). */
export const lightningInputV0 = closedEnum("LightningInputV0", {
  Outgoing: tuple(outPoint, outgoingWitness),
  Incoming: tuple(outPoint, g1Point),
});
export const lightningInput = openEnum("LightningInput", { V0: lightningInputV0 });
export type LightningInput = CodecType<typeof lightningInput>;

const lightningOutputV0 = closedEnum("LightningOutputV0", {
  Outgoing: outgoingContract,
  Incoming: incomingContract,
});
export const lightningOutput = openEnum("LightningOutput", { V0: lightningOutputV0 });
export type LightningOutput = CodecType<typeof lightningOutput>;

export const lightningOutputOutcome = unit;

/** Votes of one guardian: height of the chain's tip + 1; Unix time in seconds, rounded down to a minute. */
export const lightningConsensusItem = openEnum("LightningConsensusItem", { BlockCountVote: u64, UnixTimeVote: u64 });
export type LightningConsensusItem = CodecType<typeof lightningConsensusItem>;

export const lightningInputError = closedEnum("LightningInputError", {
  UnknownInputVariant: unknownVariantError,
  UnknownContract: unit,
  InvalidPreimage: unit,
  Expired: unit,
  NotExpired: unit,
  InvalidDecryptionKey: unit,
  InvalidForfeitSignature: unit,
});
export type LightningInputError = CodecType<typeof lightningInputError>;

export const lightningOutputError = closedEnum("LightningOutputError", {
  UnknownOutputVariant: unknownVariantError,
  InvalidContract: unit,
  ContractExpired: unit,
});
export type LightningOutputError = CodecType<typeof lightningOutputError>;
