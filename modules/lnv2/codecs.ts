/** The module's vocabulary, for guardians and clients. */
import {
  lightningConsensusItem,
  lightningInput,
  lightningInputError,
  lightningOutput,
  lightningOutputError,
  lightningOutputOutcome,
} from "./common.ts";
import { lightningConfig } from "./config.ts";

export const lightningCodecs = {
  config: lightningConfig,
  input: lightningInput,
  output: lightningOutput,
  outputOutcome: lightningOutputOutcome,
  consensusItem: lightningConsensusItem,
  inputError: lightningInputError,
  outputError: lightningOutputError,
};
