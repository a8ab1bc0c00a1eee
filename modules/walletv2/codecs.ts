/** The module's vocabulary, for guardians and clients. */
import {
  walletConsensusItem,
  walletInput,
  walletInputError,
  walletOutput,
  walletOutputError,
  walletOutputOutcome,
} from "./common.ts";
import { walletConfig } from "./config.ts";

export const walletCodecs = {
  config: walletConfig,
  input: walletInput,
  output: walletOutput,
  outputOutcome: walletOutputOutcome,
  consensusItem: walletConsensusItem,
  inputError: walletInputError,
  outputError: walletOutputError,
};
