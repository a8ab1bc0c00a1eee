/**
 * Vocabulary of the walletv2 module: coins of a threshold of guardians. The federation holds one output on the chain; every receive and
 * every send spends it, confirmed or not, and makes the next. Follows fedimint-walletv2-common 0.13.0.
 */
import type { BitcoinOutPoint } from "../../core/bitcoin/mod.ts";
import { bitcoinOutPoint, bitcoinScript } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import {
  bool,
  closedEnum,
  list,
  openEnum,
  option,
  struct,
  tuple,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import type { BitcoinTxid, Sha256 } from "../../core/types/ids.ts";
import { bitcoinTxid, sha256Hash } from "../../core/types/ids.ts";
import { ecdsaSignature, publicKey } from "../../core/types/keys.ts";
import type { Version } from "../../core/types/version.ts";
import { satoshi } from "./config.ts";
import { standardScript } from "./standard_script.ts";
import { unknownVariantError } from "../contract/unknown_variant.ts";

export const WALLETV2_KIND = "walletv2";
export const WALLETV2_CONSENSUS_VERSION: Version = { major: 1, minor: 0 };
export const WALLETV2_API_VERSION: Version = { major: 0, minor: 1 };
export const WALLETV2_API_VERSION_REQUIRED: Version = { major: 0, minor: 0 };

/** Names of the API's methods, without the instance's prefix. */
export const WALLETV2_ENDPOINTS = [
  "consensus_block_count",
  "consensus_feerate",
  "federation_wallet",
  "send_fee",
  "receive_fee",
  "transaction_id",
  "output_info_slice",
  "pending_transaction_chain",
  "transaction_chain",
] as const;

/** Claims a deposit. `tweak`: the depositor's key (33 B), which the output's script was made with and which signs. `fee` in sat. */
const walletInputV0 = struct("WalletInputV0", { outputIndex: u64, tweak: publicKey, fee: satoshi });
export const walletInput = openEnum("WalletInput", { V0: walletInputV0 });
export type WalletInput = CodecType<typeof walletInput>;

/** Pays `value` sat to a script; `fee` sat go to the miners. */
const walletOutputV0 = struct("WalletOutputV0", { destination: standardScript, value: satoshi, fee: satoshi });
export const walletOutput = openEnum("WalletOutput", { V0: walletOutputV0 });
export type WalletOutput = CodecType<typeof walletOutput>;

/** Nothing: clients ask the endpoint `transaction_id`. */
export const walletOutputOutcome = unit;

export const walletConsensusItem = openEnum("WalletConsensusItem", {
  /** How far a guardian's chain goes, less the finality delay. */
  BlockCount: u64,
  /** sat per 1,000 vbytes; null when the guardian's node has none. */
  Feerate: option(u64),
  /** One signature (64 B) for each input, in order. */
  Signatures: tuple(bitcoinTxid, list(ecdsaSignature)),
});
export type WalletConsensusItem = CodecType<typeof walletConsensusItem>;

export const walletInputError = closedEnum("WalletInputError", {
  UnknownInputVariant: unknownVariantError,
  OutputAlreadySpent: unit,
  UnknownOutputIndex: unit,
  WrongTweak: unit,
  NoConsensusFeerateAvailable: unit,
  InsufficientTotalFee: unit,
  ArithmeticOverflow: unit,
});
export type WalletInputError = CodecType<typeof walletInputError>;

export const walletOutputError = closedEnum("WalletOutputError", {
  UnknownOutputVariant: unknownVariantError,
  UnderDustLimit: unit,
  NoFederationUTXO: unit,
  NoConsensusFeerateAvailable: unit,
  InsufficientTotalFee: unit,
  ChangeUnderDustLimit: unit,
  ArithmeticOverflow: unit,
  UnknownScriptVariant: unit,
});
export type WalletOutputError = CodecType<typeof walletOutputError>;

export function inputErrorText(error: WalletInputError): string {
  switch (error.tag) {
    case "UnknownInputVariant":
      return "The wallet input version is not supported by this federation";
    case "OutputAlreadySpent":
      return "The output has already been claimed";
    case "UnknownOutputIndex":
      return "Unknown output index";
    case "WrongTweak":
      return "The tweak does not match the output script";
    case "NoConsensusFeerateAvailable":
      return "No up to date feerate is available at the moment. Please try again later.";
    case "InsufficientTotalFee":
      return "The total transaction fee is too low. Please construct a new transaction.";
    case "ArithmeticOverflow":
      return "Constructing the pegin transaction caused an arithmetic overflow";
  }
}

export function outputErrorText(error: WalletOutputError): string {
  switch (error.tag) {
    case "UnknownOutputVariant":
      return "The wallet output version is not supported by this federation";
    case "UnderDustLimit":
      return "The output value is below the dust limit.";
    case "NoFederationUTXO":
      return "The federation does not have any funds yet";
    case "NoConsensusFeerateAvailable":
      return "No up to date feerate is available at the moment. Please try again later.";
    case "InsufficientTotalFee":
      return "The total transaction fee is too low. Please construct a new transaction.";
    case "ChangeUnderDustLimit":
      return "The change value is below the dust limit.";
    case "ArithmeticOverflow":
      return "Constructing the pegout transaction caused an arithmetic overflow";
    case "UnknownScriptVariant":
      return "Unknown script variant";
  }
}

/** The federation's one output: `value` in sat; `tweak`: hash of 32 bytes that its keys are tweaked with. */
export type FederationWallet = { readonly value: bigint; readonly outpoint: BitcoinOutPoint; readonly tweak: Sha256 };
export const federationWallet: Codec<FederationWallet> = struct("FederationWallet", {
  value: satoshi,
  outpoint: bitcoinOutPoint,
  tweak: sha256Hash,
});

/** A transaction that the federation made: amounts of its wallet before and after and its fee in sat; `created` = block count then. */
export type TxInfo = {
  readonly index: number;
  readonly txid: BitcoinTxid;
  readonly input: bigint;
  readonly output: bigint;
  readonly fee: bigint;
  readonly vbytes: bigint;
  readonly created: number;
};
export const txInfo: Codec<TxInfo> = struct("TxInfo", {
  index: u64Number,
  txid: bitcoinTxid,
  input: satoshi,
  output: satoshi,
  fee: satoshi,
  vbytes: u64,
  created: u64Number,
});

/** An output on the chain that may be a deposit. `script`: its bytes; `value` in sat; `outpoint` is null once it is spent. */
export type OutputInfo = {
  readonly index: number;
  readonly script: Bytes;
  readonly value: bigint;
  readonly spent: boolean;
  readonly outpoint: BitcoinOutPoint | null;
};
/** JSON only. */
export const outputInfo: Codec<OutputInfo> = struct("OutputInfo", {
  index: u64Number,
  script: bitcoinScript,
  value: satoshi,
  spent: bool,
  outpoint: option(bitcoinOutPoint),
});
