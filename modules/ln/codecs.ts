/** The module's vocabulary, for guardians and clients. */
import { lnConsensusItem, lnInput, lnInputError, lnOutput, lnOutputError, lnOutputOutcome } from "./common.ts";
import { lnConfig } from "./config.ts";

export const lnCodecs = {
  config: lnConfig,
  input: lnInput,
  output: lnOutput,
  outputOutcome: lnOutputOutcome,
  consensusItem: lnConsensusItem,
  inputError: lnInputError,
  outputError: lnOutputError,
};
