/**
 * Vocabulary of the ln module, the first one for Lightning payments through gateways. Follows fedimint-ln-common
 * 0.13.0.
 */
import { unknownVariantError } from "../contract/unknown_variant.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, openEnum, option, struct, tuple, u64, unit } from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import { sha256Hash } from "../../core/types/ids.ts";
import { schnorrSignature } from "../../core/types/keys.ts";
import type { Version } from "../../core/types/version.ts";
import { version } from "../../core/types/version.ts";
import { contract, contractId, contractOutcome, incomingContractOffer, preimage } from "./contracts.ts";
import { thresholdShare } from "./threshold_codecs.ts";

export const LN_KIND = "ln";
export const LN_CONSENSUS_VERSION: Version = { major: 2, minor: 1 };
/** What a federation begins with until its guardians have voted for more. */
export const LN_CONSENSUS_VERSION_FIRST: Version = { major: 2, minor: 0 };
/** From here on a contract is funded once, with what was offered. */
export const FUNDED_ONCE_VERSION: Version = { major: 2, minor: 1 };
export const LN_API_VERSION: Version = { major: 0, minor: 1 };
export const LN_API_VERSION_REQUIRED: Version = { major: 0, minor: 0 };

/** Names of the API's methods, without the instance's prefix. */
export const LN_ENDPOINTS = [
  "block_count",
  "module_consensus_version",
  "supported_module_consensus_version",
  "account",
  "await_account",
  "await_block_height",
  "await_outgoing_contract_cancelled",
  "get_decrypted_preimage_status",
  "await_preimage_decryption",
  "offer",
  "await_offer",
  "list_gateways",
  "register_gateway",
  "remove_gateway_challenge",
  "remove_gateway",
] as const;

/** Takes `amount` msat from a contract; `witness`: the preimage (32 bytes) where the gateway claims. */
const lnInputV0 = struct("LightningInputV0", { contractId, amount, witness: option(preimage) });
export const lnInput = openEnum("LightningInput", { V0: lnInputV0 });
export type LnInput = CodecType<typeof lnInput>;

const contractOutput = struct("ContractOutput", { amount, contract });
/** A gateway's renouncement: BIP340, 64 bytes. */
const cancelOutgoing = struct("CancelOutgoing", { contract: contractId, gatewaySignature: schnorrSignature });

/** Funds a contract, offers a preimage, or gives a contract up. */
const lnOutputV0 = closedEnum("LightningOutputV0", {
  Contract: contractOutput,
  Offer: incomingContractOffer,
  CancelOutgoing: cancelOutgoing,
});
export type LnOutputV0 = CodecType<typeof lnOutputV0>;
export const lnOutput = openEnum("LightningOutput", { V0: lnOutputV0 });
export type LnOutput = CodecType<typeof lnOutput>;

export const lnOutputOutcomeV0 = closedEnum("LightningOutputOutcomeV0", {
  Contract: struct("Contract", { id: contractId, outcome: contractOutcome }),
  Offer: struct("Offer", { id: sha256Hash }),
  CancelOutgoingContract: struct("CancelOutgoingContract", { id: contractId }),
});
export type LnOutputOutcomeV0 = CodecType<typeof lnOutputOutcomeV0>;
export const lnOutputOutcome = openEnum("LightningOutputOutcome", { V0: lnOutputOutcomeV0 });
export type LnOutputOutcome = CodecType<typeof lnOutputOutcome>;

export const lnConsensusItem = openEnum("LightningConsensusItem", {
  /** A guardian's share of a contract's decryption. */
  DecryptPreimage: tuple(contractId, thresholdShare),
  /** Height of the chain's tip + 1. */
  BlockCount: u64,
  ModuleConsensusVersion: version,
});
export type LnConsensusItem = CodecType<typeof lnConsensusItem>;

export const lnInputError = closedEnum("LightningInputError", {
  UnknownContract: contractId,
  /** What it has, what was wanted: msat. */
  InsufficientFunds: tuple(amount, amount),
  MissingPreimage: unit,
  InvalidPreimage: unit,
  ContractNotReady: unit,
  UnknownInputVariant: unknownVariantError,
});
export type LnInputError = CodecType<typeof lnInputError>;

export const lnOutputError = closedEnum("LightningOutputError", {
  UnknownContract: contractId,
  ZeroOutput: unit,
  InvalidEncryptedPreimage: unit,
  DuplicateEncryptedPreimage: unit,
  /** What it needs, what it got: msat. */
  InsufficientIncomingFunding: tuple(amount, amount),
  NoOffer: sha256Hash,
  NotOutgoingContract: unit,
  InvalidCancellationSignature: unit,
  UnknownOutputVariant: unknownVariantError,
  ContractAlreadyFunded: contractId,
  OfferForFundedContract: contractId,
  EncryptedPreimageMismatch: unit,
  PreDecryptedIncomingContract: unit,
});
export type LnOutputError = CodecType<typeof lnOutputError>;
